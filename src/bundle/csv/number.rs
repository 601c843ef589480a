//! Reads numbers as exact decimals, never through `f64`.

#![forbid(unsafe_code)]

use rust_decimal::Decimal;

use crate::decimal;

/// Reads a number of at least 0, or says what is wrong with it.
pub(in crate::bundle) fn parse(text: &str) -> Result<Decimal, String> {
    if text.is_empty() {
        return Err("is empty, expected a decimal".to_owned());
    }
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    // rust_decimal also reads 1_000, which no vendor writes on purpose.
    let numeric = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'-' | b'+');
    if !unsigned.bytes().all(numeric) || !unsigned.bytes().any(|byte| byte.is_ascii_digit()) {
        let words = ["nan", "inf", "infinity", "null", "none", "n/a", "na"];
        return Err(match words.iter().any(|word| word.eq_ignore_ascii_case(unsigned)) {
            true => format!("is {text}, expected a finite decimal"),
            false => format!("is {text:?}, expected a decimal such as 44.86"),
        });
    }
    let value = match unsigned.find(['e', 'E']) {
        None => exact(unsigned, text)?,
        Some(end) => {
            exact(&unsigned[..end], text)?;
            Decimal::from_scientific(unsigned).map_err(|_| unreadable(text))?
        }
    };
    if text.starts_with('-') && !value.is_zero() {
        return Err(format!("is {text}, expected a number that is not negative"));
    }
    Ok(value)
}

/// Reads a ratio of at least 0: a decimal, or `new/old` or `new:old` where it is none.
pub(in crate::bundle) fn ratio(text: &str) -> Result<f64, String> {
    let Some((new, old)) = text.split_once(['/', ':']) else { return parse(text).map(decimal::to_f64) };
    let (new, old) = (parse(new.trim())?, parse(old.trim())?);
    if old.is_zero() {
        return Err(format!("is {text}, expected a ratio such as 3/2"));
    }
    Ok(decimal::to_f64(new) / decimal::to_f64(old))
}

fn exact(digits: &str, text: &str) -> Result<Decimal, String> {
    Decimal::from_str_exact(digits).map_err(|_| unreadable(text))
}

fn unreadable(text: &str) -> String {
    format!("is {text:?}, expected a decimal of at most 28 digits")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_every_digit() {
        assert_eq!(parse("44.86").unwrap().to_string(), "44.86");
        assert_eq!(parse("1e6").unwrap(), Decimal::from(1_000_000));
        assert_eq!(parse("1.25E+7").unwrap(), Decimal::from(12_500_000));
        assert_eq!(parse("5.5e-3").unwrap().to_string(), "0.0055");
        assert_eq!(
            parse("0.1234567890123456789012345678").unwrap().to_string(),
            "0.1234567890123456789012345678"
        );
    }

    #[test]
    fn a_ratio_is_a_decimal_or_two_numbers() {
        for (text, value) in [("1.5", 1.5), ("3/2", 1.5), ("3 : 2", 1.5), ("1:10", 0.1), ("0.0", 0.0)] {
            assert_eq!(ratio(text), Ok(value));
        }
        assert!(ratio("2:0").is_err() && ratio("two").is_err() && ratio(":").is_err());
    }

    #[test]
    fn what_is_no_number_or_would_lose_digits_is_refused() {
        for text in ["", "-1", "nan", "-inf", "1,000", "1_000", "$5", ".", "1e", "e5", "1.2.3", "--5", "1e99"]
        {
            assert!(parse(text).is_err(), "{text}");
        }
        assert!(parse("0.12345678901234567890123456789").is_err());
        assert!(parse("1.2345678901234567890123456789012e3").is_err());
    }
}

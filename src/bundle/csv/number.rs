//! Reads numbers as exact decimals, never through `f64`.

#![forbid(unsafe_code)]

use rust_decimal::Decimal;

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
    fn what_is_no_number_or_would_lose_digits_is_refused() {
        for text in ["", "-1", "nan", "-inf", "1,000", "1_000", "$5", ".", "1e", "e5", "1.2.3", "--5", "1e99"]
        {
            assert!(parse(text).is_err(), "{text}");
        }
        assert!(parse("0.12345678901234567890123456789").is_err());
        assert!(parse("1.2345678901234567890123456789012e3").is_err());
    }
}

//! Reads numbers as exact decimals, never through `f64`, in the notation of their file.

#![forbid(unsafe_code)]

use std::borrow::Cow;

use rust_decimal::Decimal;

use crate::decimal;

/// What stands between the whole and the fraction of a number; the other one of point and comma groups thousands.
///
/// # Examples
/// ```
/// use lookback::bundle::DecimalMark;
/// assert_eq!("comma".parse(), Ok(DecimalMark::Comma));
/// assert_eq!(DecimalMark::Point.to_string(), "point");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DecimalMark {
    /// `1,234.56`
    Point,
    /// `1.234,56`
    Comma,
}

impl std::fmt::Display for DecimalMark {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::Point => "point",
            Self::Comma => "comma",
        })
    }
}

impl std::str::FromStr for DecimalMark {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "point" | "." => Ok(Self::Point),
            "comma" | "," => Ok(Self::Comma),
            _ => Err(format!("is {text:?}, expected point or comma")),
        }
    }
}

/// How the numbers of a file are written.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Notation {
    /// Known once a number shows it, or because it was asked for.
    pub(super) mark: Option<DecimalMark>,
    pub(super) may_be_negative: bool,
}

impl Notation {
    /// Reads a number, or says what is wrong with it.
    pub(super) fn parse(self, text: &str) -> Result<Decimal, String> {
        if let Some(value) = plain(text) {
            // With a decimal comma, a point groups thousands.
            if self.mark != Some(DecimalMark::Comma) || value.scale() == 0 {
                return Ok(value);
            }
        }
        let bare = text.strip_prefix('$').unwrap_or(text);
        let bare = match bare.strip_prefix("-$") {
            Some(rest) => Cow::Owned(format!("-{rest}")),
            None => Cow::Borrowed(bare),
        };
        let is_grouped = bare.contains(',') || (self.mark == Some(DecimalMark::Comma) && bare.contains('.'));
        let pointed = if is_grouped { Cow::Owned(self.pointed(&bare, text)?) } else { bare };
        read(&pointed, text, self.may_be_negative)
    }

    /// The number with a decimal point and without groups.
    fn pointed(self, bare: &str, text: &str) -> Result<String, String> {
        let Some(mark) = self.mark else {
            return Err(format!(
                "is {text:?}, where the comma may part thousands or decimals; pass --decimal point or --decimal comma"
            ));
        };
        let (group, decimal) = match mark {
            DecimalMark::Point => (',', '.'),
            DecimalMark::Comma => ('.', ','),
        };
        let (whole, fraction) = match bare.split_once(decimal) {
            Some((whole, fraction)) => (whole, Some(fraction)),
            None => (bare, None),
        };
        let mut groups = whole.trim_start_matches(['-', '+']).split(group);
        let first = groups.next().unwrap_or_default();
        let mut is_grouped = (1..=3).contains(&first.len());
        let mut any = false;
        for part in groups {
            any = true;
            is_grouped &= part.len() == 3;
        }
        if (any && !is_grouped) || fraction.is_some_and(|fraction| fraction.contains([group, decimal])) {
            return Err(format!(
                "is {text:?}, expected a number with a decimal {mark} and thousands in groups of three, such as {}; \
                 --decimal says which mark is which",
                if mark == DecimalMark::Point { "1,234.56" } else { "1.234,56" }
            ));
        }
        let whole: String = whole.chars().filter(|&c| c != group).collect();
        Ok(fraction.map_or_else(|| whole.clone(), |fraction| format!("{whole}.{fraction}")))
    }
}

/// What a number with a comma, or a point, says of the marks of its file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Evidence {
    Decides(DecimalMark),
    /// A comma that may be either.
    Ambiguous,
    None,
}

/// What the text of a number tells of the marks that its file uses.
pub(super) fn evidence(text: &str) -> Evidence {
    let number = text.trim_start_matches(['-', '+', '$']);
    let is_numeric = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'.' | b',');
    if number.is_empty() || !number.bytes().all(is_numeric) {
        return Evidence::None;
    }
    let decides =
        |last: u8| Evidence::Decides(if last == b',' { DecimalMark::Comma } else { DecimalMark::Point });
    let marks: Vec<(usize, u8)> =
        number.bytes().enumerate().filter(|(_, b)| matches!(b, b'.' | b',')).collect();
    let Some(&(at, last)) = marks.last() else { return Evidence::None };
    let (first, others) = (marks[0].1, marks.iter().any(|&(_, mark)| mark != last));
    let fraction = number.len() - at - 1;
    if others {
        // The mark that comes last is that of the fraction: 1,234.56.
        return decides(last);
    }
    if marks.len() > 1 {
        // 1,234,567: a mark that is there twice groups thousands.
        return decides(if first == b',' { b'.' } else { b',' });
    }
    let whole = &number[..at];
    let may_group = fraction == 3 && (1..=3).contains(&whole.len()) && !whole.starts_with('0');
    match (last, may_group) {
        (b',', true) => Evidence::Ambiguous,
        // A lone point is a decimal point unless commas elsewhere say otherwise.
        (_, true) => Evidence::None,
        (_, false) => decides(last),
    }
}

/// Reads a number of at least 0 with a decimal point, or says what is wrong with it.
pub(in crate::bundle) fn parse(text: &str) -> Result<Decimal, String> {
    plain(text).map_or_else(|| read(text, text, false), Ok)
}

/// The usual case, quickly: up to 18 digits with at most one point among them.
fn plain(text: &str) -> Option<Decimal> {
    if text.is_empty() || text.len() > 19 {
        return None;
    }
    let (mut mantissa, mut digits, mut scale, mut is_fraction) = (0_i64, 0_u32, 0_u32, false);
    for byte in text.bytes() {
        match byte {
            b'0'..=b'9' if digits < 18 => {
                mantissa = mantissa * 10 + i64::from(byte - b'0');
                digits += 1;
                scale += u32::from(is_fraction);
            }
            b'.' if !is_fraction => is_fraction = true,
            _ => return None,
        }
    }
    (digits > 0).then(|| Decimal::new(mantissa, scale))
}

/// Reads what `text` means, once its marks are those of a plain number.
fn read(pointed: &str, text: &str, may_be_negative: bool) -> Result<Decimal, String> {
    if text.is_empty() {
        return Err("is empty, expected a decimal".to_owned());
    }
    let unsigned = pointed.strip_prefix(['-', '+']).unwrap_or(pointed);
    // rust_decimal also reads 1_000, which no vendor writes on purpose.
    let numeric = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'-' | b'+');
    if !unsigned.bytes().all(numeric) || !unsigned.bytes().any(|byte| byte.is_ascii_digit()) {
        return Err(
            match is_missing(text)
                || ["inf", "infinity"].iter().any(|word| word.eq_ignore_ascii_case(unsigned))
            {
                true => format!("is {text}, expected a finite decimal"),
                false => format!("is {text:?}, expected a decimal such as 44.86"),
            },
        );
    }
    let value = match unsigned.find(['e', 'E']) {
        None => exact(unsigned, text)?,
        Some(end) => {
            exact(&unsigned[..end], text)?;
            Decimal::from_scientific(unsigned).map_err(|_| unreadable(text))?
        }
    };
    if pointed.starts_with('-') && !value.is_zero() {
        if !may_be_negative {
            return Err(format!("is {text}, expected a number that is not negative"));
        }
        return Ok(-value);
    }
    Ok(value)
}

/// Whether a cell says that there is no value.
pub(super) fn is_missing(text: &str) -> bool {
    let words = ["", "-", "--", "n/a", "na", "nan", "none", "null"];
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    words.iter().any(|word| word.eq_ignore_ascii_case(unsigned) || word.eq_ignore_ascii_case(text))
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
        for digits in [
            "0.1234567890123456789012345678",
            "999999999999999999",
            "12345678901.2345678",
            "9223372036854775808",
        ] {
            assert_eq!(parse(digits).unwrap().to_string(), digits);
        }
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

    #[test]
    fn marks_are_read_as_the_file_writes_them() {
        let read = |mark, text: &str| Notation { mark: Some(mark), may_be_negative: true }.parse(text);
        for (mark, text, value) in [
            (DecimalMark::Point, "$1,234.50", "1234.50"),
            (DecimalMark::Point, "-$1,234.50", "-1234.50"),
            (DecimalMark::Point, "82,488,670", "82488670"),
            (DecimalMark::Comma, "1.234,50", "1234.50"),
            (DecimalMark::Comma, "0,5", "0.5"),
            (DecimalMark::Comma, "1.234", "1234"),
        ] {
            assert_eq!(read(mark, text).unwrap().to_string(), value, "{text}");
        }
        for (mark, text) in [
            (DecimalMark::Point, "1,23"),
            (DecimalMark::Point, "1,234.5,6"),
            (DecimalMark::Comma, "1.23"),
            (DecimalMark::Comma, "1,2,3"),
        ] {
            assert!(read(mark, text).is_err(), "{text}");
        }
        assert!(
            Notation::default()
                .parse("1,234")
                .unwrap_err()
                .ends_with("pass --decimal point or --decimal comma")
        );
    }

    #[test]
    fn only_a_number_that_cannot_be_read_otherwise_decides_the_mark() {
        use Evidence::{Ambiguous, Decides, None};
        for (text, evidence_of_it) in [
            ("1,234", Ambiguous),
            ("1,23", Decides(DecimalMark::Comma)),
            ("0,234", Decides(DecimalMark::Comma)),
            ("1.234,5", Decides(DecimalMark::Comma)),
            ("1,234.5", Decides(DecimalMark::Point)),
            ("1,234,567", Decides(DecimalMark::Point)),
            ("1.234.567", Decides(DecimalMark::Comma)),
            ("$1.5", Decides(DecimalMark::Point)),
            ("1.234", None),
            ("abc", None),
            ("1234", None),
        ] {
            assert_eq!(evidence(text), evidence_of_it, "{text}");
        }
    }
}

//! Numbers for people: grouped, with their units, a dash where one is not defined.

#![forbid(unsafe_code)]

use crate::sweep::{Merit, Metric, Metrics, Unit};

/// A metric for people, with its unit; a dash where it is not defined.
///
/// # Examples
/// ```
/// # use lookback::{Bundle, strategies::SmaCross, sweep::*, portal::{DataPortal, Options}};
/// # let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
/// let sweep = Sweep::new().asset("IBM").parameter("fast=20".parse()?).parameter("slow=50".parse()?);
/// let backtest = sweep.backtest::<SmaCross>(&portal)?;
/// assert!(lookback::report::metric(backtest.metrics(), Metric::MaxDrawdown).ends_with(" %"));
/// # Ok::<(), lookback::Error>(())
/// ```
#[must_use]
pub fn metric(metrics: &Metrics, metric: Metric) -> String {
    let Some(value) = metrics.get(metric) else { return "-".to_owned() };
    match metric.unit() {
        Unit::Share => format!("{} %", grouped(value * 100.0, 1)),
        Unit::Ratio => format!("{value:.2}"),
        Unit::Bars => format!("{} bars", grouped(value, 0)),
        Unit::Trades => grouped(value, 0),
        Unit::PerYear => format!("{value:.1} x/y"),
        Unit::Currency => grouped(value, 0),
    }
}

/// What a trial is ranked by, for people: a metric with its unit, an expression with three decimals.
///
/// # Examples
/// ```
/// # use lookback::{Bundle, strategies::SmaCross, sweep::*, portal::{DataPortal, Options}};
/// # let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
/// let sweep = Sweep::new().asset("IBM").parameter("fast=20".parse()?).parameter("slow=50".parse()?);
/// let backtest = sweep.backtest::<SmaCross>(&portal)?;
/// let percent = lookback::report::merit(backtest.metrics(), &Metric::MaxDrawdown.into());
/// assert_eq!(percent, lookback::report::metric(backtest.metrics(), Metric::MaxDrawdown));
/// # Ok::<(), lookback::Error>(())
/// ```
#[must_use]
pub fn merit(metrics: &Metrics, by: &Merit) -> String {
    match by.metric() {
        Some(one) => metric(metrics, one),
        None => by.value(metrics).map_or_else(|| "-".to_owned(), |value| grouped(value, 3)),
    }
}

/// The heading of a metric's column.
///
/// # Examples
/// ```
/// use lookback::{report::heading, sweep::Metric};
/// assert_eq!(heading(Metric::MaxDrawdown), "drawdown");
/// ```
#[must_use]
pub fn heading(metric: Metric) -> &'static str {
    match metric {
        Metric::TotalReturn => "return",
        Metric::MaxDrawdown => "drawdown",
        Metric::MaxDrawdownBars => "below peak",
        Metric::OpenTrades => "open",
        Metric::WinRate => "wins",
        Metric::ProfitFactor => "profit factor",
        other => other.name(),
    }
}

/// A number with commas between thousands; beyond 15 digits a power of ten tells more.
///
/// # Examples
/// ```
/// assert_eq!(lookback::report::grouped(1_234_567.891, 1), "1,234,567.9");
/// ```
#[must_use]
pub fn grouped(value: f64, decimals: usize) -> String {
    if value.abs() >= LONG {
        return format!("{value:.decimals$e}");
    }
    let text = format!("{:.decimals$}", value.abs());
    let (whole, fraction) = text.split_at(text.find('.').unwrap_or(text.len()));
    let negative = value < 0.0 && text.contains(|digit: char| ('1'..='9').contains(&digit));
    format!("{}{}{fraction}", if negative { "-" } else { "" }, parted(whole))
}

/// An amount with all its digits, and commas between thousands.
///
/// # Examples
/// ```
/// assert_eq!(lookback::report::amount(1234.25), "1,234.25");
/// ```
#[must_use]
pub fn amount(value: f64) -> String {
    if value.abs() >= LONG {
        return format!("{value:e}");
    }
    let text = value.to_string();
    let decimals = text.split_once('.').map_or(0, |(_, fraction)| fraction.len());
    grouped(value, decimals)
}

/// The first number of 16 digits.
const LONG: f64 = 1e15;

/// Digits with commas between thousands.
fn parted(digits: &str) -> String {
    let mut out = String::new();
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A whole number with commas between thousands.
///
/// # Examples
/// ```
/// assert_eq!(lookback::report::count(19_650_usize), "19,650");
/// ```
#[must_use]
pub fn count(value: impl TryInto<u64>) -> String {
    parted(&value.try_into().unwrap_or(u64::MAX).to_string())
}

/// A whole number of things, by the name of one: `1 asset`, `12,154 bars`.
///
/// # Examples
/// ```
/// assert_eq!(lookback::report::counted(1_usize, "bar"), "1 bar");
/// ```
#[must_use]
pub fn counted(number: impl TryInto<u64>, one: &str) -> String {
    let number = number.try_into().unwrap_or(u64::MAX);
    format!("{} {one}{}", count(number), if number == 1 { "" } else { "s" })
}

/// Bytes in the unit that reads best.
///
/// # Examples
/// ```
/// assert_eq!(lookback::report::bytes(54_900_000), "54.9 MB");
/// ```
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "shown with one decimal")]
pub fn bytes(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", bytes as f64 / 1e6),
        _ => format!("{:.1} GB", bytes as f64 / 1e9),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_parted() {
        assert_eq!(grouped(1_234_567.891, 1), "1,234,567.9");
        assert_eq!(grouped(-999.96, 1), "-1,000.0");
        assert_eq!(grouped(-0.01, 1), "0.0");
        assert_eq!(count(19_650_usize), "19,650");
        assert_eq!([0, 1, 1_000].map(|bars| counted(bars, "bar")), ["0 bars", "1 bar", "1,000 bars"]);
        assert_eq!(grouped(-1e300, 1), "-1.0e300");
        assert_eq!(
            (amount(1e300), amount(1e6), amount(0.25)),
            ("1e300".into(), "1,000,000".into(), "0.25".into())
        );
        assert_eq!(bytes(54_900_000), "54.9 MB");
    }
}

//! What is known of vendors' files: one row each.
//!
//! A preset fills in what the command line leaves open. A new vendor is a new row here, a small file of its shape in
//! `tests/data/vendors` and a line in `docs/data.md`.

#![forbid(unsafe_code)]

use std::fmt;
use std::str::FromStr;

use crate::nearest::suggestion;

/// What is known of the files of one vendor.
#[derive(PartialEq, Eq, Debug)]
pub(super) struct Row {
    pub(super) name: &'static str,
    /// Its columns, where a file has no header; `-` is one to leave out.
    pub(super) columns: &'static [&'static str],
    /// The time zone of times without an offset, and of the dates of daily bars.
    pub(super) time_zone: Option<&'static str>,
    pub(super) date_format: Option<&'static str>,
    /// What prices that are whole numbers are multiplied by.
    pub(super) price_scale: Option<&'static str>,
    /// How files are named, as `file_name` reads it, the most special first; none where by the symbol alone.
    pub(super) file_names: &'static [&'static str],
}

const NONE: Row =
    Row { name: "", columns: &[], time_zone: None, date_format: None, price_scale: None, file_names: &[] };

const PRESETS: [Row; 11] = [
    // data.binance.vision: BTCUSDT-1m-2024-01.zip, in milliseconds, from 2025 on in microseconds.
    Row {
        name: "binance",
        columns: &["open_time", "open", "high", "low", "close", "volume", "-", "-", "-", "-", "-", "-"],
        file_names: &["{symbol}-*"],
        ..NONE
    },
    // histdata.com, generic ASCII: New York's standard time all year.
    Row {
        name: "histdata",
        columns: &["datetime", "open", "high", "low", "close", "volume"],
        time_zone: Some("Etc/GMT+5"),
        file_names: &["DAT_ASCII_{symbol}_M1_*"],
        ..NONE
    },
    // QuantConnect LEAN, US equities: prices x 10,000; minutes as milliseconds of the day that the name tells.
    Row {
        name: "lean",
        columns: &["datetime", "open", "high", "low", "close", "volume"],
        time_zone: Some("America/New_York"),
        price_scale: Some("0.0001"),
        file_names: &["{date}_{symbol}_minute_trade", "{date}_{symbol}_second_trade", "{symbol}"],
        ..NONE
    },
    // MetaTrader 5, Symbols > Bars > Export: the broker's time, which --tz has to say.
    Row { name: "mt5", file_names: &["{symbol}_*", "{symbol}"], ..NONE },
    // stooq.com: AAPL.US in the bulk files, aapl_us_d in single ones; times are Warsaw's.
    Row { name: "stooq", time_zone: Some("Europe/Warsaw"), file_names: &["{symbol}_d", "{symbol}"], ..NONE },
    // Polygon (Massive) flat files: window_start in nanoseconds, daily bars at New York's midnight.
    Row { name: "polygon", time_zone: Some("America/New_York"), ..NONE },
    // Databento, ohlcv-*: prices are whole numbers of 1e-9, unless written by pretty_px.
    Row { name: "databento", price_scale: Some("0.000000001"), file_names: &["{symbol}"], ..NONE },
    // nasdaq.com, Download historical data: $ before prices, newest first.
    Row { name: "nasdaq", date_format: Some("%m/%d/%Y"), ..NONE },
    // yfinance's to_csv, with one header row or with three.
    Row { name: "yfinance", ..NONE },
    // Alpha Vantage, datatype=csv: intraday in New York's time.
    Row {
        name: "alphavantage",
        time_zone: Some("America/New_York"),
        file_names: &["daily_adjusted_{symbol}", "intraday_*_{symbol}", "*_{symbol}", "{symbol}"],
        ..NONE
    },
    // The S&P 500 of all_stocks_5yr.csv, and folders of one file a stock such as aapl.us.txt.
    Row { name: "kaggle", file_names: &["{symbol}.us", "{symbol}"], ..NONE },
];

/// What is known of one vendor's files; it fills in what other options leave open.
///
/// # Examples
/// ```
/// use lookback::bundle::Preset;
/// let preset: Preset = "histdata".parse()?;
/// assert_eq!(preset.to_string(), "histdata");
/// let unknown = "binanse".parse::<Preset>().unwrap_err();
/// assert!(unknown.contains("expected a vendor that is known; nearest: binance"));
/// assert!(Preset::names().any(|name| name == "lean"));
/// # Ok::<(), String>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Preset(&'static Row);

impl Preset {
    /// The vendors that are known.
    pub fn names() -> impl Iterator<Item = &'static str> {
        PRESETS.iter().map(|row| row.name)
    }

    pub(super) fn row(self) -> &'static Row {
        self.0
    }
}

impl fmt::Display for Preset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.0.name)
    }
}

impl FromStr for Preset {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        PRESETS.iter().find(|row| row.name == text).map(Self).ok_or_else(|| {
            let nearest = suggestion(text, Self::names());
            let all = if nearest.is_empty() {
                format!(" of {}", Self::names().collect::<Vec<_>>().join(" "))
            } else {
                String::new()
            };
            format!("is {text:?}, expected a vendor that is known{all}{nearest}")
        })
    }
}

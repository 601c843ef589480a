//! Finds the columns of a file by their names, in any case and order.

#![forbid(unsafe_code)]

/// What a column is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Role {
    Moment,
    Open,
    High,
    Low,
    Close,
    Volume,
    Symbol,
    AdjustedClose,
    Split,
    Dividend,
}

impl Role {
    const COUNT: usize = 10;
    const REQUIRED: [Self; 6] = [Self::Moment, Self::Open, Self::High, Self::Low, Self::Close, Self::Volume];

    const OPTIONAL: [Self; 4] = [Self::Symbol, Self::AdjustedClose, Self::Split, Self::Dividend];
    /// Those that tell of splits and dividends.
    pub(super) const EVENTS: [Self; 3] = [Self::AdjustedClose, Self::Split, Self::Dividend];

    /// Its names, spelled without spaces, underscores and hyphens. Those of events are the vendors' own.
    ///
    /// Source: Alpha Vantage `dividend_amount`, `split_coefficient`; Yahoo `Dividends`, `Stock Splits`; Tiingo `divCash`,
    /// `splitFactor`; Quandl `Ex-Dividend`, `Split Ratio`.
    fn names(self) -> &'static [&'static str] {
        match self {
            Self::Moment => &["date", "timestamp"],
            Self::Open => &["open"],
            Self::High => &["high"],
            Self::Low => &["low"],
            Self::Close => &["close"],
            Self::Volume => &["volume"],
            Self::Symbol => &["symbol", "ticker"],
            Self::AdjustedClose => &["adjclose", "adjustedclose"],
            Self::Split => &["stocksplits", "splitcoefficient", "splitfactor", "splitratio"],
            Self::Dividend => &["dividends", "dividendamount", "divcash", "exdividend"],
        }
    }

    fn of(name: &str) -> Option<Self> {
        let plain: String =
            name.chars().filter(|c| !matches!(c, ' ' | '_' | '-')).flat_map(char::to_lowercase).collect();
        Self::REQUIRED.into_iter().chain(Self::OPTIONAL).find(|role| role.names().contains(&plain.as_str()))
    }
}

/// Where each column stands.
#[derive(Debug)]
pub(super) struct Header {
    names: Vec<String>,
    positions: [Option<usize>; Role::COUNT],
}

impl Header {
    /// Finds the columns, or says which are missing or there twice.
    pub(super) fn new<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Self, String> {
        let names: Vec<String> = names.into_iter().map(|name| name.trim().to_owned()).collect();
        let mut positions = [None; Role::COUNT];
        for (position, name) in names.iter().enumerate() {
            let Some(role) = Role::of(name) else { continue };
            if let Some(first) = positions[role as usize].replace(position) {
                let meaning = role.names()[0];
                return Err(format!("columns {} and {name} both give the {meaning}, keep one", names[first]));
            }
        }
        let missing = |role: &&Role| positions[**role as usize].is_none();
        let missing: Vec<String> =
            Role::REQUIRED.iter().filter(missing).map(|role| role.names().join("|")).collect();
        if missing.is_empty() {
            return Ok(Self { names, positions });
        }
        let columns = if missing.len() == 1 { "column" } else { "columns" };
        Err(format!(
            "no {columns} {}; found {}; expected a header with date|timestamp, open, high, low, close, volume and \
             optionally symbol|ticker, adj close, dividends, stock splits, separated by commas",
            missing.join(", "),
            names.join(", ")
        ))
    }

    /// How many columns a row has.
    pub(super) fn len(&self) -> usize {
        self.names.len()
    }

    /// Where the column of a role stands, if the file has one.
    pub(super) fn position(&self, role: Role) -> Option<usize> {
        self.positions[role as usize]
    }

    /// The name of a role's column as the file spells it.
    pub(super) fn name(&self, role: Role) -> &str {
        self.position(role).map_or(role.names()[0], |position| &self.names[position])
    }

    /// The names that mean nothing here.
    pub(super) fn ignored(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str).filter(|name| Role::of(name).is_none())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_found_in_any_case_and_order() {
        let header = Header::new([
            "Volume",
            "ADJ_Close",
            "close",
            "Low",
            "High",
            "Open",
            "Date",
            "VWAP",
            "Ex-Dividend",
        ])
        .unwrap();
        assert_eq!(header.position(Role::Dividend), Some(8));
        assert_eq!(header.position(Role::AdjustedClose), Some(1));
        assert_eq!(header.position(Role::Moment), Some(6));
        assert_eq!(header.ignored().collect::<Vec<_>>(), ["VWAP"]);
    }
}

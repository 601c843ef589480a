//! Finds the columns of a file by their names, in any case and order.

#![forbid(unsafe_code)]

/// What a column is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Role {
    Moment,
    /// The time of day, where the date stands in another column.
    Time,
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
    pub(super) const ALL: [Self; 11] = [
        Self::Moment,
        Self::Time,
        Self::Open,
        Self::High,
        Self::Low,
        Self::Close,
        Self::Volume,
        Self::Symbol,
        Self::AdjustedClose,
        Self::Split,
        Self::Dividend,
    ];
    const REQUIRED: [Self; 5] = [Self::Moment, Self::Open, Self::High, Self::Low, Self::Close];
    /// Those that tell of splits and dividends.
    pub(super) const EVENTS: [Self; 3] = [Self::AdjustedClose, Self::Split, Self::Dividend];
    /// Those that a bar is made of.
    pub(super) const VALUES: [Self; 5] = [Self::Open, Self::High, Self::Low, Self::Close, Self::Volume];

    /// Its names, spelled without case, spaces and punctuation. Those of events are the vendors' own.
    ///
    /// Source: Alpha Vantage `dividend_amount`, `split_coefficient`; Yahoo `Dividends`, `Stock Splits`; Tiingo `divCash`,
    /// `splitFactor`; Quandl `Ex-Dividend`, `Split Ratio`; Polygon `window_start`; Databento `ts_event`; Binance
    /// `open_time`; MetaTrader and stooq `<DATE>`, `<VOL>`; Nasdaq `Close/Last`.
    fn names(self) -> &'static [&'static str] {
        match self {
            Self::Moment => &["date", "datetime", "timestamp", "windowstart", "tsevent", "opentime"],
            Self::Time => &["time"],
            Self::Open => &["open"],
            Self::High => &["high"],
            Self::Low => &["low"],
            Self::Close => &["close", "closelast"],
            Self::Volume => &["volume", "vol"],
            Self::Symbol => &["symbol", "ticker", "instrument"],
            Self::AdjustedClose => &["adjclose", "adjustedclose"],
            Self::Split => &["stocksplits", "splitcoefficient", "splitfactor", "splitratio"],
            Self::Dividend => &["dividends", "dividendamount", "divcash", "exdividend"],
        }
    }

    /// Names that mean it only where no column has one of the others, the likeliest first.
    fn weak_names(self) -> &'static [&'static str] {
        match self {
            // The first column of a frame that was written with its index.
            Self::Moment => &["time", "", "unnamed0", "indexlevel0"],
            Self::Volume => &["tickvol"],
            // Beside a symbol, the name is that of the company.
            Self::Symbol => &["name", "instrumentid"],
            _ => &[],
        }
    }

    /// What a name means where it stands alone.
    pub(super) fn of(name: &str) -> Option<Self> {
        let plain = plain(name);
        Self::ALL.into_iter().find(|role| role.names().contains(&plain.as_str()))
    }

    /// The name that messages call it by.
    pub(super) fn meaning(self) -> &'static str {
        match self {
            Self::AdjustedClose => "adj close",
            Self::Split => "stock splits",
            _ => self.names()[0],
        }
    }
}

fn plain(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Where each column of one asset stands.
#[derive(Clone, Debug)]
pub(super) struct Header {
    names: Vec<String>,
    positions: [Option<usize>; Role::ALL.len()],
}

impl Header {
    /// Finds the columns, or says which are missing or there twice.
    pub(super) fn new<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Self, String> {
        let names: Vec<String> = names.into_iter().map(|name| name.trim().to_owned()).collect();
        let mut positions: [Option<usize>; Role::ALL.len()] = [None; Role::ALL.len()];
        let plains: Vec<String> = names.iter().map(|name| plain(name)).collect();
        for role in Role::ALL {
            let mut found = (0..names.len()).filter(|&at| role.names().contains(&plains[at].as_str()));
            positions[role as usize] = found.next();
            if let (Some(first), Some(second)) = (positions[role as usize], found.next()) {
                return Err(format!(
                    "columns {} and {} both give the {}, keep one, or name all columns by --columns with - for the other",
                    names[first],
                    names[second],
                    role.meaning()
                ));
            }
        }
        for role in Role::ALL {
            // What is unnamed may be the date where it comes first.
            let find = |weak: &&str| {
                plains
                    .iter()
                    .position(|plain| plain == weak)
                    .filter(|&at| !weak.is_empty() || (at == 0 && names[0].is_empty()))
            };
            if positions[role as usize].is_none() {
                positions[role as usize] = role.weak_names().iter().find_map(find);
            }
        }
        // A column `time` alone is the moment, and beside another moment than a date it is some other time.
        let [moment, time] = [Role::Moment, Role::Time].map(|role| positions[role as usize]);
        if moment == time || moment.is_some_and(|moment| plains[moment] != "date") {
            positions[Role::Time as usize] = None;
        }
        let header = Self { names, positions };
        let missing = header.missing();
        if missing.is_empty() {
            return Ok(header);
        }
        let columns = if missing.len() == 1 { "column" } else { "columns" };
        Err(format!(
            "no {columns} {}; found {}; expected a header with date|timestamp, open, high, low, close and optionally \
             volume, symbol|ticker, adj close, dividends, stock splits; --columns names the columns of a file, and \
             --delimiter says what parts them",
            missing.join(", "),
            header.names.join(", ")
        ))
    }

    fn missing(&self) -> Vec<String> {
        let missing = |role: &&Role| self.positions[**role as usize].is_none();
        let name = |role: &Role| match role {
            Role::Moment => "date|timestamp".to_owned(),
            _ => role.meaning().to_owned(),
        };
        Role::REQUIRED.iter().filter(missing).map(name).collect()
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
        match self.position(role).map(|position| self.names[position].as_str()) {
            Some("") => "the unnamed first column",
            Some(name) => name,
            None => role.meaning(),
        }
    }

    /// Whether the column at a place is read.
    pub(super) fn is_used(&self, at: usize) -> bool {
        self.positions.contains(&Some(at))
    }

    /// The names that mean nothing here.
    pub(super) fn ignored(&self) -> impl Iterator<Item = &str> {
        (0..self.names.len()).filter(|&at| !self.is_used(at)).map(|at| match self.names[at].as_str() {
            "" => "(unnamed)",
            name => name,
        })
    }

    /// What was read as what, each role with the name of its column.
    pub(super) fn reading(&self) -> String {
        let mut words = Vec::new();
        for role in Role::ALL {
            let Some(at) = self.position(role) else { continue };
            let name = if self.names[at].is_empty() { "(unnamed)" } else { &self.names[at] };
            words.push(match name.eq_ignore_ascii_case(role.meaning()) {
                true => name.to_owned(),
                false => format!("{}={name}", role.meaning()),
            });
        }
        words.join(", ")
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
        assert_eq!(
            header.reading(),
            "Date, Open, High, Low, close, Volume, adj close=ADJ_Close, dividends=Ex-Dividend"
        );
    }

    #[test]
    fn a_weak_name_counts_where_there_is_no_better_one() {
        let role = |role: Role, names: &str| Header::new(names.split(',')).unwrap().position(role);
        for (wanted, names, position) in [
            (Role::Moment, ",open,high,low,close", Some(0)),
            (Role::Moment, "Unnamed: 0,date,open,high,low,close", Some(1)),
            (Role::Moment, "time,open,high,low,close", Some(0)),
            (Role::Time, "time,open,high,low,close", None),
            (Role::Time, "<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>", Some(1)),
            (Role::Time, "timestamp,time,open,high,low,close", None),
            (Role::Symbol, "date,open,high,low,close,Name", Some(5)),
            (Role::Symbol, "date,open,high,low,close,Name,symbol", Some(6)),
            (Role::Symbol, "date,open,high,low,close,instrument_id", Some(5)),
            (Role::Volume, "date,open,high,low,close,<TICKVOL>,<VOL>", Some(6)),
            (Role::Close, "Date,Close/Last,Volume,Open,High,Low", Some(1)),
            (Role::Volume, "date,open,high,low,close,turnover", None),
        ] {
            assert_eq!(role(wanted, names), position, "{names}");
        }
    }
}

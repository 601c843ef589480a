//! The page of one backtest.

#![forbid(unsafe_code)]

use std::fmt::Write as _;
use std::io;

use serde_json::json;

use super::figures::{Figure, FigureUnit, Figures, Trip};
use super::html::{Table, Text};
use super::number::{counted, grouped, heading, metric};
use super::page::{self, Facts, Page, Section, chart};
use super::series::lines;
use super::sweep::{cards, months, sentence};
use crate::sweep::{Backtest, Counts, Metric};

/// Points of each line.
const POINTS: usize = 1_600;

/// Drawdowns of the table.
const DRAWDOWNS: usize = 10;

/// Round trips of the table: of more, the first ones and a note.
const TRIPS: usize = 2_000;

/// The page of one backtest: what quantstats shows, drawdowns and round trips.
///
/// # Examples
/// ```
/// use lookback::{Bundle, report::{Facts, TearSheet}, strategies::SmaCross, sweep::Sweep};
/// use lookback::portal::{DataPortal, Options};
///
/// let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
/// let sweep = Sweep::new().asset("IBM").parameter("fast=20".parse()?).parameter("slow=50".parse()?);
/// let (backtest, hold) = (sweep.backtest::<SmaCross>(&portal)?, sweep.buy_and_hold(&portal)?);
/// let mut page = Vec::new();
/// TearSheet::new(&backtest, Some(&hold)).write(&Facts::default(), &mut page)?;
/// assert!(String::from_utf8(page)?.contains("Gain/pain ratio"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct TearSheet<'a> {
    backtest: &'a Backtest,
    figures: Figures,
}

impl<'a> TearSheet<'a> {
    /// Of a backtest, and of buy and hold over the same bars.
    #[must_use]
    pub fn new(backtest: &'a Backtest, hold: Option<&Backtest>) -> Self {
        Self { backtest, figures: Figures::new(backtest, hold) }
    }

    /// Writes the page.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write(&self, facts: &Facts<'_>, out: &mut dyn io::Write) -> io::Result<()> {
        let summary = self.backtest.summary();
        let point: Vec<String> =
            self.backtest.point().told().map(|(name, value)| format!("{name} {value}")).collect();
        let title = format!("{} on {}", self.backtest.strategy(), summary.symbol);
        let of = if facts.bundle.is_empty() { String::new() } else { format!(" of {}", facts.bundle) };
        let mut lede = format!(
            "{}{} from {} to {}{of}.",
            if point.is_empty() { String::new() } else { format!("{}: ", point.join(", ")) },
            counted(summary.bars, "bar"),
            summary.first,
            summary.last
        );
        if let Some(date) = self.backtest.closed_at() {
            let debt = metric(self.backtest.metrics(), Metric::Debt);
            let _ = write!(
                lede,
                " The account was closed on {date}: nothing was left, and {debt} beyond was owed."
            );
        }
        let page = Page {
            title: &title,
            lede: &lede,
            assets: vec![summary.symbol.as_str()],
            sections: self.sections(facts),
            data: json!({
                "kind": "tear",
                "metrics": [],
                "parameters": [],
                "assets": [{
                    "symbol": summary.symbol.as_str(),
                    "lines": lines(&self.figures, self.backtest.strategy(), POINTS),
                    "spread": [super::sweep::histogram_of(self.figures.returns())],
                    "shaded": self.shaded(),
                    "years": self.years(),
                }],
            }),
        };
        page.write(out)
    }

    fn sections(&self, facts: &Facts<'_>) -> Vec<Section> {
        let section = |id, heading, body| Section { id, heading, body };
        let charts = chart("equity", "Equity", &sentence(&self.figures))
            + &chart(
                "drawdown",
                "Drawdown",
                "Equity below its highest so far; the five deepest are shaded above.",
            )
            + &chart(
                "rolling",
                "Rolling Sharpe ratio",
                &format!("Of the last {} bars, a year.", self.figures.window()),
            );
        let returns = months(&self.figures)
            + &chart("years", "Returns by year", "Calendar years, begun ones too.")
            + &chart("histogram", "Returns by bar", "How the returns of bars are spread.");
        let own = vec![
            ("strategy".to_owned(), self.backtest.strategy().to_owned()),
            ("run".to_owned(), self.backtest.settings().to_string()),
            ("data".to_owned(), format!("version {}", self.backtest.version())),
        ];
        let mut sections = vec![
            section("summary", "In short", self.summary()),
            section("lines", "Equity and drawdown", charts),
            section("returns", "Returns", returns),
            section("drawdowns", "Drawdowns", self.drawdowns()),
            section("figures", "Figures", self.list()),
            section("trips", "Round trips", self.trips()),
            page::settings(facts, own),
        ];
        sections.extend(page::cache(facts));
        sections
    }

    fn summary(&self) -> String {
        let hold = &self.backtest.summary().buy_and_hold;
        let shown = [
            Metric::TotalReturn,
            Metric::Cagr,
            Metric::Sharpe,
            Metric::MaxDrawdown,
            Metric::Trades,
            Metric::Exposure,
        ];
        let of: Vec<_> = shown
            .into_iter()
            .map(|one| {
                let beside = format!("buy and hold {}", metric(hold, one));
                (heading(one).to_owned(), metric(self.backtest.metrics(), one), beside)
            })
            .collect();
        let mut text = cards(&of);
        let Counts { capped, both_entries, .. } = self.backtest.counts();
        if capped > 0 {
            let _ = writeln!(
                text,
                "<p class=\"note\">{} cut to all equity: the risk asked for more.</p>",
                counted(capped, "order")
            );
        }
        if both_entries > 0 {
            let bars = counted(both_entries, "bar");
            let _ = writeln!(
                text,
                "<p class=\"note\">At {bars} buy and short were both true: neither was ordered.</p>"
            );
        }
        text
    }

    /// The first and last moment of the five deepest drawdowns, in seconds.
    fn shaded(&self) -> Vec<[i64; 2]> {
        let second = |moment: crate::time::Timestamp| moment.0.div_euclid(1_000_000_000);
        let last = self.figures.moments().last().copied();
        let deepest = self.figures.drawdowns(5);
        deepest.iter().filter_map(|one| Some([second(one.peak), second(one.recovered.or(last)?)])).collect()
    }

    fn years(&self) -> Vec<serde_json::Value> {
        let mut years: Vec<(i16, f64, Option<f64>)> = Vec::new();
        for month in self.figures.months() {
            let grown = |by: f64| 1.0 + by;
            match years.last_mut().filter(|(year, ..)| *year == month.year) {
                Some((_, own, hold)) => {
                    *own *= grown(month.own);
                    *hold = hold.zip(month.hold).map(|(all, one)| all * grown(one));
                }
                None => years.push((month.year, grown(month.own), month.hold.map(grown))),
            }
        }
        years
            .into_iter()
            .map(|(year, own, hold)| json!([year, own - 1.0, hold.map(|hold| hold - 1.0)]))
            .collect()
    }

    fn drawdowns(&self) -> String {
        let mut table =
            Table::new("The deepest drawdowns", &["depth", "peak", "valley", "made good", "bars below"]);
        let found = self.figures.drawdowns(DRAWDOWNS);
        for one in &found {
            table.row([
                format!("{} %", grouped(one.depth * 100.0, 1)),
                one.peak.to_string(),
                one.valley.to_string(),
                one.recovered.map_or_else(|| "–".to_owned(), |when| when.to_string()),
                super::number::count(one.bars),
            ]);
        }
        if found.is_empty() { "<p>Equity was never below its highest.</p>\n".to_owned() } else { table.end() }
    }

    fn list(&self) -> String {
        let mut text = String::new();
        let list = self.figures.list();
        let mut left = &list[..];
        while let Some(first) = left.first() {
            let (group, rest) = left.split_at(left.iter().take_while(|one| one.group == first.group).count());
            left = rest;
            let mut table = Table::new(first.group, &["figure", "strategy", "buy and hold", "definition"]);
            for one in group {
                table.row([
                    one.name.to_owned(),
                    value(one, one.own),
                    value(one, one.hold),
                    one.definition.to_owned(),
                ]);
            }
            text += &table.end().replacen("<table>", "<table class=\"figures\">", 1);
        }
        text
    }

    fn trips(&self) -> String {
        let trips = self.figures.trips();
        if trips.is_empty() {
            return "<p>Nothing was traded.</p>\n".to_owned();
        }
        let headings = [
            "entered",
            "exited",
            "side",
            "entry price",
            "exit price",
            "profit",
            "return",
            "bars",
            "fills",
            "cost",
            "reason",
        ];
        let mut table = Table::new("Round trips, from flat to flat", &headings);
        for trip in trips.iter().take(TRIPS) {
            table.row(cells(trip));
        }
        let mut text = table.end().replacen("<table>", "<table class=\"sortable\">", 1);
        if trips.len() > TRIPS {
            let all = counted(trips.len(), "round trip");
            let _ = writeln!(
                text,
                "<p class=\"note\">The first {} of {all}; --trades FILE.csv has every fill.</p>",
                grouped(2_000.0, 0)
            );
        }
        text + &format!(
            "<p class=\"note\">{}</p>\n",
            Text(
                "Prices on the run's adjustment, before slippage; profit in quote currency after all costs, without interest and borrow cost."
            )
        )
    }
}

fn value(of: &Figure, value: Option<f64>) -> String {
    match (value, of.unit) {
        (None, _) => "–".to_owned(),
        (Some(value), FigureUnit::Share) => format!("{} %", grouped(value * 100.0, 2)),
        (Some(value), FigureUnit::Ratio) => grouped(value, 2),
        (Some(value), FigureUnit::Days) => format!("{} days", grouped(value, 0)),
    }
}

fn cells(trip: &Trip) -> [String; 11] {
    let dash = || "–".to_owned();
    [
        trip.entered.to_string(),
        trip.exited.map_or_else(|| "open".to_owned(), |when| when.to_string()),
        if trip.is_short { "short" } else { "long" }.to_owned(),
        grouped(trip.entry_price, 4),
        trip.exit_price.map_or_else(dash, |price| grouped(price, 4)),
        trip.profit.map_or_else(dash, |profit| grouped(profit, 0)),
        trip.profit_share.map_or_else(dash, |share| format!("{} %", grouped(share * 100.0, 2))),
        super::number::count(trip.bars),
        super::number::count(trip.fills),
        grouped(trip.cost, 0),
        trip.reason.unwrap_or("–").to_owned(),
    ]
}

//! The trials of one asset as a page holds them: the best first.

#![forbid(unsafe_code)]

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;

use serde_json::{Value, json};

use super::histogram;
use crate::report::html::Text;
use crate::report::number::{count, heading, metric};
use crate::report::packed::{numbers, small, wholes};
use crate::sweep::{Better, Merit, Metric, Metrics, Results, Trial};

/// Rows that stand in the page before its script has run.
const FIRST: usize = 20;

/// Metrics shown of each row, where not all are.
const SHOWN: [Metric; 9] = [
    Metric::Sharpe,
    Metric::TotalReturn,
    Metric::Cagr,
    Metric::MaxDrawdown,
    Metric::Sortino,
    Metric::Trades,
    Metric::WinRate,
    Metric::ProfitFactor,
    Metric::Exposure,
];

/// One trial of the page.
pub(super) struct Row<'a> {
    pub(super) trial: Trial<'a>,
    pub(super) metrics: Metrics,
    /// Its place, which it shares with those of the same results; 0 where it is not ranked.
    place: usize,
    value: Option<f64>,
}

/// The trials of one asset, ranked ones first.
pub(super) struct Rows<'a> {
    asset: usize,
    rows: Vec<Row<'a>>,
    /// Trials that are done, of which these are the best.
    done: usize,
    merit: Merit,
}

impl<'a> Rows<'a> {
    pub(super) fn new(
        results: &'a Results,
        asset: usize,
        by: &Merit,
        min_trades: usize,
        most: usize,
    ) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "counts of trades stay far below 2^53")]
        let least = min_trades as f64;
        let of = |trial: Trial<'a>| {
            let metrics = *trial.outcome.metrics()?;
            let is_ranked = metrics.get(Metric::Trades).unwrap_or_default() >= least && by.admits(&metrics);
            Some(Row { trial, metrics, place: usize::from(is_ranked), value: by.value(&metrics) })
        };
        let mut rows: Vec<Row<'a>> = results.ran_of(asset).filter_map(of).collect();
        // Stable: equals stay in grid order.
        rows.sort_by(|a, b| b.place.cmp(&a.place).then_with(|| compare(by.better(), a.value, b.value)));
        let mut places = HashMap::new();
        for row in rows.iter_mut().filter(|row| row.place > 0) {
            let next = places.len() + 1;
            row.place = *places.entry(row.metrics.to_bits()).or_insert(next);
        }
        // Every trial that is done has a number of trades, whether its row is kept or not.
        let counted = usize::try_from(results.sketch(asset, Metric::Trades).count()).unwrap_or(usize::MAX);
        let done = rows.len().max(counted);
        rows.truncate(most);
        Self { asset, rows, done, merit: by.clone() }
    }

    pub(super) fn best(&self) -> Option<&Row<'a>> {
        self.rows.first().filter(|row| row.place > 0)
    }

    /// The first rows as a table; the script puts others in their place.
    pub(super) fn html(&self, results: &Results) -> String {
        let symbol = &results.assets()[self.asset];
        let mut text = format!(
            "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Ranking of {0}\"><table class=\"ranking\">\
             <caption>{0}: {1}</caption><thead><tr><th scope=\"col\">#</th>",
            Text(symbol),
            self.caption()
        );
        for parameter in results.grid().parameters() {
            let _ = write!(text, "<th scope=\"col\">{}</th>", Text(parameter.name()));
        }
        for one in SHOWN {
            let _ = write!(text, "<th scope=\"col\">{}</th>", Text(heading(one)));
        }
        text.push_str("</tr></thead><tbody>");
        for row in self.rows.iter().take(FIRST) {
            let place = if row.place > 0 { count(row.place) } else { "–".to_owned() };
            let _ = write!(text, "<tr><th scope=\"row\">{place}</th>");
            for (_, value) in row.trial.point.told() {
                let _ = write!(text, "<td>{}</td>", Text(value));
            }
            for one in SHOWN {
                let _ = write!(text, "<td>{}</td>", metric(&row.metrics, one));
            }
            text.push_str("</tr>\n");
        }
        text.push_str("</tbody></table></div>\n");
        text
    }

    fn caption(&self) -> String {
        match self.rows.len() {
            0 if self.done > 0 => format!("none of {} trials is kept", count(self.done)),
            shown if shown < self.done => format!("the best {} of {} trials", count(shown), count(self.done)),
            shown => format!("{} trials", count(shown)),
        }
    }

    /// Everything that the script draws, sorts and filters by.
    pub(super) fn data(&self, results: &Results) -> Value {
        let column =
            |one: Metric| numbers(self.rows.iter().map(|row| row.metrics.get(one).unwrap_or(f64::NAN)));
        let parameters: Vec<Value> =
            (0..results.grid().parameters().len()).map(|position| self.parameter(position)).collect();
        let is_whole = self.rows.len() == self.done;
        let spread: Vec<Value> = Metric::ALL
            .into_iter()
            .map(|one| match is_whole {
                true => histogram::of_values(
                    &self.rows.iter().filter_map(|row| row.metrics.get(one)).collect::<Vec<_>>(),
                ),
                false => histogram::of_sketch(&results.sketch(self.asset, one)),
            })
            .collect();
        json!({
            "symbol": results.assets()[self.asset].as_str(),
            "rows": self.rows.len(),
            "done": self.done,
            "caption": self.caption(),
            "place": wholes(self.rows.iter().map(|row| row.place)),
            "merit": self.merit.metric().is_none().then(|| numbers(self.rows.iter().map(|row| row.value.unwrap_or(f64::NAN)))),
            "parameters": parameters,
            "metrics": Metric::ALL.map(column),
            "spread": spread,
        })
    }

    /// The values of a parameter that occur, in the grid's order, and for each row the place of its own among them.
    fn parameter(&self, position: usize) -> Value {
        let mut values: BTreeMap<usize, String> = BTreeMap::new();
        for row in &self.rows {
            let index = row.trial.point.index(position);
            let told = || row.trial.point.told().nth(position).map(|(_, value)| value.to_string());
            values.entry(index).or_insert_with(|| told().unwrap_or_default());
        }
        let places: HashMap<usize, usize> =
            values.keys().copied().enumerate().map(|(at, index)| (index, at)).collect();
        let at = self.rows.iter().map(|row| places[&row.trial.point.index(position)]);
        let values: Vec<String> = values.into_values().collect();
        match small(at.clone()) {
            Some(at) => json!({ "values": values, "small": at }),
            None => json!({ "values": values, "at": wholes(at) }),
        }
    }
}

/// The better first, what is not defined last.
fn compare(better: Better, a: Option<f64>, b: Option<f64>) -> Ordering {
    match (a, b) {
        (Some(a), Some(b)) => match better {
            Better::Higher => b.total_cmp(&a),
            Better::Lower => a.total_cmp(&b),
        },
        (a, b) => b.is_some().cmp(&a.is_some()),
    }
}

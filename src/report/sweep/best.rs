//! The best point in full: where its charts go, and its months.

#![forbid(unsafe_code)]

use std::fmt::Write as _;

use super::BestRun;
use crate::report::figures::{Figures, Month};
use crate::report::html::Text;
use crate::report::number::grouped;
use crate::report::page::chart;

pub(super) fn figures(run: &BestRun) -> Figures {
    Figures::new(&run.backtest, run.hold.as_ref())
}

/// Where the script draws the lines of the asset that is chosen.
pub(super) fn charts() -> String {
    chart("equity", "Equity", "In quote currency, beside buy and hold.")
        + &chart("drawdown", "Drawdown", "Equity below its highest so far.")
        + &chart("rolling", "Rolling Sharpe ratio", "Of the last half year, a year.")
}

/// What is said of a run, and its months.
pub(super) fn block(run: &BestRun) -> String {
    let figures = figures(run);
    format!("<p class=\"said\">{}</p>\n{}", Text(sentence(&figures)), months(&figures))
}

/// The lines in words.
pub(in crate::report) fn sentence(figures: &Figures) -> String {
    let (Some(last), Some(first)) = (figures.equity().last(), figures.moments().first()) else {
        return "There is no bar.".to_owned();
    };
    let mut text = format!("From {first} on, equity came to {}", grouped(*last, 0));
    if let Some(hold) = figures.hold_equity().and_then(<[f64]>::last) {
        let _ = write!(text, ", that of buy and hold to {}", grouped(*hold, 0));
    }
    text.push('.');
    if let Some(deepest) = figures.drawdowns(1).first() {
        let _ = write!(
            text,
            " The deepest drawdown was {} %, from {} to {}, {}.",
            grouped(deepest.depth * 100.0, 1),
            deepest.peak,
            deepest.valley,
            deepest
                .recovered
                .map_or_else(|| "not made good".to_owned(), |when| format!("made good on {when}"))
        );
    }
    text
}

/// Returns by month, a row a year, the colour by sign and size.
pub(in crate::report) fn months(figures: &Figures) -> String {
    const NAMES: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let months = figures.months();
    let mut text = "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Returns by month\"><table \
                    class=\"months\"><caption>Returns by month, in percent</caption><thead><tr><th scope=\"col\">year</th>"
        .to_owned();
    for name in NAMES {
        let _ = write!(text, "<th scope=\"col\">{name}</th>");
    }
    text.push_str("<th scope=\"col\">all</th></tr></thead><tbody>");
    let mut left = &months[..];
    while let Some(first) = left.first() {
        let (year, rest) = left.split_at(left.iter().take_while(|one| one.year == first.year).count());
        left = rest;
        row(first.year, year, &mut text);
    }
    text + "</tbody></table></div>\n"
}

fn row(year: i16, months: &[Month], text: &mut String) {
    let _ = write!(text, "<tr><th scope=\"row\">{year}</th>");
    for month in 1..=12 {
        match months.iter().find(|one| one.month == month) {
            Some(one) => {
                let _ = write!(text, "<td class=\"{}\">{}</td>", shade(one.own), grouped(one.own * 100.0, 1));
            }
            None => text.push_str("<td></td>"),
        }
    }
    let whole = months.iter().map(|one| 1.0 + one.own).product::<f64>() - 1.0;
    let _ = writeln!(text, "<td class=\"{}\">{}</td></tr>", shade(whole / 3.0), grouped(whole * 100.0, 1));
}

/// A class for the sign and the size of a return: three steps on each side.
fn shade(share: f64) -> &'static str {
    match share {
        share if share >= 0.06 => "up3",
        share if share >= 0.025 => "up2",
        share if share > 0.0005 => "up1",
        share if share <= -0.06 => "down3",
        share if share <= -0.025 => "down2",
        share if share < -0.0005 => "down1",
        _ => "even",
    }
}

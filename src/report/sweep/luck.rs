//! How much of the best result is luck: each figure with a sentence on how to read it.

#![forbid(unsafe_code)]

use std::fmt::Write as _;

use crate::report::html::{Table, Text};
use crate::report::number::{count, counted, grouped};
use crate::sweep::{Edition, Honesty, Terrain};

fn percent(share: Option<f64>) -> String {
    share.map_or_else(|| "–".to_owned(), |share| format!("{:.1} %", share * 100.0))
}

/// The deflated Sharpe ratio and the probability of overfitting, for those who read no further.
pub(super) fn card(of: &Honesty) -> Option<(String, String, String)> {
    let title = format!("Deflated Sharpe ratio ({})", of.options.edition.deflated_year());
    let overfitting = percent(of.cross_validation.as_ref().map(|one| one.overfitting));
    Some((
        title,
        percent(Some(of.deflated()?)),
        format!("of {}; overfitting {overfitting}", counted(of.trials, "trial")),
    ))
}

/// Numbers to be seen first: what each is, its value, and a word beside.
pub(in crate::report) fn cards(of: &[(String, String, String)]) -> String {
    let mut text = "<dl class=\"cards\">".to_owned();
    for (term, value, beside) in of {
        let _ = write!(
            text,
            "<div><dt>{}</dt><dd><strong>{}</strong> <span>{}</span></dd></div>",
            Text(term),
            Text(value),
            Text(beside)
        );
    }
    text + "</dl>\n"
}

/// All figures of one asset.
pub(super) fn table(of: &Honesty) -> String {
    let mut table = Table::new(format!("The best of {}", of.asset), &["figure", "value", "how to read it"]);
    for (name, value, sentence) in rows(of) {
        table.row([name, value, sentence]);
    }
    table.end().replacen("<table>", "<table class=\"luck\">", 1)
}

fn rows(of: &Honesty) -> Vec<(String, String, String)> {
    let (edition, deflated_year) = (of.options.edition.year(), of.options.edition.deflated_year());
    let confidence = of.options.confidence * 100.0;
    let mut rows = Vec::new();
    let mut say = |name: String, value: String, sentence: String| rows.push((name, value, sentence));
    say(
        "Trials".to_owned(),
        count(of.trials),
        format!(
            "Every point that ran, ranked or not; {} failed and {} have no Sharpe ratio. The more were tried, the better \
             the best looks by luck alone.",
            count(of.failed),
            count(of.without_sharpe)
        ),
    );
    if let (Some(effective), Some(correlation)) = (of.effective_trials(), of.correlation) {
        say(
            "Effective number of trials".to_owned(),
            grouped(effective, 1),
            format!(
                "Neighbouring points hold nearly the same positions: so many independent trials would vary as these do. \
                 The participation ratio of the correlations of {}.",
                counted(correlation.sample, "seeded trial")
            ),
        );
    }
    say(
        format!("Probabilistic Sharpe ratio ({edition})"),
        percent(of.probabilistic()),
        "The confidence that the true ratio is above 0, if this had been the only trial.".to_owned(),
    );
    let threshold = of.threshold().map_or_else(String::new, |one| {
        format!(" The best of as many worthless trials is expected to have {one:.2} a year.")
    });
    let bound = if of.options.edition == Edition::First {
        " It is a lower bound, as trials of a grid are not independent."
    } else {
        ""
    };
    say(
        format!("Deflated Sharpe ratio ({deflated_year}), all trials"),
        percent(of.deflated()),
        format!(
            "The confidence that the best is better than the best of as many worthless trials; below {confidence} % it may well be luck.{threshold}{bound}"
        ),
    );
    say(
        format!("Deflated Sharpe ratio ({deflated_year}), effective number"),
        percent(of.deflated_effective()),
        "The same, were there only as many trials as the effective number.".to_owned(),
    );
    say(
        "Minimum track record".to_owned(),
        of.minimum_length().map_or_else(|| "–".to_owned(), |bars| format!("{} bars", grouped(bars, 0))),
        format!(
            "Bars after which a ratio like this is above 0 with {confidence} % confidence ({} years); the run has {}.",
            of.minimum_length().map_or_else(|| "–".to_owned(), |bars| grouped(bars / of.periods_per_year, 1)),
            counted(of.bars, "bar")
        ),
    );
    say(
        "Probability of backtest overfitting".to_owned(),
        percent(of.cross_validation.as_ref().map(|one| one.overfitting)),
        match &of.cross_validation {
            Some(found) => format!(
                "Of {} ways to halve the run, the share in which the trial with the best Sharpe ratio of one half is no \
                 better than the median in the other ({}{}). Above 50 %, choosing the best was worse than choosing blindly; \
                 it loses money there in {}.",
                count(found.splits),
                counted(found.trials, "trial"),
                if of.is_sampled { ", a seeded sample by hash of the point" } else { "" },
                percent(Some(found.loss))
            ),
            None => "It needs two trials with a Sharpe ratio.".to_owned(),
        },
    );
    if let Some(interval) = &of.interval {
        say(
            format!("Interval of the best Sharpe ratio, {confidence} %"),
            format!("{:.2} to {:.2}", of.annual(interval.low), of.annual(interval.high)),
            format!(
                "A year; by {} of the stationary bootstrap in blocks of {:.1} bars. It knows nothing of the other trials.",
                counted(of.options.draws, "draw"),
                interval.block_bars
            ),
        );
    }
    if let Some(haircut) = &of.haircut {
        say(
            "Haircut Sharpe ratio".to_owned(),
            format!("{:.2}", haircut.adjusted_sharpe),
            format!(
                "What Bonferroni's bound for many tests leaves of it, a year; p {:.3}.",
                haircut.adjusted_p_value
            ),
        );
    }
    let needed = format!("{} x {}", count(of.trials), count(of.bars));
    match &of.spa {
        Some(spa) => say(
            "Superior predictive ability, p".to_owned(),
            format!("{:.3}", spa.consistent),
            format!(
                "Hansen's test that no trial at all is above buy and hold (bounds {:.3} to {:.3}): below 0.05 some trial is.",
                spa.lower, spa.upper
            ),
        ),
        None => say(
            "Superior predictive ability, p".to_owned(),
            "–".to_owned(),
            format!("Hansen's test against buy and hold needs all {needed} returns: --spa asks for it."),
        ),
    }
    match &of.neighbourhood {
        Some(around) => say(
            "The best's neighbours".to_owned(),
            around.terrain.to_string(),
            format!(
                "{} on the grid, {} from {:.2} to {:.2}; their median {:.2} is above {} of all trials. {}",
                count(around.count),
                of.options.rank_by,
                around.worst.min(around.best),
                around.worst.max(around.best),
                around.median,
                percent(Some(around.above)),
                match around.terrain {
                    Terrain::Plateau => "A small change of the parameters changes little.",
                    Terrain::Slope => "A small change of the parameters costs something.",
                    Terrain::Needle => "The best stands alone: a small change of the parameters loses it.",
                }
            ),
        ),
        None => {
            say("The best's neighbours".to_owned(), "–".to_owned(), "There is none on the grid.".to_owned())
        }
    }
    rows
}

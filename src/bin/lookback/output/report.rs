//! `--report`: what was found as one page that can be shown.

#![forbid(unsafe_code)]

use std::path::Path;

use anyhow::bail;
use lookback::DataPortal;
use lookback::cache::Stats;
use lookback::report::{BestRun, Facts, SweepPage, TearSheet, ValidationPage};
use lookback::sweep::{AssetWalk, Backtest, Honesty, Merit, Results, Settings, Sweep};

use super::OutputFile;
use crate::arguments::Chosen;
use crate::output::validation::Found;

/// Finds the file of `--report` before anything runs; `others` are the files that the same command writes.
pub fn find(
    path: Option<&Path>,
    others: &[(&str, Option<&OutputFile>)],
) -> anyhow::Result<Option<OutputFile>> {
    let Some(path) = path else { return Ok(None) };
    let is_html = path
        .extension()
        .is_some_and(|end| end.eq_ignore_ascii_case("html") || end.eq_ignore_ascii_case("htm"));
    if !is_html {
        bail!("--report {}: expected a name that ends in .html", path.display());
    }
    let file = OutputFile::find(path)?;
    for (flag, other) in others {
        if other.is_some_and(|other| other.is_same_as(&file)) {
            bail!("--report and {flag} are the same file, {file}; expected two");
        }
    }
    file.check()?;
    Ok(Some(file))
}

/// What was typed, so that a shell reads the same again.
pub fn command() -> String {
    let words = std::env::args_os().skip(1).map(|word| quoted(&word.to_string_lossy()));
    std::iter::once("lookback".to_owned()).chain(words).collect::<Vec<_>>().join(" ")
}

/// A word as a POSIX shell reads it.
fn quoted(word: &str) -> String {
    let is_plain = |sign: char| sign.is_alphanumeric() || "-_./,:=+@%".contains(sign);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// What was run, so that its best can be run once more.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    pub strategy: &'a Chosen,
    pub sweep: &'a Sweep,
    pub portal: &'a DataPortal,
}

/// Writes the page of a sweep; the best of each asset is run once more in full.
pub fn sweep(
    file: &OutputFile,
    case: Case<'_>,
    results: &Results,
    honesty: &[Honesty],
    (merit, min_trades): (&Merit, usize),
    cache: &Stats,
) -> anyhow::Result<()> {
    let page = SweepPage::new(results, merit.clone()).min_trades(min_trades).honesty(honesty);
    let mut runs = Vec::new();
    for asset in page.shown_assets() {
        let ranking = results.ranking(asset, merit, min_trades);
        let Some(best) = ranking.first() else { continue };
        let only = case.sweep.only(best.trial.asset, best.trial.point)?;
        let backtest = case.strategy.backtest(&only, case.portal)?;
        runs.push(BestRun { asset, backtest, hold: Some(only.buy_and_hold(case.portal)?) });
    }
    let prices = prices(case.portal, results.settings(), results.assets());
    let rules = case.strategy.statements();
    let page = page.best(runs);
    write(file, case.portal, &rules, &prices, cache, |facts, out| page.write(facts, out))
}

/// Writes the page of a walk forward or of cross-validation.
pub fn validation(file: &OutputFile, case: Case<'_>, found: &Found, cache: &Stats) -> anyhow::Result<()> {
    let assets = match found {
        Found::Walk(results) => &results.assets,
        Found::Cross(results) => &results.assets,
    };
    let prices = prices(case.portal, found.settings(), assets);
    let page = match found {
        Found::Walk(results) => {
            let walks = results.walks.iter();
            let hold = walks
                .map(|walk| walk.as_ref().ok().and_then(|walk| held(walk, &results.settings, case.portal)));
            ValidationPage::of_walk(results, hold.collect())
        }
        Found::Cross(results) => ValidationPage::of_paths(results),
    };
    let rules = case.strategy.statements();
    write(file, case.portal, &rules, &prices, cache, |facts, out| page.write(facts, out))
}

/// Buy and hold over the test bars of a walk.
fn held(walk: &AssetWalk, settings: &Settings, portal: &DataPortal) -> Option<Backtest> {
    let (first, last) = (walk.equity.first()?.0, walk.equity.last()?.0);
    let settings =
        Settings { from: first.to_string().parse().ok(), to: last.to_string().parse().ok(), ..*settings };
    Sweep::new().asset(walk.symbol.as_str()).settings(settings).buy_and_hold(portal).ok()
}

/// Writes the tear sheet of one backtest.
pub fn tear_sheet(
    file: &OutputFile,
    portal: &DataPortal,
    backtest: &Backtest,
    rules: &[(String, String)],
    prices: &str,
) -> anyhow::Result<()> {
    let sweep = Sweep::new().asset(backtest.summary().symbol.as_str()).settings(*backtest.settings());
    let hold = sweep.buy_and_hold(portal)?;
    let page = TearSheet::new(backtest, Some(&hold));
    write(file, portal, rules, prices, &portal.stats(), |facts, out| page.write(facts, out))
}

fn prices(portal: &DataPortal, settings: &Settings, assets: &[lookback::Symbol]) -> String {
    settings.adjust.description_of(portal.snapshot().bundle(), assets)
}

fn write(
    file: &OutputFile,
    portal: &DataPortal,
    rules: &[(String, String)],
    prices: &str,
    cache: &Stats,
    page: impl FnOnce(&Facts<'_>, &mut dyn std::io::Write) -> std::io::Result<()>,
) -> anyhow::Result<()> {
    let (snapshot, command) = (portal.snapshot(), command());
    let facts = Facts {
        bundle: snapshot.bundle().name(),
        prices,
        rules,
        command: Some(&command),
        cache: Some(cache),
    };
    file.write(|out| Ok(page(&facts, out)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_reads_a_command_as_it_was_typed() {
        assert_eq!(quoted("--param=fast=5:50"), "--param=fast=5:50");
        assert_eq!(quoted("fast < slow"), "'fast < slow'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert_eq!(
            (quoted(""), quoted("a;rm"), quoted("$HOME")),
            ("''".into(), "'a;rm'".into(), "'$HOME'".into())
        );
    }
}

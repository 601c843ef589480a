//! `lookback run`: backtests one point and shows it in full.

#![forbid(unsafe_code)]

use std::io::Write;
use std::path::PathBuf;

use lookback::sweep::{Backtest, Counts, Metric, number_cell};
use serde_json::json;

use crate::arguments::{Format, TrialArguments};
use crate::exit::{Exit, usage};
use crate::output::report;
use crate::output::settings::{rules_json, settings_json, settings_text, write_rules};
use crate::output::text::{self, Table, counted, grouped, heading, metric};
use crate::output::{self, OutputFile};
use crate::rule;

/// What was typed.
#[derive(clap::Args, Debug)]
pub struct Arguments {
    /// The strategy: a built-in one by name, see lookback strategies, or a file such as my.toml [default: the rules below]
    #[arg(required_unless_present_any = ["buy", "short", "weight"])]
    strategy: Option<String>,
    #[command(flatten)]
    trials: TrialArguments,
    /// Write every fill: date,side,raw_price,adjusted_price,weight,cost
    #[arg(long, value_name = "FILE.csv")]
    trades: Option<PathBuf>,
    /// Write the equity of every bar: date,equity
    #[arg(long, value_name = "FILE.csv")]
    equity: Option<PathBuf>,
    /// Write a tear sheet: a page of figures, charts, drawdowns and round trips
    #[arg(long, value_name = "FILE.html")]
    report: Option<PathBuf>,
    /// What stdout gets: a summary with the fills, the fills, or everything
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

pub fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let find = |path: &Option<PathBuf>| path.as_deref().map(OutputFile::find).transpose().map_err(usage);
    let (trades, equity) = (find(&arguments.trades)?, find(&arguments.equity)?);
    if let (Some(trades), Some(equity)) = (&trades, &equity)
        && trades.is_same_as(equity)
    {
        let message = format!("--trades and --equity are the same file, {trades}; expected two");
        return Err(usage(anyhow::Error::msg(message)));
    }
    let others = [("--trades", trades.as_ref()), ("--equity", equity.as_ref())];
    let page = report::find(arguments.report.as_deref(), &others).map_err(usage)?;
    let (strategy, sweep) = arguments.trials.chosen(arguments.strategy.as_deref(), "").map_err(usage)?;
    let portal = arguments.trials.portal()?;
    if let Some(check) = strategy.check(&sweep, &portal)? {
        rule::warn(&check);
    }
    let backtest = strategy.backtest(&sweep, &portal)?;
    if let Some(file) = &trades {
        file.write(|out| write_trades(&backtest, out))?;
    }
    if let Some(file) = &equity {
        file.write(|out| write_equity(&backtest, out))?;
    }
    let symbols = std::slice::from_ref(&backtest.summary().symbol);
    let prices = backtest.settings().adjust.description_of(portal.snapshot().bundle(), symbols);
    let stated = strategy.statements();
    if let Some(file) = &page {
        report::tear_sheet(file, &portal, &backtest, &stated, &prices)?;
    }
    output::to_stdout(|out| match arguments.format {
        Format::Table => write_table(&backtest, &stated, &prices, out),
        Format::Csv => write_trades(&backtest, out),
        Format::Json => write_json(&backtest, &stated, &prices, out),
    })?;
    Ok(Exit::Done)
}

fn write_trades(backtest: &Backtest, out: &mut dyn Write) -> anyhow::Result<()> {
    writeln!(out, "date,side,raw_price,adjusted_price,weight,cost")?;
    for (date, fill) in backtest.fills() {
        let side = fill.side();
        let [raw, price, weight, cost] =
            [fill.raw_price, fill.price, fill.weight, fill.cost].map(number_cell);
        writeln!(out, "{date},{side},{raw},{price},{weight},{cost}")?;
    }
    Ok(())
}

fn write_equity(backtest: &Backtest, out: &mut dyn Write) -> anyhow::Result<()> {
    writeln!(out, "date,equity")?;
    for (date, equity) in backtest.equity() {
        writeln!(out, "{date},{}", number_cell(equity))?;
    }
    Ok(())
}

fn write_table(
    backtest: &Backtest,
    rules: &[(String, String)],
    prices: &str,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let summary = backtest.summary();
    let strategy = format!("{} {}", backtest.strategy(), text::point(backtest.point()));
    writeln!(
        out,
        "{} on {}: {} from {} to {}",
        strategy.trim_end(),
        summary.symbol,
        counted(summary.bars, "bar"),
        summary.first,
        summary.last
    )?;
    write_rules(rules, out)?;
    writeln!(out, "{}", settings_text(backtest.settings(), prices, Some(summary.periods_per_year)))?;
    let mut metrics = Table::new(2, 0);
    metrics.row(["metric", backtest.strategy(), "buy and hold"].map(str::to_owned));
    for one in Metric::ALL {
        let (own, hold) = (metric(backtest.metrics(), one), metric(&summary.buy_and_hold, one));
        metrics.row([heading(one).replace('_', " "), own, hold]);
    }
    writeln!(out, "\n{}", metrics.text())?;
    if let Some(date) = backtest.closed_at() {
        let debt = metric(backtest.metrics(), Metric::Debt);
        writeln!(out, "the account was closed on {date}: nothing was left, and {debt} beyond was owed\n")?;
    }
    let Counts { capped, both_entries, .. } = backtest.counts();
    if capped > 0 {
        writeln!(out, "{} cut to all equity: the risk asked for more\n", counted(capped, "order"))?;
    }
    if both_entries > 0 {
        writeln!(
            out,
            "{} at which buy and short were both true: neither was ordered\n",
            counted(both_entries, "bar")
        )?;
    }
    let mut fills = Table::new(2, 0);
    fills.row(["date", "side", "raw price", "adjusted price", "weight", "cost", "reason"].map(str::to_owned));
    for (date, fill) in backtest.fills() {
        fills.row([
            date.to_string(),
            fill.side().to_owned(),
            format!("{:.4}", fill.raw_price),
            format!("{:.4}", fill.price),
            format!("{} %", grouped(fill.weight * 100.0, 1)),
            grouped(fill.cost, 2),
            fill.reason.name().to_owned(),
        ]);
    }
    writeln!(
        out,
        "{}; prices, costs and cash in quote currency\n{}",
        counted(backtest.fills().len(), "fill"),
        fills.text()
    )?;
    Ok(())
}

fn write_json(
    backtest: &Backtest,
    rules: &[(String, String)],
    prices: &str,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let summary = backtest.summary();
    let fills = backtest.fills().map(|(date, fill)| fill.to_json(date));
    let equity =
        backtest.equity().map(|(date, equity)| json!({ "date": date.to_string(), "equity": equity }));
    let document = json!({
        "schema": output::SCHEMA,
        "strategy": backtest.strategy(),
        "rules": rules_json(rules),
        "parameters": backtest.point().to_json(),
        "settings": settings_json(backtest.settings(), prices),
        "bundle": { "version": backtest.version() },
        "asset": summary.symbol.as_str(),
        "bars": summary.bars,
        "first": summary.first.to_string(),
        "last": summary.last.to_string(),
        "periods_per_year": summary.periods_per_year,
        "metrics": backtest.metrics().to_json(),
        "buy_and_hold": summary.buy_and_hold.to_json(),
        "capped_entries": backtest.counts().capped,
        "both_entries": backtest.counts().both_entries,
        "fills": fills.collect::<Vec<_>>(),
        "equity": equity.collect::<Vec<_>>(),
    });
    serde_json::to_writer(&mut *out, &document)?;
    Ok(writeln!(out)?)
}

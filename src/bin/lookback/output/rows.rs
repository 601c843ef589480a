//! The results of every trial, as JSON, CSV or a columnar file, written as they come.

#![forbid(unsafe_code)]

use std::path::Path;

use anyhow::bail;
use lookback::Error;
use lookback::ErrorKind;
use lookback::cache::{Stats, TierStats};
use lookback::sweep::{
    Batch, Description, Grid, Honesty, Merit, Metric, Observer, Results, RowFormat, RowWriter, Settings,
};
use serde_json::{Map, Value, json};

use super::{Out, OutputFile, SCHEMA};
use crate::arguments::Format;
use crate::effort::Effort;
use crate::output::honesty;
use crate::output::settings::{rules_json, settings_json};

/// A sweep with all that is told about it.
#[derive(Debug)]
pub struct Report<'a> {
    pub results: &'a Results,
    /// The rules as they were stated, by key.
    pub rules: &'a [(String, String)],
    /// How much of each best result is luck, where it was asked for.
    pub honesty: &'a [Honesty],
    /// What the adjustment makes of the prices.
    pub prices: &'a str,
    pub rank_by: &'a Merit,
    pub min_trades: usize,
    pub top: usize,
    pub cache: Stats,
    pub effort: Effort,
}

/// What is known before a sweep runs, for the head of a JSON document.
#[derive(Debug)]
pub struct Facts<'a> {
    pub run: &'a Description,
    pub rules: &'a [(String, String)],
    pub settings: &'a Settings,
    pub prices: &'a str,
    pub rank_by: &'a Merit,
    pub min_trades: usize,
    pub top: usize,
}

/// The format that a file's name asks for.
fn format_of(path: &Path) -> anyhow::Result<RowFormat> {
    Ok(match path.extension().and_then(|extension| extension.to_str()) {
        Some("csv") => RowFormat::Csv,
        Some("json") => RowFormat::Json,
        Some("arrow") => RowFormat::Arrow,
        #[cfg(feature = "parquet")]
        Some("parquet") => RowFormat::Parquet,
        _ if cfg!(feature = "parquet") => {
            bail!("{}: expected a name that ends in .csv, .json or .arrow, or in .parquet", path.display())
        }
        _ => bail!("{}: expected a name that ends in .csv, .json or .arrow", path.display()),
    })
}

/// The file of `--out`, and the format that its name asks for.
pub fn find_file(path: &Path) -> anyhow::Result<(OutputFile, RowFormat)> {
    let format = format_of(path)?;
    Ok((OutputFile::find(path)?, format))
}

/// The format that stdout gets rows in; none for the ranking.
pub fn format_on_stdout(format: Format) -> Option<RowFormat> {
    match format {
        Format::Table => None,
        Format::Csv => Some(RowFormat::Csv),
        Format::Json => Some(RowFormat::Json),
    }
}

/// Something that rows are written to. Nothing is, before the first of them: a sweep that cannot begin leaves no half a
/// document.
pub struct Destination<'a> {
    name: String,
    format: RowFormat,
    grid: &'a Grid,
    metrics: &'a [Metric],
    rank_by: Merit,
    head: Vec<u8>,
    out: Option<&'a mut Out<'a>>,
    writer: Option<RowWriter<&'a mut Out<'a>>>,
}

impl<'a> Destination<'a> {
    pub fn new(
        name: impl Into<String>,
        format: RowFormat,
        grid: &'a Grid,
        metrics: &'a [Metric],
        facts: &Facts<'_>,
        out: &'a mut Out<'a>,
    ) -> anyhow::Result<Self> {
        let head = match format {
            RowFormat::Json => head(facts)?,
            _ => Vec::new(),
        };
        Ok(Self {
            name: name.into(),
            format,
            grid,
            metrics,
            rank_by: facts.rank_by.clone(),
            head,
            out: Some(out),
            writer: None,
        })
    }

    /// What rows are written by, once the document has its head.
    fn writer(&mut self) -> Result<&mut RowWriter<&'a mut Out<'a>>, Error> {
        if let Some(out) = self.out.take() {
            let head = out.write_all(&self.head);
            head.map_err(|error| Error::with_source(ErrorKind::Load { message: error.to_string() }, error))?;
            self.writer = Some(RowWriter::new(self.format, self.grid, self.metrics, out)?);
        }
        Ok(self.writer.as_mut().expect("made where it was not"))
    }

    fn named(name: &str, error: Error) -> Error {
        let message = format!("{name}: writing: {error}");
        Error::with_source(ErrorKind::Load { message }, error)
    }

    /// Writes those that were kept: instead of observing all.
    pub fn write(&mut self, results: &Results) -> Result<(), Error> {
        let written = self.writer().and_then(|writer| writer.write(results));
        written.map_err(|error| Self::named(&self.name, error))
    }

    /// Ends the document.
    pub fn finish(mut self, results: &Results, of: &[Honesty]) -> anyhow::Result<()> {
        let end = |one: &mut Self| {
            one.writer()?;
            let out = one.writer.take().map(RowWriter::finish).transpose()?;
            if let (Some(out), RowFormat::Json) = (out, one.format) {
                let tail = tail(results, &one.rank_by, of);
                out.write_all(&tail).map_err(|error| {
                    Error::with_source(ErrorKind::Load { message: error.to_string() }, error)
                })?;
            }
            Ok(())
        };
        end(&mut self).map_err(|error| Self::named(&self.name, error).into())
    }
}

/// Each of them is given all rows.
pub struct Destinations<'a>(pub Vec<Destination<'a>>);

impl Observer for Destinations<'_> {
    fn observe(&mut self, batch: &Batch<'_>) -> Result<(), Error> {
        for one in &mut self.0 {
            let written = one.writer().and_then(|writer| writer.observe(batch));
            written.map_err(|error| Destination::named(&one.name, error))?;
        }
        Ok(())
    }
}

/// Everything that is known before the first result, and the begin of the list of results.
///
/// Rows are written as they come: a document of 20,000 trials is never held.
fn head(facts: &Facts<'_>) -> anyhow::Result<Vec<u8>> {
    let run = facts.run.as_json();
    let mut settings = settings_json(facts.settings, facts.prices);
    for key in ["parameters", "where", "search"] {
        settings.insert(key.to_owned(), run[key].clone());
    }
    settings.insert("rank_by".to_owned(), facts.rank_by.to_string().into());
    settings.insert("require".to_owned(), facts.rank_by.requirement().into());
    settings.insert("min_trades".to_owned(), facts.min_trades.into());
    settings.insert("top".to_owned(), facts.top.into());
    let document = json!({
        "schema": SCHEMA,
        "strategy": run["strategy"],
        "rules": rules_json(facts.rules),
        "settings": settings,
    });
    let mut head = serde_json::to_vec(&document)?;
    // The results follow inside the same object.
    head.pop();
    head.extend_from_slice(b",\"results\":[\n");
    Ok(head)
}

/// What is known after the last result, and the end of the document.
fn tail(results: &Results, rank_by: &Merit, of: &[Honesty]) -> Vec<u8> {
    let assets: Vec<&str> = results.assets().iter().map(lookback::Symbol::as_str).collect();
    let members = json!({
        "bundle": { "version": results.version(), "assets": assets, "bars": results.bars() },
        "trials": results.len(),
        "failed": results.failed(),
        "unfinished": results.unfinished(),
        "unmet": (0..assets.len()).map(|asset| results.unmet(asset, rank_by)).sum::<usize>(),
        "honesty": honesty::to_json(of),
    });
    let text = members.to_string();
    format!("\n],{}\n", text.trim_start_matches('{')).into_bytes()
}

/// What a sweep took: times, threads and cache. Results never depend on it, and no file of results holds it.
pub fn stats_json(results: &Results, effort: &Effort, stats: &Stats) -> Map<String, Value> {
    let (per_second, per_cpu_second) = effort.rates(results.len() - results.unfinished());
    let document = json!({
        "schema": SCHEMA,
        "elapsed_s": effort.elapsed.as_secs_f64(),
        "cpu_s": effort.cpu.as_secs_f64(),
        "trials_per_s": per_second,
        "trials_per_cpu_s": per_cpu_second,
        "threads": results.threads(),
        "cache": cache(stats),
    });
    match document {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

fn cache(stats: &Stats) -> Value {
    let tier = |tier: &TierStats| json!({ "entries": tier.entries, "bytes": tier.bytes, "hits": tier.hits });
    json!({
        "hits": stats.hits(),
        "misses": stats.misses,
        "hit_rate": stats.hit_rate(),
        "loads": stats.loads,
        "joined": stats.joined,
        "evictions": stats.evictions,
        "rejected": stats.rejected,
        "resident_bytes": stats.resident_bytes(),
        "capacity_bytes": stats.capacity_bytes,
        "permanent": tier(&stats.permanent),
        "variable": tier(&stats.variable),
    })
}

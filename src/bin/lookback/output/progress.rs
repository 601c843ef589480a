//! A bar on stderr while trials run or files are read.

#![forbid(unsafe_code)]

use std::fmt::Write;
use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressState, ProgressStyle};
use lookback::bundle::{IngestProgress, IngestStep};
use lookback::cache::Stats;
use lookback::sweep::Progress;

use super::text::grouped;
use crate::talk;

/// A bar where stderr is a terminal, and nothing elsewhere or where nothing is to be said.
pub fn bar() -> ProgressBar {
    if talk::is_quiet() || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(0);
    let style = "{bar:40} {human_pos}/{human_len} trials, {rate}/s, {eta} left{msg}";
    if let Ok(style) = ProgressStyle::with_template(style) {
        let rate = |state: &ProgressState, out: &mut dyn Write| {
            // A bar that cannot be drawn is no reason to end a sweep.
            let _ = out.write_str(&grouped(state.per_sec(), 0));
        };
        bar.set_style(style.with_key("rate", rate));
    }
    bar
}

/// Shows how far a sweep is. Reports of two threads may pass each other; the bar never goes back.
pub fn show(bar: &ProgressBar, progress: Progress, stats: impl Fn() -> Stats) {
    if bar.is_hidden() {
        return;
    }
    if bar.length() == Some(0) {
        // What a journal holds already is no work of now: the rate counts from there.
        bar.set_position(progress.done as u64);
        bar.reset_eta();
    }
    bar.set_length(progress.total as u64);
    if let Some(rate) = stats().hit_rate() {
        bar.set_message(format!(", hit rate {:.2} %", rate * 100.0));
    }
    bar.update(|state| state.set_pos(state.pos().max(progress.done as u64)));
}

/// A bar of the bytes that an ingest has read.
#[derive(Clone, Debug)]
pub struct Bytes(ProgressBar);

impl Bytes {
    /// A bar where stderr is a terminal, and nothing elsewhere or where nothing is to be said.
    pub fn new() -> Self {
        if talk::is_quiet() || !std::io::stderr().is_terminal() {
            return Self(ProgressBar::hidden());
        }
        let bar = ProgressBar::new(0);
        let style = "{bar:40} {binary_bytes}/{binary_total_bytes}, {binary_bytes_per_sec}, {eta} left{msg}";
        if let Ok(style) = ProgressStyle::with_template(style) {
            bar.set_style(style);
        }
        Self(bar)
    }

    /// What shows the steps of an ingest on it.
    pub fn progress(&self) -> IngestProgress {
        let bar = self.0.clone();
        IngestProgress::new(move |step| match step {
            IngestStep::Found { bytes, .. } => bar.set_length(bytes),
            IngestStep::Read { bytes } => bar.inc(bytes),
            IngestStep::Writing => bar.set_message(", writing"),
        })
    }

    pub fn clear(&self) {
        self.0.finish_and_clear();
    }
}

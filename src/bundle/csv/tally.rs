//! What was mended or passed over in a file: said once for each kind, with the first place and how many more.

#![forbid(unsafe_code)]

/// What may happen to a row.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    BlankRow,
    MissingPrice,
    MissingVolume,
    Widened,
    Absurd,
}

/// What happened to the rows of one file.
#[derive(Debug, Default)]
pub(super) struct Tally(Vec<Entry>);

#[derive(Debug)]
struct Entry {
    kind: Kind,
    line: u64,
    text: String,
    more: usize,
}

impl Tally {
    /// Counts something, in words where it is the first of its kind.
    pub(super) fn add(&mut self, kind: Kind, line: u64, text: impl FnOnce() -> String) {
        match self.0.iter_mut().find(|entry| entry.kind == kind) {
            Some(known) => known.more += 1,
            None => self.0.push(Entry { kind, line, text: text(), more: 0 }),
        }
    }

    /// A sentence for each kind.
    pub(super) fn sentences(self, file: &str) -> impl Iterator<Item = String> {
        self.0.into_iter().map(move |Entry { line, text, more, .. }| match more {
            0 => format!("{file} line {line}: {text}"),
            _ => format!("{file} line {line}: {text} (and {more} more)"),
        })
    }
}

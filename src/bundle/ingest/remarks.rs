//! What holds of several files or assets, said once, with the first of them and how many more.

#![forbid(unsafe_code)]

/// Remarks, in the order in which they were first made.
#[derive(Debug, Default)]
pub(super) struct Remarks(Vec<Remark>);

#[derive(Debug)]
struct Remark {
    /// What tells it from others: its wording may hold an example.
    kind: String,
    subject: String,
    more: usize,
    text: String,
}

impl Remarks {
    pub(super) fn add(&mut self, kind: &str, subject: &str, text: impl FnOnce() -> String) {
        match self.0.iter_mut().find(|known| known.kind == kind) {
            Some(known) => known.more += usize::from(known.subject != subject),
            None => {
                let (kind, subject) = (kind.to_owned(), subject.to_owned());
                self.0.push(Remark { kind, subject, more: 0, text: text() });
            }
        }
    }

    pub(super) fn sentences(self) -> impl Iterator<Item = String> {
        self.0.into_iter().map(|Remark { subject, more, text, .. }| match more {
            0 => format!("{subject}: {text}"),
            _ => format!("{subject} and {more} more: {text}"),
        })
    }
}

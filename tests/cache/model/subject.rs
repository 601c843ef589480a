//! The cache under test, step by step.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use lookback::Error;
use lookback::cache::Options;

use super::step::{Answer, Loader, READERS, Step};
use crate::item::{Item, ItemReader, Items};

/// The cache under test.
pub(super) struct Subject {
    pub(super) cache: Items,
    pub(super) readers: Vec<Option<ItemReader>>,
    next: Cell<u64>,
    versions: Cell<u64>,
    pub(super) answers: RefCell<Vec<Answer>>,
}

impl Subject {
    pub(super) fn new(options: Options) -> Self {
        let cache = Items::new(options, "v0", 0).unwrap();
        let mut readers: Vec<_> = (0..READERS).map(|_| None).collect();
        readers[0] = Some(cache.current().reader());
        Self { cache, readers, next: Cell::new(0), versions: Cell::new(0), answers: RefCell::default() }
    }

    fn item(&self, payload: u64) -> Item {
        let id = self.next.replace(self.next.get() + 1);
        Item { id, payload }
    }

    fn load(&self, loader: &Loader) -> Result<Item, Error> {
        match loader {
            Loader::Gives { payload } => Ok(self.item(*payload)),
            Loader::Fails => Err(Error::load("no such file")),
            // Without the hook's message.
            Loader::Panics => resume_unwind(Box::new("index out of range")),
            Loader::After { step, loader } => {
                self.perform(step);
                self.load(loader)
            }
        }
    }

    fn perform(&self, step: &Step) {
        let reader = |at: &usize| self.readers[*at].as_ref();
        let answer = match step {
            Step::Get { reader: at, key, tier } => reader(at).map(|reader| {
                // The owned form is the same request.
                let is_owned = key % 2 == 0;
                Answer::Item(if is_owned {
                    reader.get_owned(key, *tier)
                } else {
                    reader.get(key, *tier).copied()
                })
            }),
            Step::Load { reader: at, key, tier, loader } => reader(at).map(|reader| {
                let version = reader.generation().version().to_owned();
                let load = |source: &u64| {
                    assert_eq!(format!("v{source}"), version, "a loader gets the source of its generation");
                    self.load(loader)
                };
                match catch_unwind(AssertUnwindSafe(|| reader.get_or_load(key, *tier, load).copied())) {
                    Ok(Ok(item)) => Answer::Item(Some(item)),
                    Ok(Err(error)) => {
                        assert_eq!(error.to_string(), "no such file");
                        Answer::Failed
                    }
                    Err(payload) => {
                        assert_eq!(payload.downcast_ref(), Some(&"index out of range"));
                        Answer::Panicked
                    }
                }
            }),
            Step::Put { reader: at, key, tier, payload } => {
                reader(at).map(|reader| Answer::Item(Some(*reader.put(*key, self.item(*payload), *tier))))
            }
            Step::Remove { reader: at, key } => reader(at).map(|reader| Answer::Is(reader.remove(key))),
            Step::Invalidate { is_new } => {
                let version = self.versions.get() + u64::from(*is_new);
                self.versions.set(version);
                Some(Answer::Is(self.cache.invalidate(format!("v{version}"), version)))
            }
            Step::Keep { keys } => {
                let version = self.versions.get() + 1;
                self.versions.set(version);
                let keep = |key: &u8, _: &Item| keys & (1 << (key % 8)) != 0;
                Some(Answer::Is(self.cache.invalidate_keeping(format!("v{version}"), version, keep)))
            }
            Step::Refresh { .. } | Step::Renew { .. } | Step::Drop { .. } => {
                unreachable!("needs the reader for itself")
            }
        };
        self.answers.borrow_mut().extend(answer);
    }

    pub(super) fn step(&mut self, step: &Step) {
        match *step {
            Step::Refresh { reader } => {
                self.readers[reader].iter_mut().for_each(ItemReader::refresh);
            }
            Step::Renew { reader } => self.readers[reader] = Some(self.cache.current().reader()),
            Step::Drop { reader } => self.readers[reader] = None,
            _ => self.perform(step),
        }
    }
}

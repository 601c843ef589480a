//! A load under way, and what those share who wait for it.
//!
//! # States
//! | flight | on its desk | its landing |
//! |---|---|---|
//! | under way, alone | yes, with the key | none |
//! | under way, joined | yes | empty, made by the first who joined |
//! | off the desk | no | empty |
//! | landed | no | a value, an error, or abandoned |
//!
//! # Invariants
//! - F1: at most one flight of a key is on the desks; its leader alone inserts, promotes or puts that key.
//! - F2: every flight lands: with a value, with the loader's error or panic, or as abandoned where its leader came to
//!   grief behind the load. A waiter is woken by that, or gives up at its deadline; of an abandoned one it boards anew.
//! - F3: a leader publishes its value before it takes its flight off the desk, so that a new leader, who looks again,
//!   finds what the last one published; and it takes it off before it wakes anybody, so that none boards it twice.

use std::panic;

use crate::error::{Error, ErrorKind};
use crate::sync::{Arc, Deadline, Flag};

/// A load under way, as a desk knows it.
#[derive(Debug)]
pub(super) struct Flight<K, V> {
    /// Of this desk, and never used twice.
    pub(super) id: u64,
    pub(super) hash: u64,
    /// Here until somebody joins: the landing has it then, so that it can be compared away from the desk.
    key: Option<K>,
    landing: Option<Arc<Landing<K, V>>>,
}

impl<K, V> Flight<K, V> {
    pub(super) fn new(id: u64, hash: u64, key: K) -> Self {
        Self { id, hash, key: Some(key), landing: None }
    }

    /// The landing, made now where nobody asked for it before.
    pub(super) fn join(&mut self) -> Arc<Landing<K, V>> {
        let key = &mut self.key;
        let landing = self.landing.get_or_insert_with(|| {
            let key = key.take().expect("a flight that nobody joined has its key");
            Arc::new(Landing { key, flag: Flag::new() })
        });
        landing.clone()
    }

    pub(super) fn is_joined(&self) -> bool {
        self.landing.is_some()
    }

    /// The key, where nobody joined, or what those wait for who did.
    pub(super) fn into_parts(self) -> (Option<K>, Option<Arc<Landing<K, V>>>) {
        (self.key, self.landing)
    }
}

/// Where those who joined wait.
#[derive(Debug)]
pub(super) struct Landing<K, V> {
    /// The key that is being loaded.
    pub(super) key: K,
    flag: Flag<Outcome<V>>,
}

/// How a flight ended.
#[derive(Debug)]
pub(super) enum Outcome<V> {
    Landed(V),
    Failed(Error),
    /// The leader came to grief, and not by the load: whoever waits had better try again.
    Abandoned,
}

impl<K, V> Landing<K, V> {
    /// The outcome, to be read and cloned without a lock; `None` once the deadline has passed.
    pub(super) fn wait(&self, deadline: &Deadline) -> Option<&Outcome<V>> {
        self.flag.wait_until(deadline)
    }

    pub(super) fn fill(&self, outcome: Outcome<V>) {
        self.flag.fill(outcome);
    }
}

/// What the waiters of a load are told that panicked.
pub(super) fn panicked(payload: &(dyn std::any::Any + Send)) -> Error {
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| payload.downcast_ref::<String>().cloned());
    ErrorKind::LoadPanicked { message: text.unwrap_or_else(|| "no message".to_owned()) }.into()
}

/// Runs a loader; its panic comes back as a value, so that the flight lands before it goes on.
pub(super) fn attempt<V>(load: impl FnOnce() -> Result<V, Error>) -> std::thread::Result<Result<V, Error>> {
    panic::catch_unwind(panic::AssertUnwindSafe(load))
}

crate::sync::thread_local! {
    /// How many flights this thread leads, and loads it runs beside others, of any cache: such a thread never waits.
    #[allow(clippy::missing_const_for_thread_local, reason = "the macro of models takes no const block")]
    static LOADS_INSIDE: std::cell::Cell<u32> = std::cell::Cell::new(0);
}

/// Marks the calling thread as inside a load until it is dropped.
#[derive(Debug)]
pub(super) struct Inside(std::marker::PhantomData<*mut ()>);

impl Inside {
    pub(super) fn enter() -> Self {
        LOADS_INSIDE.with(|loads| loads.set(loads.get() + 1));
        Self(std::marker::PhantomData)
    }

    /// Whether the calling thread is inside a load.
    pub(super) fn is_inside() -> bool {
        LOADS_INSIDE.with(|loads| loads.get() > 0)
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        LOADS_INSIDE.with(|loads| loads.set(loads.get() - 1));
    }
}

//! A key and a value whose own code is counted, fails where a test says so, and does what a test wants.

use std::cell::Cell;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread;

use lookback::cache::{Cache, Weigh};

/// The code of keys and values that a cache calls.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u64)]
pub enum Call {
    Hash = 1,
    Eq = 2,
    CloneKey = 4,
    CloneValue = 8,
    Weigh = 16,
    DropValue = 32,
}

/// What a test does inside a call, of the key or the value with that number.
type Reaction = Box<dyn Fn(Call, u64) + Send + Sync>;

thread_local! {
    static IS_REACTING: Cell<bool> = const { Cell::new(false) };
}

/// What the keys and values of one test share: how many are alive, which call fails, and what a call does.
#[derive(Default)]
pub struct Script {
    alive: AtomicI64,
    /// The calls that count down, as a set of bits.
    watched: AtomicU64,
    /// Calls until one fails; 0 never fails.
    left: AtomicU64,
    reaction: OnceLock<Reaction>,
}

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Script").field("alive", &self.alive).finish_non_exhaustive()
    }
}

impl Script {
    /// Lets the `nth` of these calls fail, from now on; the first is 1.
    pub fn fail_at(&self, calls: &[Call], nth: u64) {
        self.watched.store(calls.iter().map(|&call| call as u64).sum(), Ordering::Relaxed);
        self.left.store(nth, Ordering::Relaxed);
    }

    /// Does this inside each call from now on, but not inside the calls that this makes itself.
    pub fn react(&self, reaction: impl Fn(Call, u64) + Send + Sync + 'static) {
        assert!(self.reaction.set(Box::new(reaction)).is_ok(), "a script reacts in one way");
    }

    /// Ends the failing; whether a call was still to fail.
    pub fn disarm(&self) -> bool {
        self.left.swap(0, Ordering::Relaxed) > 0
    }

    /// Keys and values that were made and not dropped.
    pub fn alive(&self) -> i64 {
        self.alive.load(Ordering::Relaxed)
    }

    fn call(&self, call: Call, id: u64) {
        if let Some(reaction) = self.reaction.get().filter(|_| !IS_REACTING.replace(true)) {
            let outcome = catch_unwind(AssertUnwindSafe(|| reaction(call, id)));
            IS_REACTING.set(false);
            outcome.unwrap_or_else(|payload| resume_unwind(payload));
        }
        if self.watched.load(Ordering::Relaxed) & call as u64 == 0 {
            return;
        }
        let count = |left: u64| left.checked_sub(1);
        if self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, count) == Ok(1)
            && !thread::panicking()
        {
            resume_unwind(Box::new(call));
        }
    }
}

/// Runs `body`; which call made it fail, where one did. Any other panic goes on.
pub fn failure_of(body: impl FnOnce()) -> Option<Call> {
    let payload = catch_unwind(AssertUnwindSafe(body)).err()?;
    Some(*payload.downcast::<Call>().unwrap_or_else(|payload| resume_unwind(payload)))
}

/// A key that hashes as it is told to.
#[derive(Debug)]
pub struct Key {
    pub id: u64,
    pub hash: u64,
    script: Arc<Script>,
}

impl Key {
    pub fn new(id: u64, hash: u64, script: &Arc<Script>) -> Self {
        script.alive.fetch_add(1, Ordering::Relaxed);
        Self { id, hash, script: script.clone() }
    }
}

impl Clone for Key {
    fn clone(&self) -> Self {
        self.script.call(Call::CloneKey, self.id);
        Self::new(self.id, self.hash, &self.script)
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.script.call(Call::Eq, self.id);
        self.id == other.id
    }
}

impl Eq for Key {}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.script.call(Call::Hash, self.id);
        state.write_u64(self.hash);
    }
}

impl Drop for Key {
    fn drop(&mut self) {
        self.script.alive.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A value that knows its key's number.
#[derive(Debug)]
pub struct Value {
    pub id: u64,
    script: Arc<Script>,
}

impl Value {
    pub fn new(id: u64, script: &Arc<Script>) -> Self {
        script.alive.fetch_add(1, Ordering::Relaxed);
        Self { id, script: script.clone() }
    }
}

impl Clone for Value {
    fn clone(&self) -> Self {
        self.script.call(Call::CloneValue, self.id);
        Self::new(self.id, &self.script)
    }
}

impl Weigh for Value {
    fn payload_bytes(&self) -> u64 {
        self.script.call(Call::Weigh, self.id);
        8
    }
}

impl Drop for Value {
    fn drop(&mut self) {
        self.script.alive.fetch_sub(1, Ordering::Relaxed);
        self.script.call(Call::DropValue, self.id);
    }
}

pub type Foreigners = Cache<Key, Value, ()>;

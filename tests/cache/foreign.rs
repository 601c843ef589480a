//! A key and a value whose own code is counted, and fails where a test says so.

use std::hash::{Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
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
}

/// What the keys and values of one test share: how many are alive, and which call fails.
#[derive(Default, Debug)]
pub struct Script {
    alive: AtomicI64,
    /// The calls that count down, as a set of bits.
    watched: AtomicU64,
    /// Calls until one fails; 0 never fails.
    left: AtomicU64,
}

impl Script {
    /// Lets the `nth` of these calls fail, from now on; the first is 1.
    pub fn fail_at(&self, calls: &[Call], nth: u64) {
        self.watched.store(calls.iter().map(|&call| call as u64).sum(), Ordering::Relaxed);
        self.left.store(nth, Ordering::Relaxed);
    }

    /// Ends the failing; whether a call was still to fail.
    pub fn disarm(&self) -> bool {
        self.left.swap(0, Ordering::Relaxed) > 0
    }

    /// Keys and values that were made and not dropped.
    pub fn alive(&self) -> i64 {
        self.alive.load(Ordering::Relaxed)
    }

    fn call(&self, call: Call) {
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
        self.script.call(Call::CloneKey);
        Self::new(self.id, self.hash, &self.script)
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.script.call(Call::Eq);
        self.id == other.id
    }
}

impl Eq for Key {}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.script.call(Call::Hash);
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
        self.script.call(Call::CloneValue);
        Self::new(self.id, &self.script)
    }
}

impl Weigh for Value {
    fn payload_bytes(&self) -> u64 {
        self.script.call(Call::Weigh);
        8
    }
}

impl Drop for Value {
    fn drop(&mut self) {
        self.script.alive.fetch_sub(1, Ordering::Relaxed);
    }
}

pub type Foreigners = Cache<Key, Value, ()>;

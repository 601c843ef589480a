//! Loads under way, one for each key.
//!
//! # States
//! | flight | in the map | its flag |
//! |---|---|---|
//! | under way | yes | empty |
//! | landing | no | empty |
//! | landed | no | value or error |
//!
//! # Invariants
//! - I1: at most one flight of a key is in the map; its leader alone inserts, promotes or puts that key.
//! - I2: every flight lands: with a value, with the loader's error, or, when its leader panics, with an error that
//!   says so. A waiter is woken by that, or gives up after its limit.
//! - I3: a leader publishes its value before it takes its flight out of the map, so that a new leader, who looks
//!   into both tiers again, finds what the last one published.
//!
//! # Orderings
//! The map and the flag are under mutexes; taking the flight out (unlock) -> boarding anew (lock) makes I3 hold.

use std::panic;
use std::time::Duration;

use crate::error::{Error, ErrorKind};
use crate::sync::{Arc, Flag, IS_MODEL, Mutex, lock, mutant};

/// Enough that two misses of different keys rarely meet, on any machine.
const SHARDS: usize = if IS_MODEL { 1 } else { 64 };

type Landing<V> = Arc<Flag<Result<V, Error>>>;

/// Few enough at any time (one for each thread inside a load, at most) that a list beats a map.
type Shard<K, V> = Mutex<Vec<Flight<K, V>>>;

#[derive(Debug)]
struct Flight<K, V> {
    hash: u64,
    key: K,
    landing: Landing<V>,
}

/// The flights of one generation.
#[derive(Debug)]
pub(super) struct Flights<K, V> {
    shards: Box<[Shard<K, V>]>,
}

/// What boarding came to.
#[derive(Debug)]
pub(super) enum Boarding<'a, K, V: Clone> {
    /// This thread leads: it must land.
    Lead(Lead<'a, K, V>),
    /// Another thread is on it.
    Join(Join<V>),
}

impl<K, V> Flights<K, V> {
    pub(super) fn new() -> Self {
        Self { shards: (0..SHARDS).map(|_| Mutex::new(Vec::new())).collect() }
    }

    fn shard(&self, hash: u64) -> &Shard<K, V> {
        #[expect(clippy::cast_possible_truncation, reason = "any bits of the hash will do")]
        let shard = hash as usize % SHARDS;
        &self.shards[shard]
    }
}

impl<K: Eq + Clone, V: Clone> Flights<K, V> {
    /// Takes the lead for a key, or a seat beside whoever has it.
    pub(super) fn board(&self, hash: u64, key: &K) -> Boarding<'_, K, V> {
        // Foreign code may panic: nothing of it runs between the insertion and the lead that answers for it.
        let own = key.clone();
        let mut flights = lock(self.shard(hash));
        let under_way = flights.iter().find(|flight| flight.hash == hash && flight.key == *key);
        if let Some(flight) = under_way.filter(|_| !mutant!("everyone_leads")) {
            return Boarding::Join(Join(flight.landing.clone()));
        }
        let landing = Arc::new(Flag::new());
        flights.push(Flight { hash, key: own, landing: landing.clone() });
        Boarding::Lead(Lead { flights: self, hash, is_under_way: true, landing })
    }
}

/// The lead of a flight. Dropped without landing, as by a panic, it lands with an error (I2).
#[derive(Debug)]
pub(super) struct Lead<'a, K, V: Clone> {
    flights: &'a Flights<K, V>,
    hash: u64,
    is_under_way: bool,
    landing: Landing<V>,
}

impl<K, V: Clone> Lead<'_, K, V> {
    /// Ends the flight and hands its outcome to whoever joined.
    pub(super) fn land(mut self, outcome: Result<V, Error>) {
        self.arrive(outcome);
    }

    /// Ends the flight with what a loader's panic said.
    pub(super) fn land_panicked(self, payload: &(dyn std::any::Any + Send)) {
        if mutant!("panic_leaves_flight") {
            return std::mem::forget(self);
        }
        let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
        let text = text.or_else(|| payload.downcast_ref::<String>().cloned());
        let message = text.unwrap_or_else(|| "no message".to_owned());
        self.land(Err(ErrorKind::LoadPanicked { message }.into()));
    }

    fn arrive(&mut self, outcome: Result<V, Error>) {
        if std::mem::take(&mut self.is_under_way) {
            let mut flights = lock(self.flights.shard(self.hash));
            // By the landing and not by the key: a landing runs no foreign code that could keep it in the map.
            let own = flights.iter().position(|flight| Arc::ptr_eq(&flight.landing, &self.landing));
            let own = own.filter(|_| outcome.is_ok() || !mutant!("failed_flight_stays"));
            let removed = own.map(|own| flights.swap_remove(own));
            drop(flights);
            self.landing.fill(outcome);
            drop(removed);
        }
    }
}

impl<K, V: Clone> Drop for Lead<'_, K, V> {
    fn drop(&mut self) {
        if !mutant!("lead_dropped_in_flight") {
            let message = "the leader gave up".to_owned();
            self.arrive(Err(ErrorKind::LoadPanicked { message }.into()));
        }
    }
}

/// A seat in another thread's flight.
#[derive(Debug)]
pub(super) struct Join<V>(Landing<V>);

impl<V: Clone> Join<V> {
    /// The outcome; `None` once the limit has passed.
    pub(super) fn wait(&self, limit: Duration) -> Option<Result<V, Error>> {
        self.0.wait_for(limit)
    }
}

/// Runs a loader; its panic comes back as a value, so that the flight lands before it goes on.
pub(super) fn attempt<V>(load: impl FnOnce() -> Result<V, Error>) -> std::thread::Result<Result<V, Error>> {
    panic::catch_unwind(panic::AssertUnwindSafe(load))
}

crate::sync::thread_local! {
    /// How many loads this thread is inside of, of any cache: such a thread never waits for another's.
    #[allow(clippy::missing_const_for_thread_local, reason = "the macro of models takes no const block")]
    static LOADS_INSIDE: std::cell::Cell<u32> = std::cell::Cell::new(0);
}

/// Marks the calling thread as inside a load until it is dropped.
#[derive(Debug)]
pub(super) struct Inside(());

impl Inside {
    pub(super) fn enter() -> Self {
        LOADS_INSIDE.with(|loads| loads.set(loads.get() + 1));
        Self(())
    }

    /// Whether the calling thread is inside a load.
    pub(super) fn is_inside() -> bool {
        LOADS_INSIDE.with(|loads| loads.get() > 0) && !mutant!("waits_inside_a_load")
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        LOADS_INSIDE.with(|loads| loads.set(loads.get() - 1));
    }
}

//! What the tests cache, and caches to put it into.

use std::sync::LazyLock;

use lookback::Error;
use lookback::cache::{Cache, Options, Reader, Tier, Weigh};

/// A value that says which one it is and weighs what it is told to.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Item {
    pub id: u64,
    pub payload: u64,
}

impl Item {
    pub fn light(id: u64) -> Self {
        Self { id, payload: 0 }
    }
}

impl Weigh for Item {
    fn payload_bytes(&self) -> u64 {
        self.payload
    }
}

pub type Items<S = u64> = Cache<u8, Item, S>;
pub type ItemReader<S = u64> = Reader<u8, Item, S>;

/// What an entry weighs beside its payload, as the budget says.
pub static ENTRY_BYTES: LazyLock<u64> = LazyLock::new(|| {
    let cache: Items = Cache::new(Options::default(), "weigh", 0).unwrap();
    let generation = cache.current();
    generation.reader().put(0, Item::light(0), Tier::Variable);
    generation.resident_bytes()
});

/// Room for `entries` light entries in both tiers together, all of them in one shard if they are variable.
pub fn room_for(entries: u64) -> Options {
    Options {
        capacity_bytes: entries * *ENTRY_BYTES,
        permanent_bytes: Some(entries * *ENTRY_BYTES),
        variable_entries: usize::try_from(entries).unwrap(),
        shards: Some(1),
        ..Options::default()
    }
}

pub fn cache(options: Options) -> Items {
    Cache::new(options, "v1", 1).unwrap()
}

/// A loader that nobody should call.
pub fn unexpected<S>(_: &S) -> Result<Item, Error> {
    panic!("loaded again")
}

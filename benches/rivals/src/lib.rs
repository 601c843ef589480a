//! The caches that are measured beside each other, each in the cheapest way that its interface offers.
//!
//! All get the same 16-byte keys, the same hasher and the same blocks, and every hit reads one number of its block.

pub mod chunks;
pub mod figures;

use std::cell::Cell;
use std::marker::PhantomData;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex};

use lookback::cache::{Cache, Options, Reader, Tier, Weigh};

/// Hashes for all of them alike: what differs is the cache.
pub type Hasher = foldhash::fast::FixedState;

/// Twice the longest list of keys: no shard of the variable tier is full, so what was put in is a hit.
pub const CAPACITY: usize = 8_192;

/// What names a block: 16 bytes, as the portal's keys are.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Key {
    pub asset: u32,
    pub columns: u32,
    pub stretch: u64,
}

impl Key {
    /// The `index`th key.
    pub fn nth(index: usize) -> Self {
        Self { asset: u32::try_from(index % 500).unwrap(), columns: 4, stretch: index as u64 / 500 }
    }
}

/// The numbers of a stretch: what caches here hold.
#[derive(Clone, Debug)]
pub struct Block(pub Arc<[f64]>);

impl Block {
    /// A block of eight numbers, so that the payload stays out of the figures.
    pub fn of(key: &Key) -> Self {
        MADE.with(|made| made.set(made.get() + 1));
        Self(Arc::new([f64::from(key.asset); 8]))
    }
}

thread_local! {
    static MADE: Cell<u64> = const { Cell::new(0) };
}

/// How many blocks this thread made: its misses.
pub fn made() -> u64 {
    MADE.with(Cell::get)
}

/// Numbers below a limit, the `n`th drawn as often as `1 / n^exponent`.
pub struct Zipf(Vec<f64>);

impl Zipf {
    pub fn new(limit: usize, exponent: f64) -> Self {
        let mut sum = 0.0;
        let shares = (1..=limit).map(|rank| {
            sum += (rank as f64).powf(-exponent);
            sum
        });
        Self(shares.collect())
    }

    pub fn draw(&self, random: &mut fastrand::Rng) -> usize {
        let at = random.f64() * self.0[self.0.len() - 1];
        self.0.partition_point(|&sum| sum < at).min(self.0.len() - 1)
    }
}

impl Weigh for Block {
    fn payload_bytes(&self) -> u64 {
        size_of_val::<[f64]>(&self.0) as u64
    }
}

/// One of the caches.
pub trait Rival: Sync + Sized {
    /// What a thread makes once.
    type Handle<'a>
    where
        Self: 'a;

    /// A cache that holds at most `capacity` blocks, where it can be told.
    fn new(capacity: usize) -> Self;

    fn handle(&self) -> Self::Handle<'_>;

    /// Asks for every key and sums one number of each block that is held.
    fn sum(handle: &mut Self::Handle<'_>, keys: &[Key]) -> f64;

    /// Asks for every key, makes the block where it is not held, and sums one number of each.
    fn load(handle: &mut Self::Handle<'_>, keys: &[Key]) -> f64;
}

/// The tier that our reader asks for, and the one that holds the block.
pub trait Ask: Sync + 'static {
    const HELD: Tier;
    const ASKED: Tier;
}

/// Declares ways to ask.
macro_rules! asks {
    ($($name:ident: $asked:ident of $held:ident),*) => {$(
        pub struct $name;
        impl Ask for $name {
            const HELD: Tier = Tier::$held;
            const ASKED: Tier = Tier::$asked;
        }
    )*};
}
asks!(
    Permanent: Permanent of Permanent,
    Variable: Variable of Variable,
    PermanentSecond: Variable of Permanent,
    VariableSecond: Permanent of Variable
);

/// Ours.
pub struct Lookback<A: Ask>(pub Cache<Key, Block, ()>, PhantomData<A>);

impl<A: Ask> Rival for Lookback<A> {
    type Handle<'a>
        = Reader<Key, Block, ()>
    where
        A: 'a;

    fn new(capacity: usize) -> Self {
        let permanent_entries = if matches!(A::HELD, Tier::Permanent) { capacity / 2 } else { 0 };
        let options = Options { variable_entries: capacity, permanent_entries, ..Options::default() };
        Self(Cache::new(options, "1", ()).unwrap(), PhantomData)
    }

    fn handle(&self) -> Self::Handle<'_> {
        self.0.current().reader()
    }

    fn sum(reader: &mut Self::Handle<'_>, keys: &[Key]) -> f64 {
        keys.iter().filter_map(|key| reader.get(key, A::ASKED)).map(|block| block.0[0]).sum()
    }

    fn load(reader: &mut Self::Handle<'_>, keys: &[Key]) -> f64 {
        let load = |key| reader.get_or_load(key, A::HELD, |()| Ok(Block::of(key))).unwrap().0[0];
        let sum = keys.iter().map(load).sum();
        reader.refresh();
        sum
    }
}

/// Ours, bound by bytes and not by entries.
pub struct InBytes(Lookback<Variable>);

impl Rival for InBytes {
    type Handle<'a> = Reader<Key, Block, ()>;

    fn new(capacity: usize) -> Self {
        let cache = Lookback::<Variable>::new(1);
        cache.handle().put(Key::nth(0), Block::of(&Key::nth(0)), Tier::Variable);
        let options = Options {
            capacity_bytes: cache.0.current().resident_bytes() * capacity as u64,
            variable_entries: 2 * capacity,
            permanent_entries: 0,
            ..Options::default()
        };
        Self(Lookback(Cache::new(options, "1", ()).unwrap(), PhantomData))
    }

    fn handle(&self) -> Self::Handle<'_> {
        self.0.handle()
    }

    fn sum(reader: &mut Self::Handle<'_>, keys: &[Key]) -> f64 {
        Lookback::<Variable>::sum(reader, keys)
    }

    fn load(reader: &mut Self::Handle<'_>, keys: &[Key]) -> f64 {
        Lookback::<Variable>::load(reader, keys)
    }
}

/// Ours, with a clone of the `Arc` for each hit.
pub struct Owned(Lookback<Variable>);

impl Rival for Owned {
    type Handle<'a> = Reader<Key, Block, ()>;

    fn new(capacity: usize) -> Self {
        Self(Lookback::new(capacity))
    }

    fn handle(&self) -> Self::Handle<'_> {
        self.0.handle()
    }

    fn sum(reader: &mut Self::Handle<'_>, keys: &[Key]) -> f64 {
        keys.iter().filter_map(|key| reader.get_owned(key, Tier::Variable)).map(|block| block.0[0]).sum()
    }

    fn load(reader: &mut Self::Handle<'_>, keys: &[Key]) -> f64 {
        Lookback::<Variable>::load(reader, keys)
    }
}

/// The floor: a list of blocks and the place in it as the key. Holds what the keys of `Key::nth` name.
pub struct Slice(Vec<Block>);

impl Rival for Slice {
    type Handle<'a> = &'a [Block];

    fn new(capacity: usize) -> Self {
        Self((0..capacity).map(|index| Block::of(&Key::nth(index))).collect())
    }

    fn handle(&self) -> Self::Handle<'_> {
        &self.0
    }

    fn sum(blocks: &mut Self::Handle<'_>, keys: &[Key]) -> f64 {
        let place = |key: &Key| usize::try_from(key.stretch).unwrap() * 500 + key.asset as usize;
        keys.iter().filter_map(|key| blocks.get(place(key))).map(|block| block.0[0]).sum()
    }

    fn load(blocks: &mut Self::Handle<'_>, keys: &[Key]) -> f64 {
        Self::sum(blocks, keys)
    }
}

/// The load alone: what every miss pays.
pub struct Loader;

impl Rival for Loader {
    type Handle<'a> = ();

    fn new(_capacity: usize) -> Self {
        Self
    }

    fn handle(&self) -> Self::Handle<'_> {}

    fn sum((): &mut Self::Handle<'_>, _keys: &[Key]) -> f64 {
        0.0
    }

    fn load((): &mut Self::Handle<'_>, keys: &[Key]) -> f64 {
        keys.iter().map(|key| std::hint::black_box(Block::of(key)).0[0]).sum()
    }
}

/// `quick_cache`: evicts, locks a shard, clones.
pub struct QuickCache(quick_cache::sync::Cache<Key, Block, quick_cache::UnitWeighter, Hasher>);

impl QuickCache {
    /// Whether a key was held; it is held from now on.
    pub fn is_held_or_put(&self, key: &Key) -> bool {
        let is_held = self.0.get(key).is_some();
        if !is_held {
            self.0.insert(*key, Block(std::sync::Arc::default()));
        }
        is_held
    }
}

impl Rival for QuickCache {
    type Handle<'a> = &'a Self;

    fn new(capacity: usize) -> Self {
        Self(quick_cache::sync::Cache::with(
            capacity,
            capacity as u64,
            quick_cache::UnitWeighter,
            Hasher::default(),
            quick_cache::sync::DefaultLifecycle::default(),
        ))
    }

    fn handle(&self) -> Self::Handle<'_> {
        self
    }

    fn sum(cache: &mut Self::Handle<'_>, keys: &[Key]) -> f64 {
        keys.iter().filter_map(|key| cache.0.get(key)).map(|block| block.0[0]).sum()
    }

    fn load(cache: &mut Self::Handle<'_>, keys: &[Key]) -> f64 {
        let load =
            |key| cache.0.get_or_insert_with(key, || Ok::<_, std::convert::Infallible>(Block::of(key)));
        keys.iter().map(|key| load(key).unwrap().0[0]).sum()
    }
}

/// `moka`: evicts, counts references, keeps a log of reads.
pub struct Moka(moka::sync::Cache<Key, Block, Hasher>);

impl Rival for Moka {
    type Handle<'a> = &'a Self;

    fn new(capacity: usize) -> Self {
        Self(
            moka::sync::Cache::builder()
                .max_capacity(capacity as u64)
                .initial_capacity(capacity)
                .build_with_hasher(Hasher::default()),
        )
    }

    fn handle(&self) -> Self::Handle<'_> {
        self
    }

    fn sum(cache: &mut Self::Handle<'_>, keys: &[Key]) -> f64 {
        keys.iter().filter_map(|key| cache.0.get(key)).map(|block| block.0[0]).sum()
    }

    fn load(cache: &mut Self::Handle<'_>, keys: &[Key]) -> f64 {
        keys.iter().map(|key| cache.0.get_with(*key, || Block::of(key)).0[0]).sum()
    }
}

/// `lru` in a mutex: evicts; the number is read under the lock, so nothing is cloned.
pub struct Lru(Mutex<lru::LruCache<Key, Block, Hasher>>);

impl Rival for Lru {
    type Handle<'a> = &'a Self;

    fn new(capacity: usize) -> Self {
        let capacity = NonZeroUsize::new(capacity).unwrap();
        Self(Mutex::new(lru::LruCache::with_hasher(capacity, Hasher::default())))
    }

    fn handle(&self) -> Self::Handle<'_> {
        self
    }

    fn sum(cache: &mut Self::Handle<'_>, keys: &[Key]) -> f64 {
        keys.iter().filter_map(|key| cache.0.lock().unwrap().get(key).map(|block| block.0[0])).sum()
    }

    fn load(cache: &mut Self::Handle<'_>, keys: &[Key]) -> f64 {
        let load = |key: &Key| cache.0.lock().unwrap().get_or_insert(*key, || Block::of(key)).0[0];
        keys.iter().map(load).sum()
    }
}

/// `dashmap`: evicts nothing, locks a shard for reading.
pub struct DashMap(dashmap::DashMap<Key, Block, Hasher>);

impl Rival for DashMap {
    type Handle<'a> = &'a Self;

    fn new(capacity: usize) -> Self {
        Self(dashmap::DashMap::with_capacity_and_hasher(capacity, Hasher::default()))
    }

    fn handle(&self) -> Self::Handle<'_> {
        self
    }

    fn sum(map: &mut Self::Handle<'_>, keys: &[Key]) -> f64 {
        keys.iter().filter_map(|key| map.0.get(key).map(|block| block.0[0])).sum()
    }

    fn load(map: &mut Self::Handle<'_>, keys: &[Key]) -> f64 {
        keys.iter().map(|key| map.0.entry(*key).or_insert_with(|| Block::of(key)).0[0]).sum()
    }
}

/// `papaya` alone: evicts nothing, one pin for 64 requests.
pub struct Papaya(papaya::HashMap<Key, Block, Hasher>);

impl Rival for Papaya {
    type Handle<'a> = &'a Self;

    fn new(capacity: usize) -> Self {
        Self(papaya::HashMap::builder().capacity(capacity / 2).hasher(Hasher::default()).build())
    }

    fn handle(&self) -> Self::Handle<'_> {
        self
    }

    fn sum(map: &mut Self::Handle<'_>, keys: &[Key]) -> f64 {
        let some = |keys: &[Key]| -> f64 {
            let map = map.0.pin();
            keys.iter().filter_map(|key| map.get(key)).map(|block| block.0[0]).sum()
        };
        keys.chunks(64).map(some).sum()
    }

    fn load(map: &mut Self::Handle<'_>, keys: &[Key]) -> f64 {
        let some = |keys: &[Key]| -> f64 {
            let map = map.0.pin();
            keys.iter().map(|key| map.get_or_insert_with(*key, || Block::of(key)).0[0]).sum()
        };
        keys.chunks(64).map(some).sum()
    }
}

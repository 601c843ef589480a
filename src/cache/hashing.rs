//! How keys are hashed unless a cache is told otherwise.

use std::hash::{BuildHasher, Hasher};

use foldhash::fast::{FixedState, FoldHasher};

/// Hashes keys by foldhash with a fixed seed: two runs place and evict alike. Keys are the program's own, nobody's attack.
///
/// What a cache is made with, unless it is told otherwise by [`Cache::with_hasher`](super::Cache::with_hasher).
///
/// # Examples
/// ```
/// use std::hash::BuildHasher;
///
/// use lookback::cache::FixedHash;
/// assert_eq!(FixedHash.hash_one("AAPL"), FixedHash.hash_one("AAPL"));
/// assert_ne!(FixedHash.hash_one("AAPL"), FixedHash.hash_one("MSFT"));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct FixedHash;

impl BuildHasher for FixedHash {
    type Hasher = FixedHasher;

    #[inline]
    fn build_hasher(&self) -> FixedHasher {
        FixedHasher(FixedState::with_seed(0x6c6f_6f6b_6261_636b).build_hasher())
    }
}

/// The hasher of one key under [`FixedHash`].
///
/// # Examples
/// ```
/// use std::hash::{BuildHasher, Hash, Hasher};
///
/// use lookback::cache::FixedHash;
/// let mut hasher = FixedHash.build_hasher();
/// "AAPL".hash(&mut hasher);
/// assert_eq!(hasher.finish(), FixedHash.hash_one("AAPL"));
/// ```
#[derive(Clone)]
pub struct FixedHasher(FoldHasher<'static>);

impl std::fmt::Debug for FixedHasher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FixedHasher").finish_non_exhaustive()
    }
}

/// Hands each of these on to foldhash, which takes a number in one step.
macro_rules! forward {
    ($($write:ident: $number:ty),*) => {$(
        #[inline]
        fn $write(&mut self, number: $number) {
            self.0.$write(number);
        }
    )*};
}

impl Hasher for FixedHasher {
    forward!(
        write: &[u8],
        write_u8: u8,
        write_u16: u16,
        write_u32: u32,
        write_u64: u64,
        write_u128: u128,
        write_usize: usize
    );

    #[inline]
    fn finish(&self) -> u64 {
        self.0.finish()
    }
}

//! What an entry is and what it costs.

use std::marker::PhantomData;
use std::mem::size_of;
use std::ptr::NonNull;

use crate::sync::{AtomicBool, Ordering, Retire, Track};

/// The bytes that a value holds outside of itself, such as the numbers behind an `Arc<[f64]>`.
///
/// The answer must not change while the value is cached, and a clone must share them: `Clone` is called for a
/// waiter, a promotion or an inherited entry, and none of these reserves the bytes again.
///
/// # Examples
/// ```
/// use lookback::cache::Weigh;
/// struct Closes(std::sync::Arc<[f64]>);
/// impl Weigh for Closes {
///     fn payload_bytes(&self) -> u64 {
///         std::mem::size_of_val::<[f64]>(&self.0) as u64
///     }
/// }
/// assert_eq!(Closes([1.0, 2.0].into()).payload_bytes(), 16);
/// ```
pub trait Weigh {
    /// Bytes outside of the value itself.
    fn payload_bytes(&self) -> u64;
}

/// Where an entry is asked for.
///
/// # Examples
/// ```
/// # use lookback::cache::{Cache, Options, Tier, Weigh};
/// # #[derive(Clone)]
/// # struct Number(u64);
/// # impl Weigh for Number {
/// #     fn payload_bytes(&self) -> u64 {
/// #         0
/// #     }
/// # }
/// let cache: Cache<&str, Number> = Cache::without_source(Options { permanent_bytes: Some(0), ..Options::default() })?;
/// let reader = cache.current().reader();
/// reader.put("AAPL", Number(1), Tier::Permanent);
/// drop(reader);
/// let stats = cache.stats(); // no room for permanent entries: kept as variable
/// assert_eq!((stats.permanent.entries, stats.variable.entries, stats.overflow), (0, 1, 1));
/// # Ok::<(), lookback::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Tier {
    /// Kept until its generation ends, as long as the permanent bytes last.
    Permanent,
    /// Kept until room is needed.
    Variable,
}

impl Tier {
    #[inline]
    pub(super) fn other(self) -> Self {
        match self {
            Self::Permanent => Self::Variable,
            Self::Variable => Self::Permanent,
        }
    }
}

/// An entry of the variable tier, as slots point to it.
///
/// # Invariants
/// - I1: key, value, hash and weight never change after the entry was published; only the reference bit does.
///
/// Aligned to 16 bytes, as every allocation is: the bits of its pointer that this leaves free carry a tag in its
/// slot. A larger alignment would send each miss through `posix_memalign`, at 378 instructions a call.
#[derive(Debug)]
#[repr(align(16))]
pub(super) struct Entry<K, V> {
    referenced: ReferenceBit,
    pub(super) hash: u64,
    pub(super) key: K,
    pub(super) value: V,
    pub(super) weight_bytes: u64,
    pub(super) track: Track,
}

impl<K, V> Entry<K, V> {
    pub(super) fn new(hash: u64, key: K, value: V, weight_bytes: u64) -> Self {
        let referenced = ReferenceBit::default();
        Self { referenced, hash, key, value, weight_bytes, track: Track::new() }
    }
}

impl<K, V> Entry<K, V> {
    #[inline]
    pub(super) fn referenced(&self) -> &ReferenceBit {
        &self.referenced
    }
}

/// A published entry: reachable by readers for `'pin`, owned by the tier.
#[derive(Debug)]
pub(super) struct Lent<'pin, K, V>(NonNull<Entry<K, V>>, PhantomData<&'pin Entry<K, V>>);

impl<K, V> Clone for Lent<'_, K, V> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K, V> Copy for Lent<'_, K, V> {}

impl<'pin, K, V> Lent<'pin, K, V> {
    /// # Safety
    /// The entry must live for `'pin`, and nobody may hold `&mut` to it.
    #[inline]
    pub(super) unsafe fn new(entry: NonNull<Entry<K, V>>) -> Self {
        Self(entry, PhantomData)
    }

    /// The entry. A model is shown each look, so that one behind the end of its pin is reported.
    #[inline]
    pub(super) fn get(self) -> &'pin Entry<K, V> {
        // SAFETY: alive and shared for `'pin`, because `new` demands it.
        let entry = unsafe { self.0.as_ref() };
        entry.track.read();
        entry
    }

    /// The pointer that the box was leaked as, fit for freeing it.
    #[inline]
    pub(super) fn as_ptr(self) -> *mut Entry<K, V> {
        self.0.as_ptr()
    }
}

/// An entry that no slot names any more.
#[derive(Debug)]
pub(super) struct RetiredEntry<K, V>(NonNull<Entry<K, V>>);

impl<K, V> RetiredEntry<K, V> {
    pub(super) fn new(entry: Lent<'_, K, V>) -> Self {
        Self(entry.0)
    }
}

// SAFETY: it stands for the entry, which may be shared until it is freed and then dropped on any thread.
unsafe impl<K: Send + Sync, V: Send + Sync> Send for RetiredEntry<K, V> {}

impl<K: Send + Sync + 'static, V: Send + Sync + 'static> Retire for RetiredEntry<K, V> {
    type Target = Entry<K, V>;

    fn into_raw(self) -> NonNull<Entry<K, V>> {
        self.0
    }

    unsafe fn bytes(raw: NonNull<Entry<K, V>>) -> u64 {
        // SAFETY: not freed yet, says the caller, and shared only.
        unsafe { raw.as_ref() }.weight_bytes
    }

    unsafe fn track<'a>(raw: NonNull<Entry<K, V>>) -> &'a Track {
        // SAFETY: not freed yet, says the caller, and shared only.
        &unsafe { raw.as_ref() }.track
    }

    unsafe fn free(raw: NonNull<Entry<K, V>>) {
        // SAFETY: leaked from a box when it was inserted; nobody reads it any more, says the caller.
        drop(unsafe { Box::from_raw(raw.as_ptr()) });
    }
}

/// What an entry is charged: its payload, the entry itself, and its share of the tables.
///
/// Both tiers charge the same, so that a promotion moves its reservation as it is.
pub(super) fn weight_bytes<K, V: Weigh>(value: &V) -> u64 {
    value.payload_bytes().saturating_add(entry_bytes::<K, V>())
}

/// Bytes of the tables for each entry: two places, each an eighth of a cache line shared by seven and three numbers
/// of a queue, and half a ghost.
const TABLE_BYTES: usize = 48;

/// The cost of an entry beside its payload.
pub(super) const fn entry_bytes<K, V>() -> u64 {
    (size_of::<Entry<K, V>>() + TABLE_BYTES) as u64
}

/// Whether an entry was read since the hand last passed it.
#[derive(Debug, Default)]
pub(super) struct ReferenceBit(AtomicBool);

impl ReferenceBit {
    /// Sets the bit. Writes only where it is clear: in steady state a hit writes nothing that is shared.
    #[inline]
    pub(super) fn set(&self) {
        // ORDERING: Relaxed, twice: the bit guards no memory. A lost or late bit costs at most one eviction that
        // another order of the same accesses would have made too.
        if !self.0.load(Ordering::Relaxed) {
            self.0.store(true, Ordering::Relaxed);
        }
    }

    /// Reads the bit for the hand, which clears it in passing.
    pub(super) fn take(&self) -> bool {
        // ORDERING: Relaxed, twice: as in `set`. A hit between the two is lost, as if it had come before the first.
        let was_set = self.0.load(Ordering::Relaxed);
        if was_set {
            self.0.store(false, Ordering::Relaxed);
        }
        was_set
    }
}

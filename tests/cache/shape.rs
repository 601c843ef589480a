//! Who may be sent where, and how large it is.

use std::mem::size_of;
use std::rc::Rc;

use lookback::cache::{Cache, Generation, Reader, Stats};
use lookback::{Error, cache::Options};

use crate::item::Item;

/// Ambiguous, and so an error, where `T` is `Send`.
///
/// Source: the `static_assertions` crate, `assert_not_impl_any`.
trait NotSend<Marker> {
    fn holds() {}
}

impl<T: ?Sized> NotSend<()> for T {}

impl<T: ?Sized + Send> NotSend<u8> for T {}

fn is_send_and_sync<T: Send + Sync>() {}

#[test]
fn generations_go_to_every_thread_and_readers_stay() {
    is_send_and_sync::<Generation<u8, Item, u64>>();
    is_send_and_sync::<Cache<u8, Item, u64>>();
    is_send_and_sync::<Error>();
    // Compiles only while a reader is not `Send`.
    <Reader<u8, Item, u64> as NotSend<_>>::holds();
    // A source that must stay keeps its generation from going.
    <Generation<u8, Item, Rc<u64>> as NotSend<_>>::holds();
}

#[test]
fn handles_stay_small() {
    assert_eq!(size_of::<Generation<u8, Item, u64>>(), size_of::<usize>());
    // Two pins, a view, a list, eleven counts and a handle: one per thread.
    assert!(size_of::<Reader<u8, Item, u64>>() <= 256, "{}", size_of::<Reader<u8, Item, u64>>());
    assert!(size_of::<Stats>() <= 256);
    assert!(size_of::<Options>() <= 96);
    assert_eq!(size_of::<Result<Item, Error>>(), 24);
}

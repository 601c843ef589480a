//! Each thread's own readers: what makes a hit from Python as lock-free as one from Rust.
//!
//! A reader belongs to its thread, and Python's objects belong to none, so a portal's readers sit with the threads. A thread
//! that never calls again keeps its last reader, and so the bundle it read; it goes when the thread ends, or calls any portal.

use std::cell::RefCell;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use lookback::portal::PortalReader;
use lookback::{DataPortal, Error};
use tempfile::TempDir;

/// A portal, and how often it was given another bundle.
pub(crate) struct Shared {
    pub(crate) portal: DataPortal,
    edition: AtomicU64,
    /// Folders of bundles that have none of their own: snapshots of all of them may be alive.
    folders: Mutex<Vec<Arc<TempDir>>>,
}

impl Shared {
    pub(crate) fn new(portal: DataPortal) -> Arc<Self> {
        Arc::new(Self { portal, edition: AtomicU64::new(0), folders: Mutex::default() })
    }

    /// Keeps the folder of a bundle that is served for as long as the portal lives.
    pub(crate) fn keep(&self, folder: Option<&Arc<TempDir>>) {
        self.folders.lock().unwrap_or_else(PoisonError::into_inner).extend(folder.cloned());
    }

    /// Says that readers made before read an old bundle.
    pub(crate) fn changed(&self) {
        // Release: who sees the new number sees the bundle that came before it.
        self.edition.fetch_add(1, Ordering::Release);
    }
}

struct Seat {
    portal: Weak<Shared>,
    edition: u64,
    uses: u32,
    reader: PortalReader,
}

/// Loans end after so many calls, so that a thread holds back no memory for long. What Python holds is held by counts.
const USES: u32 = 64;

thread_local! {
    static SEATS: RefCell<Vec<Seat>> = const { RefCell::new(Vec::new()) };
}

/// Asks this thread's reader of a portal, as it is now.
///
/// Nothing of Python's is called meanwhile.
pub(crate) fn ask<T>(
    shared: &Arc<Shared>,
    ask: impl FnOnce(&PortalReader) -> Result<T, Error>,
) -> Result<T, Error> {
    SEATS.with_borrow_mut(|seats| {
        let edition = shared.edition.load(Ordering::Acquire);
        let is_its = |seat: &Seat| std::ptr::eq(seat.portal.as_ptr(), Arc::as_ptr(shared));
        let seat = match seats.iter().position(|seat| is_its(seat) && seat.edition == edition) {
            Some(at) => &mut seats[at],
            None => open(seats, shared, edition),
        };
        seat.uses += 1;
        if seat.uses >= USES {
            seat.uses = 0;
            seat.reader.refresh();
        }
        ask(&seat.reader)
    })
}

#[cold]
fn open<'a>(seats: &'a mut Vec<Seat>, shared: &Arc<Shared>, edition: u64) -> &'a mut Seat {
    // Portals that are gone, and the bundle that this one served before.
    seats.retain(|seat| {
        seat.portal.strong_count() > 0 && !std::ptr::eq(seat.portal.as_ptr(), Arc::as_ptr(shared))
    });
    let reader = shared.portal.snapshot().reader();
    seats.push(Seat { portal: Arc::downgrade(shared), edition, uses: 0, reader });
    seats.last_mut().expect("one was pushed")
}

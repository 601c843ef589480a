//! The stand-in for epochs in models: a book of pins. `super` has the invariants and orderings.

use std::collections::BTreeSet;

use super::{Arc, Limbo, Retire};
use loom::sync::atomic::{AtomicUsize, Ordering, fence};

/// Marks memory as freed, and gives the step that gives it back.
type Bury = Box<dyn FnOnce() -> Box<dyn FnOnce()>>;

/// The stand-in for epochs: what is retired is freed as soon as every pin that was held at that moment has ended
/// or was refreshed, whatever pins began since.
///
/// That is as early as epochs may ever free, and mostly earlier than they do. A thread that forgets to pin is not
/// waited for, and what is retired before it was unpublished is freed under whoever finds it then. Freed memory is
/// marked and kept until the collector ends, so that a late read is reported instead of being undefined.
#[derive(Debug)]
pub(crate) struct Collector(Arc<State>);

struct State {
    limbo: std::sync::Arc<Limbo>,
    /// Orders pins, retirements and frees; its value means nothing.
    turns: AtomicUsize,
    // Not modelled: no step of loom lies between taking this lock and letting it go.
    books: std::sync::Mutex<Books>,
}

#[derive(Default)]
struct Books {
    pins: usize,
    held: BTreeSet<usize>,
    limbo: Vec<(BTreeSet<usize>, Bury)>,
    graveyard: Vec<Box<dyn FnOnce()>>,
}

// SAFETY: `limbo` holds closures over `T: Retire`, which is Send, and `graveyard` what they return; both are
// reached under their lock only.
unsafe impl Send for State {}
// SAFETY: as above.
unsafe impl Sync for State {}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("State").field("turns", &self.turns).finish_non_exhaustive()
    }
}

impl Collector {
    pub(crate) fn new() -> Self {
        Self(Arc::new(State {
            limbo: std::sync::Arc::new(Limbo::new()),
            turns: AtomicUsize::new(0),
            books: std::sync::Mutex::default(),
        }))
    }

    pub(crate) fn pin(&self) -> Pin {
        let id = self.0.start();
        Pin { state: self.0.clone(), id, _not_send: std::marker::PhantomData }
    }

    /// The count of what is in limbo here.
    pub(crate) fn limbo(&self) -> &std::sync::Arc<Limbo> {
        &self.0.limbo
    }
}

impl State {
    fn books(&self) -> std::sync::MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn start(&self) -> usize {
        // ORDERING: Acquire, pairs with the AcqRel in `retire`: a pin that is not waited for sees unpublished
        // what was retired before it began (I1).
        self.turns.fetch_add(1, Ordering::Acquire);
        fence(Ordering::SeqCst);
        let mut books = self.books();
        books.pins += 1;
        let id = books.pins;
        books.held.insert(id);
        id
    }

    fn end(&self, id: usize) {
        // ORDERING: AcqRel: Release ends this thread's reads before what it held back is freed, Acquire sees
        // those of the others that held it back (I1).
        self.turns.fetch_add(1, Ordering::AcqRel);
        let mut books = self.books();
        books.held.remove(&id);
        books.limbo.iter_mut().for_each(|(waits_for, _)| {
            waits_for.remove(&id);
        });
        drop(books);
        self.bury();
    }

    fn retire(&self, bury: Bury) {
        // ORDERING: AcqRel, pairs with the Acquire in `start`.
        self.turns.fetch_add(1, Ordering::AcqRel);
        let mut books = self.books();
        let waits_for = books.held.clone();
        books.limbo.push((waits_for, bury));
    }

    /// Buries what nobody holds back any more.
    fn bury(&self) {
        let mut books = self.books();
        let (free, held): (Vec<_>, Vec<_>) =
            books.limbo.drain(..).partition(|(waits_for, _)| waits_for.is_empty());
        books.limbo = held;
        drop(books);
        for (_, bury) in free {
            let give_back = bury();
            self.books().graveyard.push(give_back);
        }
    }
}

impl Drop for State {
    fn drop(&mut self) {
        // The last handle is gone, and no pin outlives its generation.
        self.books().limbo.iter_mut().for_each(|(waits_for, _)| waits_for.clear());
        self.bury();
        let graveyard = std::mem::take(&mut self.books().graveyard);
        graveyard.into_iter().for_each(|give_back| give_back());
    }
}

/// A thread's hold on memory. `!Send`.
#[derive(Debug)]
pub(crate) struct Pin {
    state: Arc<State>,
    id: usize,
    _not_send: std::marker::PhantomData<*mut ()>,
}

impl Pin {
    /// Frees `retired` when no pin of now is left.
    ///
    /// # Safety
    /// Whoever pins from now on must have no way to reach `retired`, and it is retired once.
    pub(crate) unsafe fn retire<T: Retire>(&self, retired: T) {
        let limbo = self.state.limbo.clone();
        let raw = retired.into_raw();
        // SAFETY: not freed yet: that is what it is handed over for.
        let bytes = unsafe { T::bytes(raw) };
        limbo.add(bytes);
        self.state.retire(Box::new(move || {
            // SAFETY: the memory is given back later, in the collector's drop.
            unsafe { T::track(raw) }.bury();
            limbo.subtract(bytes);
            Box::new(move || {
                // SAFETY: the collector is being dropped: no pin is left, and this runs once.
                unsafe { T::free(raw) };
            })
        }));
    }

    /// Ends the hold and takes a new one.
    pub(crate) fn refresh(&mut self) {
        self.state.end(self.id);
        self.id = self.state.start();
    }

    /// Whether it holds memory of that collector.
    pub(crate) fn belongs_to(&self, collector: &Collector) -> bool {
        Arc::ptr_eq(&self.state, &collector.0)
    }

    pub(crate) fn drain(&mut self) {}
}

impl Drop for Pin {
    fn drop(&mut self) {
        self.state.end(self.id);
    }
}

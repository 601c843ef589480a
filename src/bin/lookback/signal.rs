//! Signals that end a sweep: the first one asks, the second one is obeyed at once.

#![forbid(unsafe_code)]

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::flag;

use crate::exit::Exit;

/// The signals that ask for an end, by number and name.
const SIGNALS: [(i32, u8, &str); 3] =
    [(SIGHUP, 1, "SIGHUP"), (SIGINT, 2, "SIGINT"), (SIGTERM, 15, "SIGTERM")];

/// Listens from its making on. Trials that run are finished, and no other starts.
#[derive(Debug)]
pub struct Stop {
    asked: Arc<AtomicBool>,
    /// The number of the last signal; 0 where none came.
    number: Arc<AtomicUsize>,
}

/// A signal that came.
#[derive(Clone, Copy, Debug)]
pub struct Signal {
    number: u8,
    pub name: &'static str,
}

impl Stop {
    pub fn listen() -> io::Result<Self> {
        let stop = Self { asked: Arc::default(), number: Arc::default() };
        for (signal, number, _) in SIGNALS {
            // In this order: a signal finds the flag as the one before left it.
            let code = i32::from(Exit::Signal(number).code());
            flag::register_conditional_shutdown(signal, code, Arc::clone(&stop.asked))?;
            flag::register_usize(signal, Arc::clone(&stop.number), usize::from(number))?;
            flag::register(signal, Arc::clone(&stop.asked))?;
        }
        Ok(stop)
    }

    /// True once a signal came.
    pub fn flag(&self) -> &AtomicBool {
        &self.asked
    }

    /// Ends the listening: the signal that came until now, while later ones end the program at once.
    pub fn close(self) -> Option<Signal> {
        // ORDERING: Relaxed: both stand for themselves, they publish nothing.
        self.asked.store(true, Ordering::Relaxed);
        let came = self.number.load(Ordering::Relaxed);
        let found = SIGNALS.into_iter().find(|(_, number, _)| usize::from(*number) == came);
        found.map(|(_, number, name)| Signal { number, name })
    }
}

impl From<Signal> for Exit {
    fn from(signal: Signal) -> Self {
        Self::Signal(signal.number)
    }
}

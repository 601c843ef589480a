//! Who asks for files: takes their assets one after the other, so that none waits for the whole file to be read.

#![forbid(unsafe_code)]

use std::cell::RefCell;

use super::rows::Rows;
use crate::error::Error;

/// Takes the assets of files.
pub(in crate::bundle) trait Taker {
    /// Hears of the rows or bytes that were read since it last did, and of all that there are.
    fn progress(&self, read: u64, of: u64) {
        let _ = (read, of);
    }

    /// Takes an asset, checked.
    fn take(&self, rows: Rows) -> Result<(), Error>;

    /// Whether there is a place beside memory where rows can be parked.
    fn can_park(&self) -> bool {
        false
    }

    /// Parks bytes, where that can be done.
    fn park(&self, bytes: &[u8]) -> Result<Place, Error> {
        unreachable!("{} bytes are parked where there is no place", bytes.len())
    }

    /// What was parked there.
    fn fetch(&self, place: Place) -> Result<Vec<u8>, Error> {
        unreachable!("nothing was parked at {place:?}")
    }
}

/// Where bytes were parked.
#[derive(Clone, Copy, Debug)]
pub(in crate::bundle) struct Place {
    pub(in crate::bundle) start: u64,
    pub(in crate::bundle) bytes: usize,
}

/// Keeps all assets in memory.
#[derive(Debug, Default)]
pub(in crate::bundle) struct All(pub(in crate::bundle) RefCell<Vec<Rows>>);

impl Taker for All {
    fn take(&self, rows: Rows) -> Result<(), Error> {
        self.0.borrow_mut().push(rows);
        Ok(())
    }
}

//! Numbers and texts as bytes, the smallest byte first, and back.

#![forbid(unsafe_code)]

use crate::error::Error;

/// Bytes that grow.
#[derive(Default, Debug)]
pub(in crate::sweep) struct Writer(Vec<u8>);

impl Writer {
    pub(in crate::sweep) fn number(&mut self, number: u64) {
        self.0.extend(number.to_le_bytes());
    }

    pub(in crate::sweep) fn len(&mut self, len: usize) {
        self.number(len as u64);
    }

    pub(in crate::sweep) fn wide(&mut self, number: i128) {
        self.0.extend(number.to_le_bytes());
    }

    pub(in crate::sweep) fn float(&mut self, number: f64) {
        self.number(number.to_bits());
    }

    pub(in crate::sweep) fn text(&mut self, text: &str) {
        self.len(text.len());
        self.0.extend(text.as_bytes());
    }

    /// Moves the bytes of another one behind its own.
    pub(in crate::sweep) fn append(&mut self, other: &mut Self) {
        self.0.append(&mut other.0);
    }

    pub(in crate::sweep) fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}

/// Bytes that are taken from the front; where they end too early, they are not what they should be.
#[derive(Clone, Copy, Debug)]
pub(in crate::sweep) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(in crate::sweep) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(in crate::sweep) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], Error> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or_else(ends)?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        self.take(N)?.try_into().map_err(|_| ends())
    }

    pub(in crate::sweep) fn number(&mut self) -> Result<u64, Error> {
        self.array().map(u64::from_le_bytes)
    }

    pub(in crate::sweep) fn wide(&mut self) -> Result<i128, Error> {
        self.array().map(i128::from_le_bytes)
    }

    pub(in crate::sweep) fn float(&mut self) -> Result<f64, Error> {
        self.number().map(f64::from_bits)
    }

    pub(in crate::sweep) fn floats<const N: usize>(&mut self) -> Result<[f64; N], Error> {
        let mut floats = [0.0; N];
        for float in &mut floats {
            *float = self.float()?;
        }
        Ok(floats)
    }

    /// An index into something that fits memory.
    pub(in crate::sweep) fn index(&mut self) -> Result<usize, Error> {
        usize::try_from(self.number()?).map_err(|_| ends())
    }

    /// A number of things of at least so many bytes each: there cannot be more than the bytes hold.
    pub(in crate::sweep) fn len(&mut self, bytes_each: usize) -> Result<usize, Error> {
        let len = self.index()?;
        let is_there = len.checked_mul(bytes_each).is_some_and(|bytes| bytes <= self.0.len());
        if is_there { Ok(len) } else { Err(ends()) }
    }

    pub(in crate::sweep) fn text(&mut self) -> Result<&'a str, Error> {
        let len = self.len(1)?;
        str::from_utf8(self.take(len)?).map_err(|_| Error::load("a text that is none"))
    }
}

fn ends() -> Error {
    Error::load("ends too early")
}

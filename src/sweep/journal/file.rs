//! A file of what a run has finished: a head, and records that are appended.
//!
//! # Format
//! Numbers are of 8 bytes, the smallest first.
//! - head: `LOOKBKJ2`, the length of a text, the text (JSON), the SHA-256 of the text
//! - record: `LOOKBKR1`, its first slab, how many slabs, the length of what is kept of them, that, the SHA-256 of all before

#![forbid(unsafe_code)]

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use crate::error::{Error, ErrorKind};

/// Ends in the number of the format, which grows when what a record holds changes.
const HEAD: &[u8; 8] = b"LOOKBKJ2";
const RECORD: &[u8; 8] = b"LOOKBKR1";

/// Bytes of a record before what is kept, and of a digest.
const FRAME: usize = 32;
const DIGEST: usize = 32;

/// The longest head: rules, and assets by name.
const MOST_HEAD: u64 = 1 << 26;

/// A record as it was read.
#[derive(Debug)]
pub(in crate::sweep) struct Recorded {
    /// Its first slab, by its place among those of all assets.
    pub(in crate::sweep) first: usize,
    /// How many slabs it is of.
    pub(in crate::sweep) slabs: usize,
    /// What is kept of them.
    pub(in crate::sweep) kept: Vec<u8>,
}

/// A file of records.
#[derive(Debug)]
pub(super) struct Records {
    path: PathBuf,
    file: File,
    head: Map<String, Value>,
    /// Where the records start, and where the last whole one ends.
    start: u64,
    end: u64,
}

impl Records {
    /// Makes a file with a head alone; one that is there is lost.
    pub(super) fn create(path: &Path, head: Map<String, Value>) -> Result<Self, Error> {
        let failed = |error| Error::io(path.display(), "writing", error);
        let text = Value::Object(head.clone()).to_string();
        let mut bytes = HEAD.to_vec();
        bytes.extend((text.len() as u64).to_le_bytes());
        bytes.extend(text.as_bytes());
        bytes.extend(Sha256::digest(&text));
        let make = || {
            let file = OpenOptions::new().read(true).write(true).create(true).truncate(true).open(path)?;
            (&file).write_all(&bytes)?;
            file.sync_all()?;
            Ok(file)
        };
        let (file, end) = (make().map_err(failed)?, bytes.len() as u64);
        let records = Self { path: path.to_owned(), file, head, start: end, end };
        records.lock()?;
        Ok(records)
    }

    /// Opens a file: to go on with it, or only to read.
    pub(super) fn open(path: &Path, is_written: bool) -> Result<Self, Error> {
        let failed = |error| Error::io(path.display(), "reading", error);
        let file = OpenOptions::new().read(true).write(is_written).open(path).map_err(failed)?;
        let corrupt = |message: &str| corrupt(path, message);
        let mut frame = [0; 16];
        let mut input = BufReader::new(&file);
        let is_whole = read_whole(&mut input, &mut frame).map_err(failed)?;
        let (magic, len) = frame.split_at(8);
        if is_whole && magic != HEAD && magic[..7] == HEAD[..7] {
            let (found, own) = (char::from(magic[7]), char::from(HEAD[7]));
            return Err(corrupt(&format!(
                "is of format {found}, expected {own}: go on with the release that began it, or begin it anew"
            )));
        }
        if !is_whole || magic != HEAD {
            return Err(corrupt("does not begin as a journal or a part does"));
        }
        let len = u64::from_le_bytes(len.try_into().unwrap_or_default());
        let mut text = vec![0; usize::try_from(len.min(MOST_HEAD)).unwrap_or_default()];
        let mut digest = [0; DIGEST];
        let is_whole = read_whole(&mut input, &mut text).map_err(failed)?
            && read_whole(&mut input, &mut digest).map_err(failed)?;
        if !is_whole || digest[..] != Sha256::digest(&text)[..] {
            return Err(corrupt("its head was cut or edited"));
        }
        let Ok(Value::Object(head)) = serde_json::from_slice(&text) else {
            return Err(corrupt("its head is no JSON object"));
        };
        let start = 16 + len + DIGEST as u64;
        let records = Self { path: path.to_owned(), file, head, start, end: start };
        if is_written {
            records.lock()?;
        }
        Ok(records)
    }

    /// Two programs that append to one file would write over each other.
    fn lock(&self) -> Result<(), Error> {
        match self.file.try_lock() {
            Err(TryLockError::WouldBlock) => {
                let message = "another program writes it; wait for its end, or end it";
                Err(Error::invalid(self.path.display().to_string(), message))
            }
            // Some network file systems have no locks.
            Ok(()) | Err(TryLockError::Error(_)) => Ok(()),
        }
    }

    pub(super) fn head(&self) -> &Map<String, Value> {
        &self.head
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Gives the file a name, which stays once the machine is switched off.
    pub(super) fn rename(&mut self, path: &Path) -> Result<(), Error> {
        let give = || {
            self.file.sync_all()?;
            fs::rename(&self.path, path)?;
            let folder = path.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."));
            File::open(folder)?.sync_all()
        };
        give().map_err(|error| Error::io(path.display(), "writing", error))?;
        path.clone_into(&mut self.path);
        Ok(())
    }

    /// Reads every whole record in order, and returns the bytes behind the last one: of a record that was being written
    /// when the program or the machine was stopped.
    ///
    /// # Errors
    /// `Corrupt` where a record that others follow is not what was written; and what `take` fails with.
    pub(super) fn read(&mut self, mut take: impl FnMut(Recorded) -> Result<(), Error>) -> Result<u64, Error> {
        let failed = |error| Error::io(self.path.display(), "reading", error);
        let all = self.file.metadata().map_err(failed)?.len();
        let mut input = BufReader::with_capacity(1 << 16, &self.file);
        input.seek(SeekFrom::Start(self.start)).map_err(failed)?;
        self.end = self.start;
        while let Some(after) = self.end.checked_add(FRAME as u64).filter(|after| *after <= all) {
            let mut frame = [0; FRAME];
            read_whole(&mut input, &mut frame).map_err(failed)?;
            let number = |at: usize| u64::from_le_bytes(frame[at..at + 8].try_into().unwrap_or_default());
            let end = after.checked_add(number(24)).and_then(|end| end.checked_add(DIGEST as u64));
            let Some(end) = end.filter(|end| &frame[..8] == RECORD && *end <= all) else { break };
            let mut kept = vec![0; usize::try_from(number(24)).unwrap_or_default()];
            let mut digest = [0; DIGEST];
            let is_whole = read_whole(&mut input, &mut kept).map_err(failed)?
                && read_whole(&mut input, &mut digest).map_err(failed)?;
            if !is_whole || digest[..] != digest_of(&frame, &kept) {
                if end < all {
                    let message = format!("the record at byte {} was cut or edited", self.end);
                    return Err(corrupt(&self.path, &message));
                }
                break;
            }
            let index = |at: usize| usize::try_from(number(at)).unwrap_or(usize::MAX);
            take(Recorded { first: index(8), slabs: index(16), kept })?;
            self.end = end;
        }
        Ok(all - self.end)
    }

    /// Appends a record behind the last whole one, and returns once it is on the disk.
    pub(super) fn append(&mut self, first: usize, slabs: usize, kept: &[u8]) -> Result<(), Error> {
        let mut frame = [0; FRAME];
        frame[..8].copy_from_slice(RECORD);
        for (place, number) in [(8, first), (16, slabs), (24, kept.len())] {
            frame[place..place + 8].copy_from_slice(&(number as u64).to_le_bytes());
        }
        let mut write = || {
            self.file.set_len(self.end)?;
            self.file.seek(SeekFrom::Start(self.end))?;
            self.file.write_all(&frame)?;
            self.file.write_all(kept)?;
            self.file.write_all(&digest_of(&frame, kept))?;
            self.file.sync_data()
        };
        if let Err(error) = write() {
            // What was begun is of no use; if it stays, it is cut off when the file is gone on with.
            let _ = self.file.set_len(self.end);
            return Err(Error::io(self.path.display(), "writing", error));
        }
        self.end += (FRAME + kept.len() + DIGEST) as u64;
        Ok(())
    }
}

fn digest_of(frame: &[u8], kept: &[u8]) -> [u8; DIGEST] {
    Sha256::new().chain_update(frame).chain_update(kept).finalize().into()
}

/// Fills a buffer; false where the file ends before.
fn read_whole(input: &mut impl Read, buffer: &mut [u8]) -> std::io::Result<bool> {
    match input.read_exact(buffer) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

fn corrupt(path: &Path, message: &str) -> Error {
    Error::new(ErrorKind::Corrupt { file: path.display().to_string(), message: message.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(folder: &Path) -> PathBuf {
        let path = folder.join("a");
        let head = Map::from_iter([("a".to_owned(), Value::from(1))]);
        let mut records = Records::create(&path, head).unwrap();
        (0..3).for_each(|at| records.append(at, 1, &[7; 40]).unwrap());
        path
    }

    fn read(path: &Path) -> Result<(usize, u64), Error> {
        let mut count = 0;
        let torn = Records::open(path, false)?.read(|record| {
            assert_eq!((record.first, &record.kept[..]), (count, &[7; 40][..]));
            count += 1;
            Ok(())
        })?;
        Ok((count, torn))
    }

    #[test]
    fn a_file_that_is_cut_anywhere_is_one_of_fewer_records() {
        let folder = tempfile::tempdir().unwrap();
        let path = written(folder.path());
        let bytes = std::fs::read(&path).unwrap();
        let (record, head) = (FRAME + 40 + DIGEST, bytes.len() - 3 * (FRAME + 40 + DIGEST));
        for end in 0..=bytes.len() {
            std::fs::write(&path, &bytes[..end]).unwrap();
            match read(&path) {
                Ok((count, torn)) => {
                    assert_eq!((count, torn), ((end - head) / record, ((end - head) % record) as u64));
                }
                Err(error) => assert!(end < head && error.to_string().contains("is corrupt"), "{error}"),
            }
        }
    }

    #[test]
    fn a_byte_that_was_edited_is_found_wherever_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = written(folder.path());
        let bytes = std::fs::read(&path).unwrap();
        for at in 0..bytes.len() {
            let mut edited = bytes.clone();
            edited[at] ^= 0x10;
            std::fs::write(&path, &edited).unwrap();
            // In the last record it looks as one that was torn.
            assert!(
                read(&path).is_err() || read(&path).is_ok_and(|(count, torn)| count < 3 && torn > 0),
                "{at}"
            );
        }
    }

    #[test]
    fn what_is_appended_after_a_torn_record_takes_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let path = written(folder.path());
        let bytes = std::fs::read(&path).unwrap();
        std::fs::write(&path, &bytes[..bytes.len() - 9]).unwrap();
        let mut records = Records::open(&path, true).unwrap();
        assert!(records.read(|_| Ok(())).unwrap() > 0);
        records.append(2, 1, &[7; 40]).unwrap();
        drop(records);
        assert_eq!(std::fs::read(&path).unwrap(), bytes);
    }
}

//! The text of a file, in pieces of whole lines: one of all where it is in memory, some of a megabyte from a disk.

#![forbid(unsafe_code)]

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Seek as _, SeekFrom};

use super::container;
use super::parse_error;
use crate::error::Error;

/// Bytes of a piece, or of a line where that is longer.
const PIECE_BYTES: usize = 1 << 20;

/// A text that can be gone through more than once.
#[derive(Debug)]
pub(super) enum Text<'a> {
    Held(&'a str),
    /// UTF-8 on a disk, after a mark that says so, or none.
    Disk(&'a File),
}

impl Text<'_> {
    /// How many bytes there are.
    pub(super) fn bytes(&self) -> u64 {
        match self {
            Self::Held(text) => text.len() as u64,
            Self::Disk(file) => file.metadata().map_or(0, |data| data.len()),
        }
    }

    /// Goes through pieces of whole lines, each with the number of its first; stops where `see` says false.
    pub(super) fn pieces(
        &self,
        name: &str,
        see: &mut dyn FnMut(&str, u64) -> Result<bool, Error>,
    ) -> Result<(), Error> {
        let file = match self {
            Self::Held(text) => return see(text, 1).map(drop),
            Self::Disk(file) => *file,
        };
        let fail = |error| Error::io(name, "cannot be read", error);
        let mut file = BufReader::with_capacity(PIECE_BYTES, file);
        file.seek(SeekFrom::Start(0)).map_err(fail)?;
        let (mut bytes, mut line) = (Vec::new(), 1);
        loop {
            bytes.clear();
            file.by_ref().take(PIECE_BYTES as u64).read_to_end(&mut bytes).map_err(fail)?;
            // To the end of the line that the piece was cut in.
            file.read_until(b'\n', &mut bytes).map_err(fail)?;
            if bytes.is_empty() {
                return Ok(());
            }
            let start =
                if line == 1 && bytes.starts_with(container::UTF8) { container::UTF8.len() } else { 0 };
            let text = std::str::from_utf8(&bytes[start..]).map_err(|error| {
                let before = lines(&bytes[..start + error.valid_up_to()]);
                parse_error(name, line + before, container::not_text("UTF-8"))
            })?;
            if !see(text, line)? {
                return Ok(());
            }
            line += lines(&bytes);
        }
    }

    /// Whether a byte of ASCII is in it.
    pub(super) fn has(&self, name: &str, byte: u8) -> Result<bool, Error> {
        let mut is_there = false;
        self.pieces(name, &mut |piece, _| {
            is_there = piece.as_bytes().contains(&byte);
            Ok(!is_there)
        })?;
        Ok(is_there)
    }

    /// The first lines.
    pub(super) fn top(&self, name: &str, lines: usize) -> Result<Vec<String>, Error> {
        let mut top = Vec::new();
        self.pieces(name, &mut |piece, _| {
            top.extend(piece.lines().take(lines - top.len()).map(str::to_owned));
            Ok(top.len() < lines)
        })?;
        Ok(top)
    }
}

fn lines(bytes: &[u8]) -> u64 {
    bytes.iter().filter(|&&byte| byte == b'\n').count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_on_a_disk_is_that_text_line_by_line() {
        let long = "x".repeat(PIECE_BYTES + 7);
        let mut text: String = (0..200_000).map(|line| format!("{line},ä,12.5\r\n")).collect();
        text.push_str(&long);
        text.push_str("\n\nlast");
        let path = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(&path, format!("\u{feff}{text}")).unwrap();
        let file = File::open(&path).unwrap();
        let numbered = |text: &Text<'_>| {
            let mut all = Vec::new();
            text.pieces("a.csv", &mut |piece, first| {
                all.extend(piece.lines().map(str::to_owned).zip(first..));
                Ok(true)
            })
            .unwrap();
            all
        };
        let disk = Text::Disk(&file);
        assert_eq!(numbered(&disk), numbered(&Text::Held(&text)));
        assert_eq!(disk.top("a.csv", 2).unwrap(), ["0,ä,12.5", "1,ä,12.5"]);
        assert!(disk.has("a.csv", b'x').unwrap() && !disk.has("a.csv", b'"').unwrap());
    }

    #[test]
    fn what_is_no_text_is_told_of_with_its_line() {
        let path = tempfile::NamedTempFile::new().unwrap();
        let mut bytes = "date,open\n".repeat(150_000).into_bytes();
        bytes.push(0xff);
        std::fs::write(&path, bytes).unwrap();
        let file = File::open(&path).unwrap();
        let error = Text::Disk(&file).pieces("a.csv", &mut |_, _| Ok(true)).unwrap_err().to_string();
        assert!(error.starts_with("a.csv line 150001: is not UTF-8 text, expected a CSV file"), "{error}");
    }
}

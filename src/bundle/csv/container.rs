//! Unpacks files: gzip, zstd, bzip2 and zip, known by their first bytes and not by their names; UTF-8 or UTF-16 text.

#![forbid(unsafe_code)]

use std::borrow::Cow;
use std::io::{Cursor, Read};

use bzip2::read::MultiBzDecoder;
use flate2::read::MultiGzDecoder;
use ruzstd::decoding::StreamingDecoder;
use zip::ZipArchive;

use super::parse_error;
use crate::error::Error;

const GZIP: &[u8] = &[0x1f, 0x8b];
const ZSTD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];
const BZIP2: &[u8] = b"BZh";
const ZIP: &[u8] = b"PK\x03\x04";
const EMPTY_ZIP: &[u8] = b"PK\x05\x06";

/// The mark that some write before UTF-8.
pub(super) const UTF8: &[u8] = &[0xef, 0xbb, 0xbf];

/// The endings of the packings, as file names have them.
pub(super) const ENDINGS: [&str; 5] = [".gz", ".zst", ".bz2", ".zip", ".zstd"];

/// A file within a file, or the file itself.
#[derive(Debug)]
pub(super) struct Member<'a> {
    /// What errors call it.
    pub(super) name: String,
    pub(super) bytes: Cow<'a, [u8]>,
}

/// The files that a file holds, unpacked: itself, where it is no zip.
pub(super) fn members<'a>(name: &str, bytes: &'a [u8]) -> Result<Vec<Member<'a>>, Error> {
    if bytes.starts_with(ZIP) || bytes.starts_with(EMPTY_ZIP) {
        return unzip(name, bytes);
    }
    Ok(vec![Member { name: name.to_owned(), bytes: unpack(name, bytes)? }])
}

/// The one file that a file holds.
pub(super) fn only<'a>(name: &str, bytes: &'a [u8]) -> Result<Cow<'a, [u8]>, Error> {
    let mut members = members(name, bytes)?;
    match members.len() {
        1 => Ok(members.remove(0).bytes),
        count => Err(Error::invalid(name, format!("holds {count} files, expected one"))),
    }
}

fn unpack<'a>(name: &str, bytes: &'a [u8]) -> Result<Cow<'a, [u8]>, Error> {
    let mut unpacked = Vec::new();
    let (packing, read) = if bytes.starts_with(GZIP) {
        ("gzip", MultiGzDecoder::new(bytes).read_to_end(&mut unpacked))
    } else if bytes.starts_with(BZIP2) {
        ("bzip2", MultiBzDecoder::new(bytes).read_to_end(&mut unpacked))
    } else if bytes.starts_with(ZSTD) {
        ("zstd", unpack_zstd(bytes, &mut unpacked))
    } else {
        return Ok(Cow::Borrowed(bytes));
    };
    read.map_err(|error| Error::invalid(name, format!("is not a whole {packing} file: {error}")))?;
    Ok(Cow::Owned(unpacked))
}

/// All frames, one after the other, as the tools write and read them.
fn unpack_zstd(mut bytes: &[u8], unpacked: &mut Vec<u8>) -> std::io::Result<usize> {
    let mut total = 0;
    while !bytes.is_empty() {
        let mut decoder = StreamingDecoder::new(&mut bytes).map_err(std::io::Error::other)?;
        total += decoder.read_to_end(unpacked)?;
    }
    Ok(total)
}

fn unzip<'a>(name: &str, bytes: &[u8]) -> Result<Vec<Member<'a>>, Error> {
    let broken =
        |error: zip::result::ZipError| Error::invalid(name, format!("is not a whole zip file: {error}"));
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(broken)?;
    let mut members = Vec::new();
    for index in 0..archive.len() {
        let mut file = archive.by_index(index).map_err(broken)?;
        // macOS puts a folder of its own beside the files.
        if file.is_dir() || file.name().starts_with("__MACOSX/") {
            continue;
        }
        let name = format!("{name}/{}", file.name());
        let mut unpacked = Vec::new();
        file.read_to_end(&mut unpacked)
            .map_err(|error| Error::invalid(&name, format!("cannot be unpacked: {error}")))?;
        members.push(Member { name, bytes: Cow::Owned(unpacked) });
    }
    if members.is_empty() {
        return Err(Error::invalid(name, "is a zip without files, expected at least one"));
    }
    members.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(members)
}

/// Whether a file that begins so is UTF-8 as it lies there, if it is a text at all.
pub(super) fn is_plain(start: &[u8]) -> bool {
    let others: [&[u8]; 7] = [GZIP, ZSTD, BZIP2, ZIP, EMPTY_ZIP, &[0xff, 0xfe], &[0xfe, 0xff]];
    !others.iter().any(|magic| start.starts_with(magic))
}

/// What is said of a file that is no text.
pub(super) fn not_text(what: &str) -> String {
    format!("is not {what} text, expected a CSV file, plain or packed by gzip, zstd, bzip2 or zip")
}

/// The text of a file: UTF-8, or UTF-16 that says so by its byte order mark.
pub(super) fn text<'a>(name: &str, bytes: Cow<'a, [u8]>) -> Result<Cow<'a, str>, Error> {
    const LITTLE: &[u8] = &[0xff, 0xfe];
    const BIG: &[u8] = &[0xfe, 0xff];
    let refuse = |before: &[u8], what: &str| {
        let line = 1 + before.iter().filter(|&&byte| byte == b'\n').count();
        parse_error(name, line as u64, not_text(what))
    };
    let utf16 = |units: fn([u8; 2]) -> u16| {
        let (pairs, rest) = bytes[2..].as_chunks::<2>();
        let text = String::from_utf16(&pairs.iter().map(|&pair| units(pair)).collect::<Vec<u16>>());
        text.ok().filter(|_| rest.is_empty()).map(Cow::Owned).ok_or_else(|| refuse(&[], "whole UTF-16"))
    };
    if bytes.starts_with(LITTLE) {
        return utf16(u16::from_le_bytes);
    }
    if bytes.starts_with(BIG) {
        return utf16(u16::from_be_bytes);
    }
    match bytes {
        Cow::Borrowed(bytes) => std::str::from_utf8(bytes.strip_prefix(UTF8).unwrap_or(bytes))
            .map(Cow::Borrowed)
            .map_err(|error| refuse(&bytes[..error.valid_up_to()], "UTF-8")),
        Cow::Owned(mut bytes) => {
            if bytes.starts_with(UTF8) {
                bytes.drain(..UTF8.len());
            }
            String::from_utf8(bytes)
                .map(Cow::Owned)
                .map_err(|error| refuse(&error.as_bytes()[..error.utf8_error().valid_up_to()], "UTF-8"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn utf_16_is_known_by_its_byte_order_mark() {
        for units in [u16::to_le_bytes as fn(u16) -> [u8; 2], u16::to_be_bytes] {
            let bytes: Vec<u8> = "\u{feff}Datum;Schluß".encode_utf16().flat_map(units).collect();
            assert_eq!(text("a.csv", Cow::Borrowed(&bytes)).unwrap(), "Datum;Schluß");
            let cut = text("a.csv", Cow::Borrowed(&bytes[..bytes.len() - 1])).unwrap_err().to_string();
            assert!(cut.starts_with("a.csv line 1: is not whole UTF-16 text"), "{cut}");
        }
    }
}

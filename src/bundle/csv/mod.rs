//! Reads bars from the files that vendors write, checking every row.
//!
//! A file is unpacked (`container`), parted into fields (`dialect`), its columns are found (`layout`, `header`, with what
//! `preset` knows of its vendor), and each row becomes a bar (`reader`: `moment`, `number`). Nothing is guessed in silence:
//! what was read as what is said of each file.
//!
//! Tables of columns, as Parquet files are (`table`), are read as if they were printed. A large text is read in pieces and a
//! small one whole (`text`); lines are counted exactly, blank rows included, so that an error names the line that an editor
//! shows. Assets go one after the other to whoever asked for the file (`taker`).

#![forbid(unsafe_code)]

use std::borrow::Cow;
use std::fs;
use std::io::{Read as _, Seek as _};
use std::panic::resume_unwind;
use std::path::Path;
use std::thread;

use rust_decimal::Decimal;

use super::digest::Digest;
use super::origin::TimestampUnit;
use crate::error::{Error, ErrorKind};

mod absurd;
mod civil;
mod container;
mod date;
mod dialect;
mod field;
mod file_name;
mod frequency;
mod header;
mod layout;
mod moment;
mod number;
mod packed;
mod preset;
mod reader;
mod rows;
mod scale;
mod stamped;
mod table;
mod taker;
mod tally;
mod text;

pub use dialect::Delimiter;
pub use number::DecimalMark;
pub use preset::Preset;

pub(super) use moment::Zone;
pub(super) use number::{parse as parse_number, ratio as parse_ratio};
pub(super) use rows::{EventColumns, Rows};
pub(super) use taker::{All, Place, Taker};

use reader::Reader;
use table::Kind;
use text::Text;

/// How files are read: what is not said is seen in the file, or known of its vendor.
#[derive(Clone, Default, Debug)]
pub(super) struct Options {
    /// The asset's name where the file has no column for it; otherwise what the file's name tells.
    pub(super) symbol: Option<String>,
    /// Widens high and low to hold open and close, and skips rows that are blank or lack a price.
    pub(super) lenient: bool,
    /// Leaves the columns of events unread: they come from elsewhere.
    pub(super) ignore_events: bool,
    pub(super) allow_negative: bool,
    pub(super) preset: Option<Preset>,
    /// The names of the columns of a file without a header, or in place of it.
    pub(super) columns: Option<Vec<String>>,
    pub(super) delimiter: Option<Delimiter>,
    pub(super) decimal: Option<DecimalMark>,
    /// Of times without an offset, and of the dates of daily bars.
    pub(super) zone: Option<Zone>,
    pub(super) date_format: Option<String>,
    pub(super) price_scale: Option<Decimal>,
    pub(super) room: Room,
}

/// What a file may take of memory while it is read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Room {
    /// A larger text is read in pieces.
    pub(super) text_bytes: u64,
    /// More rows are parked where there is a place for them.
    pub(super) rows: usize,
}

impl Default for Room {
    /// 32 MiB of text, and about 100 MB of rows.
    fn default() -> Self {
        Self { text_bytes: 1 << 25, rows: 1 << 20 }
    }
}

impl Options {
    /// The zone that a vendor's files are in, where none is asked for.
    pub(super) fn known_zone(preset: Option<Preset>) -> Option<&'static str> {
        preset.and_then(|preset| preset.row().time_zone)
    }
}

/// What a file holds.
#[derive(Debug)]
pub(super) struct File {
    pub(super) unit: TimestampUnit,
    /// What was read as what.
    pub(super) reading: String,
    /// What was passed over or mended, for the user.
    pub(super) notes: Vec<String>,
}

/// Reads and checks a file, or the files of a zip; `name` is what errors call it.
pub(super) fn read(
    name: &str,
    bytes: &[u8],
    options: &Options,
    taker: &dyn Taker,
) -> Result<Vec<File>, Error> {
    let read = |member: container::Member<'_>| {
        if let Some(kind) = Kind::of(&member.bytes) {
            return table::read(kind, &member.name, member.bytes, options, taker);
        }
        let text = container::text(&member.name, member.bytes)?;
        Reader::read(&member.name, &Text::Held(&text), options, taker)
    };
    container::members(name, bytes)?.into_iter().map(read).collect()
}

/// Reads and checks a file of the disk, with the digest of its bytes; a table batch by batch, a large text piece by piece.
pub(super) fn read_file(
    path: &Path,
    name: &str,
    options: &Options,
    taker: &dyn Taker,
) -> Result<(Vec<File>, Digest), Error> {
    let fail = |error| Error::io(name, "cannot be read", error);
    let mut file = fs::File::open(path).map_err(fail)?;
    let mut magic = Vec::new();
    file.by_ref().take(Kind::MAGIC_BYTES).read_to_end(&mut magic).map_err(fail)?;
    file.rewind().map_err(fail)?;
    let kind = Kind::of(&magic);
    let is_large = file.metadata().is_ok_and(|data| data.is_file() && data.len() > options.room.text_bytes);
    if kind.is_none() && !(is_large && container::is_plain(&magic)) {
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(fail)?;
        return Ok((read(name, &bytes, options, taker)?, Digest::of(&bytes)));
    }
    // The digest takes a tenth of the time that the rows do: it is worked out beside them.
    let mut again = fs::File::open(path).map_err(fail)?;
    thread::scope(|scope| {
        let digest = scope.spawn(move || Digest::of_reader(&mut again));
        let read = match kind {
            Some(kind) => table::read_file(kind, name, file, options, taker),
            None => Reader::read(name, &Text::Disk(&file), options, taker),
        };
        let digest = digest.join().unwrap_or_else(|panic| resume_unwind(panic)).map_err(fail)?;
        Ok((vec![read?], digest))
    })
}

/// An error at a line of a file.
pub(super) fn parse_error(file: &str, line: u64, message: String) -> Error {
    Error::new(ErrorKind::Parse { file: file.to_owned(), line, message })
}

/// The text of a file that holds one table.
pub(super) fn decode<'a>(name: &str, bytes: &'a [u8]) -> Result<Cow<'a, str>, Error> {
    container::text(name, container::only(name, bytes)?)
}

/// The fields of a line, parted by commas.
pub(super) fn split(line: &str) -> Vec<Cow<'_, str>> {
    let mut fields = Vec::new();
    dialect::split(line, Delimiter::Comma, &mut fields);
    fields
}

/// Whether a file may be one to read, by the endings of its name.
pub(super) fn is_table(name: &str) -> bool {
    let name = name.to_lowercase();
    container::ENDINGS.iter().chain(&file_name::TABLES).any(|ending| name.ends_with(ending))
}

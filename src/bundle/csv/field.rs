//! The fields of a row by what they are, and numbers out of them.

#![forbid(unsafe_code)]

use std::borrow::Cow;

use rust_decimal::Decimal;

use super::header::{Header, Role};
use super::number;

/// A field by its role; empty where the file has no such column.
pub(super) fn field<'f>(header: &Header, fields: &'f [Cow<'_, str>], role: Role) -> &'f str {
    header.position(role).map_or("", |position| &fields[position])
}

/// A number, or what is wrong with it and which flag lets a missing one pass.
pub(super) fn parsed(
    header: &Header,
    role: Role,
    number: Result<Decimal, String>,
    text: &str,
) -> Result<Decimal, String> {
    number.map_err(|message| {
        let hint = match () {
            () if number::is_missing(text) && role == Role::Volume => ", or pass --lenient to take it as 0",
            () if number::is_missing(text) && role != Role::AdjustedClose => {
                ", or pass --lenient to skip such rows"
            }
            () if message.ends_with("not negative") && role != Role::Volume => {
                "; --allow-negative lets prices at or below 0 pass"
            }
            () => "",
        };
        format!("{} {message}{hint}", header.name(role))
    })
}

/// The value of a column of events, if the file has it and the row's field is not empty.
pub(super) fn event<T>(
    has_column: bool,
    header: &Header,
    fields: &[Cow<'_, str>],
    role: Role,
    parse: fn(&str) -> Result<T, String>,
) -> Result<Option<T>, String> {
    let text = if has_column { field(header, fields, role) } else { "" };
    let value = (!text.is_empty()).then(|| parse(text)).transpose();
    value.map_err(|message| format!("{} {message}", header.name(role)))
}

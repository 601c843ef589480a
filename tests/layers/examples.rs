//! The share of public items that show how they are used: their doc holds an example, and the example asserts.

use std::collections::{BTreeMap, BTreeSet};

use crate::source::Source;

/// Public items of one room, and those of them with an example.
#[derive(Clone, Copy, Default, Debug, PartialEq)]
pub struct Share {
    pub items: usize,
    pub shown: usize,
}

/// The name of the type whose `impl` block opens after `start`; empty where it implements a trait.
fn implemented<'a>(source: &Source<'a>, start: usize) -> &'a str {
    let (mut depth, mut name) = (0, "");
    for index in start.. {
        match source.text(index) {
            "<" => depth += 1,
            ">" if source.text(index - 1) != "-" => depth -= 1,
            "for" if depth == 0 => return "",
            "{" | "where" | "" => break,
            word if depth == 0 && word.starts_with(char::is_alphabetic) => name = word,
            _ => {}
        }
    }
    name
}

/// The name of the item that a `pub` declares; none for fields, modules and what is passed on.
fn declared<'a>(source: &Source<'a>, after_pub: usize) -> Option<&'a str> {
    let mut at = after_pub;
    while matches!(source.text(at), "async" | "const" | "unsafe") && source.text(at + 2) != ":" {
        at += 1;
    }
    let is_item = matches!(source.text(at), "const" | "enum" | "fn" | "static" | "struct" | "trait" | "type");
    is_item.then(|| source.text(at + 1))
}

/// Whether the doc above a line holds an example that asserts.
fn is_shown(source: &Source<'_>, line: usize) -> bool {
    let above = source.lines[..line].iter().rev().map(|line| line.trim());
    let doc = above.take_while(|line| line.starts_with("///") || line.starts_with('#')).collect::<Vec<_>>();
    doc.iter().any(|line| line.starts_with("/// ```")) && doc.iter().any(|line| line.contains("assert"))
}

/// Every item that users of the crate can name: its room, its name and whether it is shown.
fn items<'a>(sources: &[Source<'a>]) -> Vec<(&'a str, &'a str, bool)> {
    let mut passed_on = BTreeSet::new();
    let mut open_rooms = BTreeSet::new();
    for source in sources {
        let starts =
            (0..source.tokens.len()).filter(|&at| (source.text(at), source.text(at + 1)) == ("pub", "use"));
        for start in starts {
            passed_on
                .extend((start..).map(|at| source.text(at)).take_while(|word| !matches!(*word, ";" | "")));
        }
        if source.room() == "lib" {
            open_rooms.extend(source.declared().filter(|(_, is_open)| *is_open).map(|(token, _)| token.text));
        }
    }
    let mut found = Vec::new();
    for source in sources {
        let is_open = source.module().len() == 1 && open_rooms.contains(source.room());
        // The types whose `impl` blocks we are in.
        let (mut depth, mut holder) = (0, None);
        for (index, token) in source.tokens.iter().enumerate() {
            match token.text {
                "impl" if depth == 0 => holder = Some(implemented(source, index + 1)),
                "{" => depth += 1,
                "}" => {
                    depth -= 1;
                    holder = holder.filter(|_| depth > 0);
                }
                "pub" => {
                    let Some(name) = declared(source, index + 1) else { continue };
                    if is_open || passed_on.contains(holder.unwrap_or(name)) {
                        found.push((source.room(), name, is_shown(source, token.line)));
                    }
                }
                _ => {}
            }
        }
    }
    found
}

/// The share of each room.
pub fn shares<'a>(sources: &[Source<'a>]) -> BTreeMap<&'a str, Share> {
    let mut found = BTreeMap::<_, Share>::new();
    for (room, _, is_shown) in items(sources) {
        let share = found.entry(room).or_default();
        share.items += 1;
        share.shown += usize::from(is_shown);
    }
    found
}

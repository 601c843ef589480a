//! Circles: files or inner rooms of one room that import each other, each needing the other to be understood.
//!
//! A name that a room's front passes on counts as imported from the file that holds it. The front itself is no part of
//! a circle: it and what is behind it know each other.

use std::collections::{BTreeMap, BTreeSet};

use crate::source::{Import, Source};

/// The files of one crate by their modules, each with what it imports.
struct House<'a>(BTreeMap<Vec<&'a str>, (&'a str, Vec<Import<'a>>)>);

/// Who imports whom in one room, and the first place that says so.
type Edges<'a> = BTreeMap<(&'a str, &'a str), String>;

impl<'a> House<'a> {
    /// The module that holds what a path names.
    fn owner(&self, path: &[&'a str], passed_on: usize) -> Vec<&'a str> {
        let known = (0..=path.len()).rev().find(|&len| self.0.contains_key(&path[..len])).unwrap_or(0);
        let (module, rest) = path.split_at(known);
        let (Some((_, imports)), Some(name)) = (self.0.get(module), rest.first()) else {
            return module.to_vec();
        };
        match imports.iter().find(|import| import.name == Some(name)) {
            // Two fronts that pass a name on to each other do not compile; the limit keeps the test from hanging.
            Some(import) if import.path != path && passed_on < 8 => {
                self.owner(&[&import.path[..], &rest[1..]].concat(), passed_on + 1)
            }
            _ => module.to_vec(),
        }
    }

    /// The imports between what is in one room, for each room.
    fn edges(&self) -> BTreeMap<Vec<&'a str>, Edges<'a>> {
        let mut rooms: BTreeMap<_, Edges<'a>> = BTreeMap::new();
        for (here, (path, imports)) in &self.0 {
            for import in imports {
                let there = self.owner(&import.path, 0);
                let shared = here.iter().zip(&there).take_while(|(one, other)| one == other).count();
                if let (Some(from), Some(to)) = (here.get(shared), there.get(shared)) {
                    let place = || format!("{from} -> {to}: src/{path} line {}", import.line + 1);
                    let room = rooms.entry(here[..shared].to_vec()).or_default();
                    room.entry((*from, *to)).or_insert_with(place);
                }
            }
        }
        rooms
    }
}

/// All that `from` imports, itself or through others.
fn reached<'a>(edges: &Edges<'a>, from: &'a str) -> BTreeSet<&'a str> {
    let (mut found, mut open) = (BTreeSet::new(), vec![from]);
    while let Some(one) = open.pop() {
        let next = edges.keys().filter(|(importer, _)| *importer == one).map(|(_, imported)| *imported);
        open.extend(next.filter(|imported| found.insert(*imported)));
    }
    found
}

/// The circles of one crate: its room and who is in it, as one line, and the imports that close it.
pub fn circles<'a>(files: impl IntoIterator<Item = Source<'a>>) -> BTreeMap<String, Vec<String>> {
    let entry = |source: Source<'a>| (source.module(), (source.path, source.imports()));
    let house = House(files.into_iter().map(entry).collect());
    let mut found = BTreeMap::new();
    for (room, edges) in house.edges() {
        for (from, _) in edges.keys() {
            let forth = reached(&edges, from);
            let circle = forth
                .iter()
                .copied()
                .filter(|one| reached(&edges, one).contains(from))
                .collect::<BTreeSet<_>>();
            if circle.contains(from) {
                let inside =
                    edges.iter().filter(|((from, to), _)| circle.contains(from) && circle.contains(to));
                let members = circle.iter().copied().collect::<Vec<_>>().join(", ");
                let place = if room.is_empty() { "the root".to_owned() } else { room.join("/") };
                found.insert(format!("{place}: {members}"), inside.map(|(_, place)| place.clone()).collect());
            }
        }
    }
    found
}

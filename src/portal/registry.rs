//! What a portal knows whatever bundle it serves: small ids for what requests name, and its permanent windows.

#![forbid(unsafe_code)]

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use crate::asset::{Field, Symbol};
use crate::cache::Tier;
use crate::error::Error;
use crate::indicator::Indicator;
use crate::time::Frequency;

/// The columns of a request by name: every field of every asset, asset-major.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Names {
    pub(super) assets: Vec<Symbol>,
    pub(super) fields: Vec<Field>,
    pub(super) frequency: Frequency,
}

impl Names {
    /// Takes at least one asset and one field, each once: columns of one name could not be told apart.
    pub(super) fn new(
        assets: impl IntoIterator<Item = impl AsRef<str>>,
        fields: impl IntoIterator<Item = Field>,
        frequency: Frequency,
    ) -> Result<Self, Error> {
        let assets: Vec<Symbol> = assets.into_iter().map(|name| Symbol::from(name.as_ref())).collect();
        let fields: Vec<Field> = fields.into_iter().collect();
        check_list("asset", &assets)?;
        check_list("field", &fields)?;
        Ok(Self { assets, fields, frequency })
    }
}

fn check_list<T: Hash + Eq + fmt::Display>(what: &str, list: &[T]) -> Result<(), Error> {
    if list.is_empty() {
        return Err(Error::invalid("request", format!("no {what}, expected at least one")));
    }
    let mut seen = HashSet::new();
    match list.iter().find(|item| !seen.insert(*item)) {
        None => Ok(()),
        Some(twice) => {
            Err(Error::invalid("request", format!("{what} {twice} is named twice, expected once")))
        }
    }
}

/// Interned [`Names`]: requests for the same columns in the same order share one, and with it their blocks.
#[derive(Debug)]
pub struct Selection {
    id: u32,
    names: Names,
}

impl Selection {
    /// Dense within one portal, so that a reader indexes by it.
    pub(super) fn id(&self) -> u32 {
        self.id
    }

    pub(super) fn names(&self) -> &Names {
        &self.names
    }
}

/// The ids of one portal, and its permanent windows. They outlive its bundle versions: a request made before
/// a replacement keeps its id.
///
/// The ids only grow, by one small entry for each distinct list of columns, and for each node of a rule that was ever asked
/// of the cache: what is worked out in a worker's own memory has none.
#[derive(Debug)]
pub struct Registry {
    permanent_windows: Vec<usize>,
    selections: Mutex<HashMap<Names, Arc<Selection>>>,
    /// Assets by name: a version may number them otherwise than the one before.
    assets: Mutex<HashMap<Symbol, u32>>,
    indicators: Mutex<HashMap<Indicator, u32>>,
    /// Columns of rules by their canonical form.
    columns: Mutex<HashMap<String, u32>>,
}

impl Registry {
    pub(super) fn new(permanent_windows: Vec<usize>) -> Self {
        Self {
            permanent_windows,
            selections: Mutex::default(),
            assets: Mutex::default(),
            indicators: Mutex::default(),
            columns: Mutex::default(),
        }
    }

    pub(super) fn permanent_windows(&self) -> &[usize] {
        &self.permanent_windows
    }

    /// Which tier is asked for is a matter of the exact bar count, not of the class: a block that only odd
    /// windows use may be evicted.
    pub(super) fn tier(&self, bar_count: usize) -> Tier {
        if self.permanent_windows.contains(&bar_count) { Tier::Permanent } else { Tier::Variable }
    }

    pub(super) fn selection(&self, names: &Names) -> Arc<Selection> {
        let mut selections = self.selections.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = selections.get(names) {
            return known.clone();
        }
        let id = next_id(&selections);
        let selection = Arc::new(Selection { id, names: names.clone() });
        selections.insert(names.clone(), selection.clone());
        selection
    }

    /// The selection of an id.
    pub(super) fn selection_of(&self, id: u32) -> Option<Arc<Selection>> {
        let selections = self.selections.lock().unwrap_or_else(PoisonError::into_inner);
        selections.values().find(|selection| selection.id == id).cloned()
    }

    /// The id of an asset: the same in every version.
    pub(super) fn asset(&self, symbol: &Symbol) -> u32 {
        let mut assets = self.assets.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(&known) = assets.get(symbol) {
            return known;
        }
        let id = next_id(&assets);
        assets.insert(symbol.clone(), id);
        id
    }

    /// The asset of an id.
    pub(super) fn symbol(&self, asset: u32) -> Option<Symbol> {
        let assets = self.assets.lock().unwrap_or_else(PoisonError::into_inner);
        assets.iter().find(|(_, id)| **id == asset).map(|(symbol, _)| symbol.clone())
    }

    pub(super) fn indicator(&self, indicator: &Indicator) -> u32 {
        let mut indicators = self.indicators.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(&known) = indicators.get(indicator) {
            return known;
        }
        let id = next_id(&indicators);
        indicators.insert(indicator.clone(), id);
        id
    }

    /// The id of a column of a rule: the same for the same canonical form, whichever rule it is part of.
    pub(super) fn column(&self, canonical: &str) -> u32 {
        let mut columns = self.columns.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(&known) = columns.get(canonical) {
            return known;
        }
        let id = next_id(&columns);
        columns.insert(canonical.to_owned(), id);
        id
    }

    /// How many columns of rules have an id.
    pub(super) fn columns(&self) -> usize {
        self.columns.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

fn next_id<K: Hash + Eq, V>(known: &HashMap<K, V>) -> u32 {
    u32::try_from(known.len()).expect("memory ends before the ids do")
}

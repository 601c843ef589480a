//! Small ids for what requests name: a list of columns, an indicator.

#![forbid(unsafe_code)]

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use crate::asset::{Field, Symbol};
use crate::indicator::Indicator;
use crate::time::Frequency;

/// The columns of a request by name: every field of every asset, asset-major.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Names {
    pub(super) assets: Vec<Symbol>,
    pub(super) fields: Vec<Field>,
    pub(super) frequency: Frequency,
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

/// The ids of one portal. They outlive its bundle versions: a request made before a replacement keeps its id.
///
/// It only grows, by one small entry for each distinct list of columns ever asked for.
#[derive(Default, Debug)]
pub struct Registry {
    selections: Mutex<HashMap<Names, Arc<Selection>>>,
    indicators: Mutex<HashMap<Indicator, u32>>,
}

impl Registry {
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

    pub(super) fn indicator(&self, indicator: &Indicator) -> u32 {
        let mut indicators = self.indicators.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(&known) = indicators.get(indicator) {
            return known;
        }
        let id = next_id(&indicators);
        indicators.insert(indicator.clone(), id);
        id
    }
}

fn next_id<K: Hash + Eq, V>(known: &HashMap<K, V>) -> u32 {
    u32::try_from(known.len()).expect("memory ends before the ids do")
}

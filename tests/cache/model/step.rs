//! What is asked of the cache and of the plain model alike, and what comes back.

use lookback::cache::Tier;

use crate::item::Item;

pub(super) const READERS: usize = 3;

#[derive(Clone, Debug)]
pub(super) enum Step {
    Get {
        reader: usize,
        key: u8,
        tier: Tier,
    },
    Load {
        reader: usize,
        key: u8,
        tier: Tier,
        loader: Loader,
    },
    Put {
        reader: usize,
        key: u8,
        tier: Tier,
        payload: u64,
    },
    Remove {
        reader: usize,
        key: u8,
    },
    Refresh {
        reader: usize,
    },
    /// Drops the reader, and takes one of the current generation.
    Renew {
        reader: usize,
    },
    Drop {
        reader: usize,
    },
    Invalidate {
        is_new: bool,
    },
    Keep {
        keys: u8,
    },
}

#[derive(Clone, Debug)]
pub(super) enum Loader {
    Gives {
        payload: u64,
    },
    Fails,
    Panics,
    /// Comes back into the cache first.
    After {
        step: Box<Step>,
        loader: Box<Loader>,
    },
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Answer {
    Item(Option<Item>),
    Failed,
    Panicked,
    Is(bool),
}

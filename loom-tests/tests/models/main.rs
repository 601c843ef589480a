//! The models, a module for each protocol; one binary, so that the cache is compiled once.
//!
//! Under `--cfg crossbeam_loom` the variable tier runs on the real epochs, and only the models of those do.

#[cfg(not(crossbeam_loom))]
mod bounds;
#[cfg(not(crossbeam_loom))]
mod clock;
#[cfg(not(crossbeam_loom))]
mod counters;
#[cfg(not(crossbeam_loom))]
mod downstream;
#[cfg(crossbeam_loom)]
mod epochs;
#[cfg(not(crossbeam_loom))]
mod flight;
#[cfg(not(crossbeam_loom))]
mod invalidate;
#[cfg(not(crossbeam_loom))]
mod overflow;
#[cfg(not(crossbeam_loom))]
mod permanent;
#[cfg(not(crossbeam_loom))]
mod promotion;
#[cfg(not(crossbeam_loom))]
mod reclaim;

#![cfg_attr(feature = "portal", doc = include_str!("../README.md"))]
#![cfg_attr(
    not(feature = "portal"),
    doc = "A lock-free history cache: see [`cache`]. Features add bundles, windows and sweeps."
)]

// Layer 0: foundations.
pub mod error;
mod sync;

// Layer 1: vocabulary.
#[cfg(feature = "portal")]
pub mod asset;
#[cfg(feature = "portal")]
pub mod block;
#[cfg(feature = "portal")]
#[cfg_attr(not(feature = "sweep"), allow(dead_code, reason = "rules compare, and only sweeps cross"))]
mod compare;
#[cfg(feature = "portal")]
pub mod decimal;
#[cfg(feature = "portal")]
mod nearest;
#[cfg(feature = "sweep")]
mod parameter;
#[cfg(feature = "portal")]
mod sum;
#[cfg(feature = "portal")]
pub mod time;

// Layer 2: engines that do not know each other, and what computes columns, which knows neither.
#[cfg(feature = "portal")]
pub mod bundle;
pub mod cache;
#[cfg(feature = "portal")]
pub mod indicator;
#[cfg(feature = "portal")]
pub mod rule;

// Layer 3.
#[cfg(feature = "portal")]
#[cfg_attr(
    not(feature = "sweep"),
    allow(dead_code, unused_imports, reason = "only sweeps ask for the columns of rules")
)]
pub mod portal;

// Layer 4: windows of a caller's own data, and backtests.
#[cfg(feature = "portal")]
pub mod history;
#[cfg(feature = "sweep")]
pub mod strategies;
#[cfg(feature = "sweep")]
pub mod sweep;

// Layer 5: what is shown of them.
#[cfg(feature = "sweep")]
pub mod report;

pub use error::{Error, ErrorKind};

#[cfg(feature = "portal")]
pub use asset::{AssetId, Column, Columns, Field, Symbol};
#[cfg(feature = "portal")]
pub use block::{Block, OwnedWindow, Window};
#[cfg(feature = "portal")]
pub use bundle::Bundle;
#[cfg(feature = "portal")]
pub use history::{HistoryCache, HistoryReader, WindowKey};
#[cfg(feature = "portal")]
pub use indicator::Indicator;
#[cfg(feature = "portal")]
pub use portal::{Adjust, DataPortal, End, FrameShape, NamedWindow, PortalReader, Request, Short, Snapshot};
#[cfg(feature = "portal")]
pub use time::{Calendar, Frequency, Timestamp, When};

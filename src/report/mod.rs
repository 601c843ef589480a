//! Pages that one can show: a sweep, what became of it on unseen bars, and one backtest in full.
//!
//! Each is one HTML file that asks for nothing outside. All figures are worked out here; the page's script draws, sorts and
//! filters them. Equal results make equal bytes: no page holds the time at which it was made.

#![forbid(unsafe_code)]

mod figures;
mod html;
mod number;
mod packed;
mod page;
mod ratio;
mod series;
mod sweep;
mod tear_sheet;
mod validation;

pub use figures::{Drawdown, Figure, FigureUnit, Figures, Month, Trip};
pub use number::{amount, bytes, count, counted, grouped, heading, merit, metric};
pub use page::Facts;
pub use sweep::{BestRun, SweepPage};
pub use tear_sheet::TearSheet;
pub use validation::ValidationPage;

#[cfg(doctest)]
#[doc = include_str!("../../docs/report.md")]
struct Docs;

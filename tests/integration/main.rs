//! The one integration binary: a module per subject.

#![cfg(feature = "cli")]
#![forbid(unsafe_code)]
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    clippy::float_cmp,
    clippy::unwrap_used,
    reason = "tests make small numbers, compare bits where bits are promised, and fail by panicking"
)]

mod adjust;
mod any_window;
mod append;
mod bitemporal;
mod bundle;
mod cli_exit;
mod cli_output;
mod cli_rules;
mod cli_search;
mod cli_sweep;
mod cli_talk;
mod cli_usage;
mod clock;
mod dates;
mod decimal;
mod derived;
mod event_columns;
mod files;
mod frequencies;
mod functions;
mod grid;
mod history;
mod history_cache;
mod honesty;
mod ingest;
mod ingest_options;
mod journal;
mod jumps;
mod metrics;
mod models;
mod naive;
mod naive_coarse;
mod naive_rule;
mod names;
#[cfg(feature = "parquet")]
mod parquet;
mod portal;
mod positions;
mod refresh;
mod replay;
mod report;
mod result_columns;
mod rule_fuzz;
mod rule_language;
mod rule_sweeps;
mod rules;
mod schema;
mod shapes;
mod shards;
mod shell;
mod stocks;
mod streaming;
mod sweep;
mod vendors;
mod verify;
mod versions;
mod wake;
mod walk_forward;

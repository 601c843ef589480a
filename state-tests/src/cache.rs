//! The library's files, and the world that the models step through.

#[path = "../../src/cache/boarding.rs"]
mod boarding;
#[path = "../../src/cache/budget.rs"]
mod budget;
#[path = "../../src/cache/change.rs"]
mod change;
#[path = "../../src/cache/desk.rs"]
mod desk;
#[path = "../../src/cache/entry.rs"]
mod entry;
#[path = "../../src/cache/flight.rs"]
mod flight;
#[path = "../../src/cache/log.rs"]
mod log;
#[path = "../../src/cache/options.rs"]
mod options;
#[path = "../../src/cache/permanent.rs"]
mod permanent;
#[path = "../../src/cache/policy/mod.rs"]
mod policy;
#[path = "../../src/cache/publication.rs"]
mod publication;
#[path = "../../src/cache/stats.rs"]
mod stats;
#[path = "../../src/cache/table.rs"]
mod table;
#[path = "../../src/cache/variable.rs"]
mod variable;

pub mod world;

pub use options::Options;
pub use policy::Policy;

//! What `sweep` and `run` share: which trials, on what, under which rules.

#![forbid(unsafe_code)]

mod cache;
mod config;
mod count;
mod format;
mod honesty;
mod strategy;
mod sweep;
mod symbol;
mod validation;

use std::path::PathBuf;

use lookback::portal::{Adjust, DataPortal};
use lookback::sweep::{Costs, FillAt, Parameter, Rates, Settings, Sweep};
use lookback::{Bundle, When};

pub use cache::CacheArguments;
pub use config::{TABLES, flag, matches};
pub use count::{count, positive_count};
pub use format::Format;
pub use honesty::HonestyArguments;
pub use strategy::{Chosen, RuleArguments};
pub use sweep::{Axes, SweepArguments};
pub use symbol::symbol;
pub use validation::{Scheme, ValidationArguments};

/// Which trials, and how they are run.
#[derive(clap::Args, Debug)]
pub struct TrialArguments {
    /// Folder of an ingested bundle [default: the embedded sample]
    #[arg(long, value_name = "DIR")]
    pub bundle: Option<PathBuf>,
    /// Assets by symbol [default: all of the bundle]
    #[arg(long, value_name = "A,B", value_delimiter = ',', value_parser = symbol)]
    pub asset: Vec<String>,
    /// Values of a parameter: NAME=START:END[:STEP], NAME=log:START:END[:COUNT] or NAME=a,b,c [default: the strategy's own]
    #[arg(long = "param", value_name = "NAME=VALUES")]
    pub parameters: Vec<Parameter>,
    #[command(flatten)]
    pub expressions: RuleArguments,
    #[command(flatten)]
    pub rules: Rules,
    #[command(flatten)]
    pub cache: CacheArguments,
}

/// The rules of every trial.
#[derive(clap::Args, Debug)]
#[command(next_help_heading = "Rules of a trial")]
pub struct Rules {
    /// When an order is filled: next-open or close
    #[arg(long, value_name = "WHEN", default_value_t = FillAt::NextOpen)]
    fill: FillAt,
    /// Proportional commission, as a share of the notional
    #[arg(long, value_name = "SHARE", default_value_t = 0.001)]
    fee: f64,
    /// Fixed commission of each order, in quote currency
    #[arg(long, value_name = "AMOUNT", default_value_t = 0.0)]
    commission: f64,
    /// Slippage in basis points: a buy pays that much more, a sale gets that much less
    #[arg(long, value_name = "BPS", default_value_t = 0.0)]
    slippage_bps: f64,
    /// Borrow cost of shorts: a yearly share of their value, by calendar days / 365
    #[arg(long, value_name = "RATE", default_value_t = 0.0)]
    borrow: f64,
    /// Interest on cash, but not on what short sales brought: a yearly share, by calendar days / 365
    #[arg(long, value_name = "RATE", default_value_t = 0.0)]
    interest: f64,
    /// Cash at the start of each trial, in quote currency
    #[arg(long, value_name = "AMOUNT", default_value_t = 1_000_000.0)]
    cash: f64,
    /// First day or moment whose signals count; warm-up comes from before [default: the first bar]
    #[arg(long, value_name = "DATE")]
    from: Option<When>,
    /// Last day or moment [default: the last bar]
    #[arg(long, value_name = "DATE")]
    to: Option<When>,
    /// Events that prices are adjusted for, as of the run's last bar: raw (none), splits, or total (splits and dividends)
    #[arg(long, value_name = "MODE", default_value_t = Adjust::Total)]
    adjust: Adjust,
    /// Periods a year for annual figures [default: 252 for 1d, 52 for 1w, 252 days of bars below]
    #[arg(long, value_name = "N")]
    periods_per_year: Option<f64>,
}

impl Rules {
    pub fn settings(&self) -> Settings {
        Settings {
            fill: self.fill,
            costs: Costs { fee: self.fee, commission: self.commission, slippage_bps: self.slippage_bps },
            rates: Rates { borrow: self.borrow, interest: self.interest },
            cash: self.cash,
            from: self.from,
            to: self.to,
            adjust: self.adjust,
            periods_per_year: self.periods_per_year,
        }
    }
}

impl TrialArguments {
    fn sweep(&self) -> Sweep {
        let sweep = Sweep::new().settings(self.rules.settings());
        self.asset.iter().fold(sweep, |sweep, asset| sweep.asset(asset.as_str()))
    }

    /// What is swept, and the sweep that it is swept by.
    pub fn chosen(&self, name: Option<&str>, filter: &str) -> anyhow::Result<(Chosen, Sweep)> {
        let chosen = Chosen::find(name, &self.expressions, &self.parameters, self.cache.config())?;
        let sweep = chosen.sweep(self.sweep(), &self.parameters).filter(filter);
        chosen.grid(&sweep)?;
        Ok((chosen, sweep))
    }

    pub fn portal(&self) -> anyhow::Result<DataPortal> {
        let bundle = match &self.bundle {
            Some(folder) => Bundle::open(folder)?,
            None => Bundle::sample()?,
        };
        Ok(DataPortal::new(bundle, self.cache.options()?)?)
    }
}

//! Choosing on some bars and trading on others, instead of ranking.

#![forbid(unsafe_code)]

use lookback::sweep::{Combinatorial, WalkForward};

/// Choosing on some bars and trading on others, instead of a ranking.
#[derive(clap::Args, Debug)]
#[command(next_help_heading = "Validation")]
pub struct ValidationArguments {
    /// Choose on train spans and trade on the test spans after them: train=BARS,test=BARS[,anchored][,purge=BARS][,embargo=BARS]
    #[arg(long, value_name = "SPANS", conflicts_with_all = ["cpcv", "journal", "plan", "shard", "keep"])]
    walk_forward: Option<WalkForward>,
    /// Cross-validate: test every K of N groups of bars on a choice made on the others: groups=N,test=K[,purge=BARS][,embargo=BARS]
    #[arg(long, value_name = "GROUPS", conflicts_with_all = ["journal", "plan", "shard", "keep"])]
    cpcv: Option<Combinatorial>,
}

/// How it is done.
#[derive(Clone, Copy, Debug)]
pub enum Scheme {
    WalkForward(WalkForward),
    Combinatorial(Combinatorial),
}

impl ValidationArguments {
    pub fn scheme(&self) -> Option<Scheme> {
        let walk = self.walk_forward.map(Scheme::WalkForward);
        walk.or(self.cpcv.map(Scheme::Combinatorial))
    }
}

//! What is swept: a built-in strategy, a file of rules, or rules on the command line.

#![forbid(unsafe_code)]

use std::path::{Path, PathBuf};

use anyhow::anyhow;
use lookback::DataPortal;
use lookback::portal::Adjust;
use lookback::strategies::Builtin;
use lookback::sweep::{
    Backtest, Choice, Combinatorial, CombinatorialResults, Course, Description, Document, Grid, Honesty,
    HonestyOptions, Parameter, Part, Point, Results, RuleCheck, RuleSet, Sweep, WalkForward,
    WalkForwardResults, Watch,
};

use super::config::is_file;

/// Rules as expressions; `lookback rule functions` lists what may stand in them.
#[derive(clap::Args, Debug)]
#[command(next_help_heading = "Rules")]
pub struct RuleArguments {
    /// Enter long where this is true at a close, such as 'crossover(sma(close, fast), sma(close, slow))'
    #[arg(long, value_name = "EXPR")]
    buy: Option<String>,
    /// End a long position where this is true
    #[arg(long, value_name = "EXPR")]
    sell: Option<String>,
    /// Enter short where this is true
    #[arg(long, value_name = "EXPR")]
    short: Option<String>,
    /// End a short position where this is true
    #[arg(long, value_name = "EXPR")]
    cover: Option<String>,
    /// Hold this share of equity, from -1 to 1, instead of entries and exits
    #[arg(long, value_name = "EXPR")]
    weight: Option<String>,
    /// Order the weight every N bars only: a number or a parameter
    #[arg(long, value_name = "N")]
    rebalance: Option<String>,
    /// Name an expression for the ones after it, such as 'r = rsi(close, n)'
    #[arg(long = "let", value_name = "NAME=EXPR")]
    definitions: Vec<String>,
    /// Leave where a loss reaches this share of the entry price, or this distance, such as '2 * atr(14)'
    #[arg(long, value_name = "EXPR")]
    stop_loss: Option<String>,
    /// Leave where a profit reaches this share of the entry price, or this distance
    #[arg(long, value_name = "EXPR")]
    take_profit: Option<String>,
    /// Leave this share of the entry price, or this distance, off the best price since the entry
    #[arg(long, value_name = "EXPR")]
    trailing_stop: Option<String>,
    /// Leave after N bars: a number or a parameter
    #[arg(long, value_name = "N")]
    max_bars: Option<String>,
    /// Enter nothing at the N closes after a stop, a target or --max-bars
    #[arg(long, value_name = "N")]
    cooldown: Option<String>,
    /// Share of equity of a position: a number or a parameter [default: 1]
    #[arg(long, value_name = "SHARE")]
    size: Option<String>,
    /// Share of equity that a stop may lose, instead of --size
    #[arg(long, value_name = "SHARE", conflicts_with = "size")]
    risk: Option<String>,
    /// Series that rules look at: adjusted for total events, or for splits alone [default: total]
    #[arg(long, value_name = "MODE", value_parser = signals)]
    signals: Option<Adjust>,
}

impl RuleArguments {
    fn parts(&self) -> impl Iterator<Item = (Part, &str)> {
        let parts = [
            (Part::Buy, &self.buy),
            (Part::Sell, &self.sell),
            (Part::Short, &self.short),
            (Part::Cover, &self.cover),
            (Part::Weight, &self.weight),
            (Part::Rebalance, &self.rebalance),
            (Part::StopLoss, &self.stop_loss),
            (Part::TakeProfit, &self.take_profit),
            (Part::TrailingStop, &self.trailing_stop),
            (Part::MaxBars, &self.max_bars),
            (Part::Cooldown, &self.cooldown),
            (Part::Size, &self.size),
            (Part::Risk, &self.risk),
        ];
        parts.into_iter().filter_map(|(part, text)| Some((part, text.as_deref()?)))
    }

    fn is_empty(&self) -> bool {
        self.parts().next().is_none() && self.definitions.is_empty() && self.signals.is_none()
    }

    /// Adds what was typed to a set of rules.
    fn add_to(&self, mut rules: RuleSet) -> anyhow::Result<RuleSet> {
        for text in &self.definitions {
            let (name, expression) = text
                .split_once('=')
                .filter(|(_, rest)| !rest.starts_with('='))
                .ok_or_else(|| anyhow!("--let {text:?}: expected NAME=EXPR, such as 'r = rsi(close, 14)'"))?;
            rules = rules.define(name.trim(), expression.trim());
        }
        for (part, expression) in self.parts() {
            rules = rules.rule(part, expression);
        }
        Ok(match self.signals {
            Some(adjust) => rules.signals(adjust),
            None => rules,
        })
    }
}

fn signals(text: &str) -> Result<Adjust, String> {
    match text {
        "total" => Ok(Adjust::Total),
        "splits" => Ok(Adjust::Splits),
        _ => Err("expected total or splits".to_owned()),
    }
}

/// What is swept.
#[derive(Debug)]
pub enum Chosen {
    Builtin(Builtin),
    Rules(RuleSet),
}

impl Chosen {
    /// Finds the strategy of a name or a file and adds the rules of `--config` and those that were typed.
    ///
    /// Rules without a name stand alone; with neither, it is `sma-cross`.
    pub fn find(
        name: Option<&str>,
        rules: &RuleArguments,
        parameters: &[Parameter],
        config: Option<&PathBuf>,
    ) -> anyhow::Result<Self> {
        let config = config.map(|path| Document::read(path)).transpose()?;
        let has = |table| config.as_ref().is_some_and(|config| config.entries(table).next().is_some());
        let adds_rules = !rules.is_empty() || has("rules") || has("let");
        let set = match name {
            Some(file) if is_file(file) => {
                let stem = Path::new(file).file_stem().unwrap_or_default().to_string_lossy().into_owned();
                RuleSet::from_document(stem, &Document::read(file.as_ref())?)?
            }
            Some(name) => match Builtin::find(name)? {
                builtin if !adds_rules && !has("parameters") => return Ok(Self::Builtin(builtin)),
                builtin => builtin.rules()?,
            },
            None if adds_rules => RuleSet::new("rules"),
            None => return Ok(Self::Builtin(Builtin::find("sma-cross")?)),
        };
        let set = match &config {
            Some(config) => set.overlaid(config)?,
            None => set,
        };
        let set = rules.add_to(set)?;
        Ok(Self::Rules(parameters.iter().fold(set, |set, one| set.parameter(one.clone()))))
    }

    /// The sweep with the parameters that were typed: those of a set of rules are its own.
    pub fn sweep(&self, sweep: Sweep, parameters: &[Parameter]) -> Sweep {
        match self {
            Self::Builtin(_) => parameters.iter().fold(sweep, |sweep, one| sweep.parameter(one.clone())),
            Self::Rules(_) => sweep,
        }
    }

    pub fn grid(&self, sweep: &Sweep) -> Result<Grid, lookback::Error> {
        match self {
            Self::Builtin(builtin) => builtin.grid(sweep),
            Self::Rules(rules) => sweep.rules_grid(rules),
        }
    }

    pub fn run(
        &self,
        sweep: &Sweep,
        portal: &DataPortal,
        course: Course<'_>,
    ) -> Result<Results, lookback::Error> {
        match self {
            Self::Builtin(builtin) => builtin.run_course(sweep, portal, course),
            Self::Rules(rules) => sweep.run_rules_course(rules, portal, course),
        }
    }

    /// Everything that the results of a sweep depend on.
    pub fn describe(&self, sweep: &Sweep, portal: &DataPortal) -> Result<Description, lookback::Error> {
        match self {
            Self::Builtin(builtin) => builtin.describe(sweep, portal),
            Self::Rules(rules) => sweep.describe_rules(rules, portal),
        }
    }

    pub fn backtest(&self, sweep: &Sweep, portal: &DataPortal) -> Result<Backtest, lookback::Error> {
        match self {
            Self::Builtin(builtin) => builtin.backtest(sweep, portal),
            Self::Rules(rules) => sweep.backtest_rules(rules, portal),
        }
    }

    /// How much of the best result of one asset is luck; its best point is a point of the results.
    pub fn honesty(
        &self,
        results: &Results,
        portal: &DataPortal,
        asset: usize,
        best: Point<'_>,
        options: HonestyOptions,
    ) -> Result<Honesty, lookback::Error> {
        match self {
            Self::Builtin(builtin) => builtin.honesty(results, portal, asset, best, options),
            Self::Rules(rules) => results.honesty_rules(rules, portal, asset, best, options),
        }
    }

    pub fn walk_forward(
        &self,
        sweep: &Sweep,
        portal: &DataPortal,
        scheme: WalkForward,
        choice: Choice<'_>,
        watch: Watch<'_>,
    ) -> Result<WalkForwardResults, lookback::Error> {
        match self {
            Self::Builtin(builtin) => builtin.walk_forward(sweep, portal, scheme, choice, watch),
            Self::Rules(rules) => sweep.walk_forward_rules(rules, portal, scheme, choice, watch),
        }
    }

    pub fn cross_validate(
        &self,
        sweep: &Sweep,
        portal: &DataPortal,
        scheme: Combinatorial,
        choice: Choice<'_>,
        watch: Watch<'_>,
    ) -> Result<CombinatorialResults, lookback::Error> {
        match self {
            Self::Builtin(builtin) => builtin.cross_validate(sweep, portal, scheme, choice, watch),
            Self::Rules(rules) => sweep.cross_validate_rules(rules, portal, scheme, choice, watch),
        }
    }

    /// The rules as they were stated, by key; a strategy in Rust has none.
    pub fn statements(&self) -> Vec<(String, String)> {
        match self {
            Self::Builtin(_) => Vec::new(),
            Self::Rules(rules) => rules.statements().map(|(key, text)| (key, text.to_owned())).collect(),
        }
    }

    /// What a run would need, and what looks wrong; a strategy in Rust needs none.
    pub fn check(&self, sweep: &Sweep, portal: &DataPortal) -> Result<Option<RuleCheck>, lookback::Error> {
        match self {
            Self::Builtin(_) => Ok(None),
            Self::Rules(rules) => sweep.check_rules(rules, portal).map(Some),
        }
    }
}

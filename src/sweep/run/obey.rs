//! A set of rules as a player: columns from the cache or the worker's desk, made a plan that is traded.

#![forbid(unsafe_code)]

use super::player::{Player, Recording, Stage};
use super::trade::trade;
use crate::error::Error;
use crate::rule::NodeId;
use crate::sweep::broker::{Exits, Level, Plan, Positions, Signals, Size, Weights};
use crate::sweep::grid::{Grid, Point};
use crate::sweep::rules::{Compiled, Desk, Part, Sheet, Supply};
use crate::sweep::score::Score;

/// Rules, and where their columns come from over one grid.
#[derive(Debug)]
pub(in crate::sweep) struct Obedient {
    rules: Compiled,
    supply: Supply,
}

/// What a worker keeps between the trials of a set of rules.
#[derive(Debug, Default)]
pub(in crate::sweep) struct Kept {
    desk: Desk,
    /// Columns that are not as the rules' series has them: distances on the level of the account, a constant weight.
    columns: [Vec<f64>; 3],
}

impl Obedient {
    /// # Errors
    /// `BadParameter` or `Expression` where a number makes no sense at some point of the grid.
    pub(in crate::sweep) fn new(rules: Compiled, grid: &Grid) -> Result<Self, Error> {
        rules.check_grid(grid)?;
        let supply = Supply::new(&rules, grid);
        Ok(Self { rules, supply })
    }

    pub(in crate::sweep) fn rules(&self) -> &Compiled {
        &self.rules
    }

    pub(in crate::sweep) fn supply(&self) -> &Supply {
        &self.supply
    }

    /// What a trial trades.
    fn plan<'a>(&self, sheet: &Sheet<'a>, columns: &'a mut [Vec<f64>; 3], stage: &Stage<'_>) -> Plan<'a> {
        let [first, second, third] = columns;
        if let Some(weight) = self.rules.part(Part::Weight) {
            let column = self.weight(weight, sheet, first, stage);
            return Weights { column, every: self.bars(Part::Rebalance, sheet).unwrap_or(1) }.into();
        }
        let level = |part, buffer| self.rules.part(part).map(|node| self.level(node, sheet, buffer, stage));
        Plan::from(Positions {
            signals: Signals {
                buy: self.signal(Part::Buy, sheet),
                sell: self.signal(Part::Sell, sheet),
                short: self.signal(Part::Short, sheet),
                cover: self.signal(Part::Cover, sheet),
            },
            exits: Exits {
                stop_loss: level(Part::StopLoss, first),
                take_profit: level(Part::TakeProfit, second),
                trailing_stop: level(Part::TrailingStop, third),
                max_bars: self.bars(Part::MaxBars, sheet),
                cooldown: self.bars(Part::Cooldown, sheet).unwrap_or(0),
            },
            size: match (self.number(Part::Risk, sheet), self.number(Part::Size, sheet)) {
                (Some(risk), _) => Size::Risk(risk),
                (None, Some(share)) => Size::Share(share),
                (None, None) => Size::default(),
            },
        })
    }

    /// A number that is the same at all bars of a trial.
    fn number(&self, part: Part, sheet: &Sheet<'_>) -> Option<f64> {
        self.rules.part(part).map(|node| self.rules.graph.constant_number(node, sheet.values))
    }

    /// A count of bars, which was checked before the run.
    fn bars(&self, part: Part, sheet: &Sheet<'_>) -> Option<usize> {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a whole number of at least 0"
        )]
        self.number(part, sheet).map(|number| number as usize)
    }

    /// A bit column of a part, where it is stated.
    fn signal<'a>(&self, part: Part, sheet: &Sheet<'a>) -> Option<&'a [u64]> {
        let bits = self.rules.part(part).map(|node| sheet.column(node).bits());
        bits.map(|bits| bits.expect("a condition is bits").value())
    }

    fn weight<'a>(
        &self,
        node: NodeId,
        sheet: &Sheet<'a>,
        buffer: &'a mut Vec<f64>,
        stage: &Stage<'_>,
    ) -> &'a [f64] {
        if !self.rules.graph.is_constant(node) {
            return sheet.column(node).numbers().expect("a weight is a number at each bar");
        }
        buffer.clear();
        buffer.resize(stage.market.last + 1, self.rules.graph.constant_number(node, sheet.values));
        buffer
    }

    /// A distance: a share, or a column brought from the level of the rules' series to that of the account's.
    fn level<'a>(
        &self,
        node: NodeId,
        sheet: &Sheet<'a>,
        buffer: &'a mut Vec<f64>,
        stage: &Stage<'_>,
    ) -> Level<'a> {
        if self.rules.graph.is_constant(node) {
            return Level::Share(self.rules.graph.constant_number(node, sheet.values));
        }
        let column = sheet.column(node).numbers().expect("a distance is a number at each bar");
        if self.rules.adjust == stage.settings.adjust {
            return Level::Column(column);
        }
        buffer.clear();
        let scale = &stage.market.scale;
        for (at, stretch) in sheet.stretches.iter().enumerate() {
            let end = sheet.stretches.get(at + 1).map_or(scale.len(), |next| next.first).min(scale.len());
            let bars = stretch.first.min(end)..end;
            buffer.extend(bars.map(|bar| column[bar] * stretch.price / scale[bar]));
        }
        Level::Column(buffer)
    }
}

impl Player for Obedient {
    type Scratch = Kept;

    fn name(&self) -> String {
        self.rules.name.clone()
    }

    fn trial(
        &self,
        Kept { desk, columns }: &mut Kept,
        stage: &Stage<'_>,
        point: &Point<'_>,
        record: Option<&mut Recording>,
    ) -> Result<Score, Error> {
        let place = (stage.market.asset, stage.market.last);
        desk.work((&self.rules, &self.supply), stage.reader, place, point, |sheet| {
            let plan = self.plan(sheet, columns, stage);
            trade(&plan, stage, record).map(|(score, _)| score)
        })
    }
}

//! One trial: a strategy at one point of the grid on one asset, from its first bar to its last.

#![forbid(unsafe_code)]

use std::marker::PhantomData;

use super::player::{Player, Recording, Stage};
use crate::error::Error;
use crate::portal::Arena;
use crate::sweep::broker::{Fill, FillAt, Ledger, Reason};
use crate::sweep::grid::Point;
use crate::sweep::score::Score;
use crate::sweep::strategy::{Bar, Model, Setup, SetupMemory, Strategy};

/// A strategy's type as a player: each trial makes a value of it.
pub(in crate::sweep) struct Typed<S>(PhantomData<fn() -> S>);

impl<S> Typed<S> {
    pub(in crate::sweep) const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<S: Strategy> Player for Typed<S> {
    type Scratch = SetupMemory;

    fn name(&self) -> String {
        S::NAME.to_owned()
    }

    fn trial(
        &self,
        memory: &mut SetupMemory,
        stage: &Stage<'_>,
        point: &Point<'_>,
        record: Option<&mut Recording>,
    ) -> Result<Score, Error> {
        run(memory, stage, point, record, S::start, S::on_bar)
    }
}

impl Player for Model<'_> {
    type Scratch = SetupMemory;

    fn name(&self) -> String {
        Self::name(self).to_owned()
    }

    fn trial(
        &self,
        memory: &mut SetupMemory,
        stage: &Stage<'_>,
        point: &Point<'_>,
        record: Option<&mut Recording>,
    ) -> Result<Score, Error> {
        run(memory, stage, point, record, |point, setup| self.start(point, setup), |decide, bar| decide(bar))
    }
}

/// Runs one trial. The order of a bar is filled at its close, or at the next open before anything else happens there.
fn run<S>(
    memory: &mut SetupMemory,
    stage: &Stage<'_>,
    point: &Point<'_>,
    record: Option<&mut Recording>,
    start: impl FnOnce(&Point<'_>, &mut Setup<'_>) -> Result<S, Error>,
    on_bar: impl Fn(&mut S, &mut Bar<'_>) -> Result<(), Error>,
) -> Result<Score, Error> {
    let Stage { reader, market, settings } = *stage;
    let mut setup = Setup::new(reader, market, settings, memory);
    let mut strategy = start(point, &mut setup)?;
    let ready = setup.finish();
    let (mut fills, curve, closed) = record.map_or((None, None, None), |record| {
        (Some(&mut record.fills), Some(&mut record.equity), Some(&mut record.closed))
    });
    let carry = market.carry(settings.rates);
    let mut ledger = Ledger::new(&market.path, settings.costs, settings.cash, carry, curve);
    let mut fill = |ledger: &mut Ledger<'_>, bar: usize, weight: f64| {
        let at = bar - market.first;
        let price = ledger.price(at, settings.fill);
        let filled = ledger.fill_at(at, price, weight);
        if let (Some(execution), Some(fills)) = (filled, fills.as_deref_mut()) {
            let raw_price = market.traded(settings.fill.field(), bar);
            let (shares, cost) = (execution.shares, execution.cost);
            let reason = Reason::Signal;
            fills.push(Fill { bar, weight, shares, price, raw_price, cost, reason });
        }
    };
    let mut open = Arena::default();
    let mut waiting: Option<(usize, f64)> = None;
    for bar in ready.bars.iter() {
        if let Some((open, weight)) = waiting.take() {
            fill(&mut ledger, open, weight);
        }
        ledger.catch_up(bar - market.first);
        let mut view = Bar::new(&ready.scene, &ledger, &open, bar);
        on_bar(&mut strategy, &mut view)?;
        let target = view.into_target()?;
        // No strategy can keep what a bar lent it.
        open.clear();
        if let Some(weight) = target {
            match settings.fill {
                FillAt::Close => fill(&mut ledger, bar, weight),
                FillAt::NextOpen => waiting = (bar < market.last).then_some((bar + 1, weight)),
            }
        }
    }
    if let Some((open, weight)) = waiting {
        fill(&mut ledger, open, weight);
    }
    let tally = ledger.finish();
    *memory = ready.into_memory();
    if let Some(closed) = closed {
        *closed = tally.ruined_at;
    }
    Ok(Score::new(tally, &market.frame))
}

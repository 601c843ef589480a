//! One trial of a plan: its walk over an asset's bars, with a ledger.

#![forbid(unsafe_code)]

use super::player::{Player, Recording, Stage};
use crate::error::{Error, ErrorKind};
use crate::sweep::broker::{Counts, Filled, Ledger, Plan, Tape};
use crate::sweep::grid::Point;
use crate::sweep::score::Score;

/// A plan as a player: the only point of a grid without parameters.
pub(in crate::sweep) struct Planned<'a>(pub(in crate::sweep) Plan<'a>);

impl Player for Planned<'_> {
    type Scratch = ();

    fn name(&self) -> String {
        match self.0 {
            Plan::Positions(_) => "signals".to_owned(),
            Plan::Weights(_) => "weights".to_owned(),
        }
    }

    fn trial(
        &self,
        (): &mut (),
        stage: &Stage<'_>,
        _: &Point<'_>,
        record: Option<&mut Recording>,
    ) -> Result<Score, Error> {
        trade(&self.0, stage, record).map(|(score, _)| score)
    }
}

/// Trades a plan from the run's first bar to its last.
pub(in crate::sweep) fn trade(
    plan: &Plan<'_>,
    stage: &Stage<'_>,
    record: Option<&mut Recording>,
) -> Result<(Score, Counts), Error> {
    let Stage { reader, market, settings } = *stage;
    let range = if plan.touches() { Some(market.range(reader, settings)?) } else { None };
    let tape = Tape { path: &market.path, range, first: market.first, fill: settings.fill };
    let (mut fills, curve, rest) = record.map_or((None, None, None), |record| {
        let rest = (&mut record.closed, &mut record.counts);
        (Some(&mut record.fills), Some(&mut record.equity), Some(rest))
    });
    let carry = market.carry(settings.rates);
    let mut ledger = Ledger::new(&market.path, settings.costs, settings.cash, carry, curve);
    let on_fill = |filled: &Filled| {
        if let Some(fills) = fills.as_deref_mut() {
            fills.push(market.fill(filled));
        }
    };
    let counts = plan.walk(&tape, &mut ledger, on_fill).map_err(|bad| {
        let date = market.timestamp(market.first + bad.bar);
        let message = format!("target weight is {} on {date}, expected -1 to 1", bad.weight);
        Error::from(ErrorKind::Strategy { message })
    })?;
    let tally = ledger.finish();
    (tally.capped, tally.both_entries) = (counts.capped, counts.both_entries);
    if let Some(rest) = rest {
        (*rest.0, *rest.1) = (tally.ruined_at, counts);
    }
    Ok((Score::new(tally, &market.frame), counts))
}

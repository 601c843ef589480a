//! One trial: a strategy at one point of the grid on one asset, from its first bar to its last.

#![forbid(unsafe_code)]

use super::broker::{Costs, FillAt};
use super::grid::Point;
use super::ledger::{Fill, Ledger};
use super::market::Market;
use super::metrics::Metrics;
use super::strategy::{Ahead, Bar, Scene, Setup, Strategy};
use crate::error::{Error, ErrorKind};
use crate::portal::{Adjust, PortalReader};
use crate::time::When;

/// How trials are run: the same for every trial of a sweep, and stated in every output.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Settings {
    /// When an order is filled.
    pub fill: FillAt,
    /// What trading costs.
    pub costs: Costs,
    /// Cash at the start of every trial, in quote currency.
    pub cash: f64,
    /// The first day or moment whose signals count; warm-up comes from the bars before it.
    pub from: Option<When>,
    /// The last day or moment of the run.
    pub to: Option<When>,
    /// Which events the prices are adjusted for, as of the run's last bar.
    pub adjust: Adjust,
    /// Periods a year for annual figures; by the bundle's frequency where it is not given: 252 for `1d`, 52 for `1w`, and
    /// 252 times the bars of an average day below.
    pub periods_per_year: Option<f64>,
}

impl Default for Settings {
    /// Fills at the next open, a fee of 0.001, a cash of 1,000,000, every bar, total adjustment.
    fn default() -> Self {
        Self {
            fill: FillAt::default(),
            costs: Costs::default(),
            cash: 1_000_000.0,
            from: None,
            to: None,
            adjust: Adjust::Total,
            periods_per_year: None,
        }
    }
}

impl Settings {
    pub(super) fn check(&self) -> Result<(), Error> {
        let bad = |subject: &str, value: f64, expected: &str| -> Error {
            Error::bad_parameter(subject, format!("is {value}, expected {expected}"))
        };
        let positive = |value: f64| value > 0.0 && value.is_finite();
        self.costs.check()?;
        if !positive(self.cash) {
            return Err(bad("cash", self.cash, "an amount above 0"));
        }
        match self.periods_per_year {
            Some(periods) if !positive(periods) => Err(bad("periods per year", periods, "a number above 0")),
            _ => Ok(()),
        }
    }
}

/// What a trial leaves beside its metrics, where it is wanted in full.
#[derive(Debug, Default)]
pub(super) struct Record {
    pub(super) fills: Vec<Fill>,
    pub(super) equity: Vec<f64>,
}

/// Runs one trial. The order of a bar is filled at its close, or at the next open before anything else happens there.
pub(super) fn run<S: Strategy>(
    reader: &PortalReader,
    market: &Market,
    settings: &Settings,
    point: &Point<'_>,
    record: Option<&mut Record>,
) -> Result<Metrics, Error> {
    let scene = Scene { reader, market, settings, columns: Vec::with_capacity(4) };
    let mut setup = Setup { scene };
    let mut strategy = S::start(point, &mut setup)?;
    let scene = setup.scene;
    let (mut fills, curve) =
        record.map_or((None, None), |record| (Some(&mut record.fills), Some(&mut record.equity)));
    let mut ledger = Ledger::new(&market.path, settings.costs, settings.cash, curve);
    let mut fill = |ledger: &mut Ledger<'_>, bar: usize, weight: f64| {
        let filled = ledger.fill(bar - market.first, settings.fill, weight);
        if let (Some((execution, price)), Some(fills)) = (filled, fills.as_deref_mut()) {
            let raw_price = market.traded(settings.fill.field(), bar);
            let (shares, cost) = (execution.shares, execution.cost);
            fills.push(Fill { bar, weight, shares, price, raw_price, cost });
        }
    };
    let mut waiting: Option<(usize, f64)> = None;
    let mut from = market.first;
    loop {
        let bar = strategy.next_bar(&Ahead::new(&scene, from)).max(from);
        if bar > market.last {
            break;
        }
        if let Some((open, weight)) = waiting.take() {
            fill(&mut ledger, open, weight);
        }
        let mut view = Bar::new(&scene, &ledger, bar);
        strategy.on_bar(&mut view)?;
        if let Some(weight) = view.into_target()? {
            match settings.fill {
                FillAt::Close => fill(&mut ledger, bar, weight),
                FillAt::NextOpen => waiting = (bar < market.last).then_some((bar + 1, weight)),
            }
        }
        from = bar + 1;
    }
    if let Some((open, weight)) = waiting {
        fill(&mut ledger, open, weight);
    }
    let tally = ledger.finish();
    if let Some(bar) = tally.ruined_at {
        let date = market.timestamp(market.first + bar);
        let message = format!("the position lost all equity by {date}");
        return Err(ErrorKind::Strategy { message }.into());
    }
    Ok(Metrics::new(&tally, &market.frame))
}

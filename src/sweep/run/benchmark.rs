//! Buy and hold: what every trial on an asset is measured against.

#![forbid(unsafe_code)]

use crate::error::Error;
use crate::parameter::Parameter;
use crate::sweep::grid::Point;
use crate::sweep::strategy::{Ahead, Bar, Setup, Strategy};

/// Orders everything at the first bar and never sells.
pub(super) struct BuyAndHold {
    bought: bool,
}

impl Strategy for BuyAndHold {
    const NAME: &'static str = "buy-and-hold";

    fn parameters() -> Result<Vec<Parameter>, Error> {
        Ok(Vec::new())
    }

    fn start(_point: &Point<'_>, _setup: &mut Setup<'_>) -> Result<Self, Error> {
        Ok(Self { bought: false })
    }

    fn on_bar(&mut self, bar: &mut Bar<'_>) -> Result<(), Error> {
        if !self.bought {
            self.bought = true;
            bar.set_target(1.0);
        }
        Ok(())
    }

    fn next_bar(&self, ahead: &Ahead<'_>) -> usize {
        if self.bought { ahead.never() } else { ahead.bar() }
    }
}

//! Buy and hold: what every trial on an asset is measured against.

#![forbid(unsafe_code)]

use crate::error::Error;
use crate::parameter::Parameter;
use crate::sweep::grid::Point;
use crate::sweep::strategy::{Bar, Setup, Strategy};

/// Orders everything at the first bar and never sells.
pub(in crate::sweep) struct BuyAndHold;

impl Strategy for BuyAndHold {
    const NAME: &'static str = "buy-and-hold";

    fn parameters() -> Result<Vec<Parameter>, Error> {
        Ok(Vec::new())
    }

    fn start(_point: &Point<'_>, setup: &mut Setup<'_>) -> Result<Self, Error> {
        setup.wake_on_first_bar();
        Ok(Self)
    }

    fn on_bar(&mut self, bar: &mut Bar<'_>) -> Result<(), Error> {
        bar.set_target(1.0);
        Ok(())
    }
}

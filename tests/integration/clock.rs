//! What a clock within a bar sees of it: nothing before the bar is over.

use lookback::bundle::{Bundle, IngestOptions, Stamp};
use lookback::portal::{DataPortal, Options};
use lookback::sweep::{Bar, Parameter, Point, Setup, Strategy, Sweep};
use lookback::{Calendar, Error, Field, Frequency, Request, Timestamp, When};

use super::files::Folder;
use super::stocks;

const MINUTE_NS: i64 = 60_000_000_000;

/// Six minutes, each close its number, ingested with a stamp.
fn minutes(stamp: Stamp) -> DataPortal {
    let mut text = "timestamp,open,high,low,close,volume\n".to_owned();
    for minute in 0..6 {
        text += &format!("2024-01-05T14:3{minute}:00Z,10,20,1,1{minute},5\n");
    }
    let folder = Folder::new();
    folder.write("A.csv", &text);
    let options = IngestOptions { stamp: Some(stamp), ..IngestOptions::default() };
    let bundle = folder.ingest(&["A.csv"], &options).unwrap().bundle;
    DataPortal::new(bundle, Options::default()).unwrap()
}

#[test]
fn a_minute_stamped_at_its_start_is_not_seen_before_it_is_over() {
    let closes = [10.0, 11.0, 12.0, 13.0, 14.0, 15.0];
    for (stamp, moment, bar) in [
        (Stamp::Start, "2024-01-05T14:32:00Z", 1),
        (Stamp::Start, "2024-01-05T14:32:59Z", 1),
        (Stamp::Start, "2024-01-05T14:33:00Z", 2),
        (Stamp::End, "2024-01-05T14:32:00Z", 2),
        (Stamp::End, "2024-01-05T14:32:59Z", 2),
        (Stamp::Start, "2024-01-05", 5),
    ] {
        let last = closes[bar];
        let portal = minutes(stamp);
        let (request, reader) = (
            portal.request(["A"], [Field::Close], 1, Frequency::Minute).unwrap(),
            portal.snapshot().reader(),
        );
        let when: When = moment.parse().unwrap();
        let close = |window: Result<lookback::Window<'_>, Error>| window.unwrap().column(0)[0];
        assert_eq!(close(reader.history(&request, when)), last, "{stamp:?} {moment}");
        let clock = reader.at(when.last_moment());
        assert_eq!(close(clock.history(&request, when)), last, "{stamp:?} {moment}, by its clock");
        assert_eq!(close(clock.history(&request, bar)), last, "{stamp:?} {moment}, by its bar");
        if bar < 5 {
            let error = clock.history(&request, bar + 1).unwrap_err().to_string();
            assert!(error.starts_with("look-ahead: "), "{stamp:?} {moment}: {error}");
        }
    }
}

/// Asks at each close for the other asset's bars, one minute of which begins with each bar of its own.
struct Beside(Request, Request);

impl Strategy for Beside {
    const NAME: &'static str = "beside";

    fn parameters() -> Result<Vec<Parameter>, Error> {
        Ok(Vec::new())
    }

    fn start(_: &Point<'_>, setup: &mut Setup<'_>) -> Result<Self, Error> {
        Ok(Self(setup.window([Field::Close], 1)?, setup.request(["A", "B"], [Field::Close], 1)?))
    }

    fn on_bar(&mut self, bar: &mut Bar<'_>) -> Result<(), Error> {
        let (own, both) = (bar.history(&self.0)?, bar.history(&self.1)?);
        assert_eq!(own.column(0)[0], bar.close());
        assert_eq!(both.column(0)[0], bar.close(), "its own bar is over");
        Ok(())
    }
}

#[test]
fn a_strategy_on_intraday_bars_reads_the_bar_that_it_stands_at() {
    let mut assets = vec![stocks::walk("A", 48, 1), stocks::walk("B", 48, 2)];
    for series in &mut assets {
        series.calendar =
            Calendar::new((0..48).map(|minute| minute * MINUTE_NS).collect::<Vec<i64>>()).unwrap();
    }
    let bundle = Bundle::from_series("test", Frequency::Minute, assets).unwrap();
    let portal = DataPortal::new(bundle, Options::default()).unwrap();
    assert_eq!(portal.snapshot().known_at(Timestamp(0)), Timestamp(MINUTE_NS - 1));
    assert_eq!(Sweep::new().asset("A").run::<Beside>(&portal).unwrap().failed(), 0);
}

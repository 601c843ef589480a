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

/// A portal of one asset, from rows of a moment and a close, with these options.
fn served(rows: &[(&str, u32)], options: &IngestOptions) -> (DataPortal, Vec<String>) {
    let mut text = "timestamp,open,high,low,close,volume\n".to_owned();
    for (moment, close) in rows {
        text += &format!("{moment},10,99,1,{close},5\n");
    }
    let folder = Folder::new();
    folder.write("A.csv", &text);
    let ingested = folder.ingest(&["A.csv"], options).unwrap();
    (DataPortal::new(ingested.bundle, Options::default()).unwrap(), ingested.notes)
}

fn close_at(portal: &DataPortal, frequency: Frequency, when: &str) -> Result<f64, Error> {
    let request = portal.request(["A"], [Field::Close], 1, frequency)?;
    let reader = portal.snapshot().reader();
    let when: When = when.parse()?;
    let close = reader.history(&request, when)?.column(0)[0];
    // A clock at that moment sees the same.
    let clock = reader.at(portal.snapshot().span_of(when).1);
    assert_eq!(clock.history(&request, when)?.column(0)[0], close, "{when}");
    Ok(close)
}

#[test]
fn a_date_stands_for_its_session_by_the_clocks_of_its_time_zone() {
    // Sunday evening in Chicago is Monday's; its last minute begins at 16:59, which is 22:59 in UTC.
    let rows = [
        ("2024-01-07T22:59:00Z", 11),
        ("2024-01-07T23:00:00Z", 12),
        ("2024-01-08T22:58:00Z", 13),
        ("2024-01-08T22:59:00Z", 14),
        ("2024-01-08T23:00:00Z", 15),
        ("2024-01-09T00:00:00Z", 16),
    ];
    let options = IngestOptions {
        session: Some("17:00-16:59".parse().unwrap()),
        time_zone: Some("America/Chicago".into()),
        ..IngestOptions::default()
    };
    // The minute that begins at 16:59 lies outside of the session.
    let (portal, _) = served(&rows, &options);
    assert_eq!(close_at(&portal, Frequency::Minute, "2024-01-08").unwrap(), 13.0);
    assert_eq!(close_at(&portal, Frequency::Minute, "2024-01-09").unwrap(), 16.0);
    let error = close_at(&portal, Frequency::Minute, "2024-01-07").unwrap_err().to_string();
    assert!(error.contains("2024-01-07"), "{error}");
    // A sweep from a date to a date has the bars of those sessions.
    let sweep = Sweep::new().settings(lookback::sweep::Settings {
        from: "2024-01-08".parse().ok(),
        to: "2024-01-08".parse().ok(),
        ..lookback::sweep::Settings::default()
    });
    let rules = lookback::sweep::RuleSet::new("hold").rule(lookback::sweep::Part::Buy, "close > 0");
    let backtest = sweep.backtest_rules(&rules, &portal).unwrap();
    assert_eq!(backtest.equity().len(), 2);
    // Without a session a date is a day of UTC.
    let (plain, _) = served(&rows, &IngestOptions::default());
    assert_eq!(close_at(&plain, Frequency::Minute, "2024-01-08").unwrap(), 15.0);
}

#[test]
fn a_bar_of_a_week_or_a_month_is_not_seen_before_it_is_over() {
    let mondays = [("2024-01-01", 11), ("2024-01-08", 12), ("2024-01-15", 13)];
    let (portal, notes) = served(&mondays, &IngestOptions::default());
    assert!(
        notes[0].starts_with("bars of 1w are taken as called by their first day, as most of A are"),
        "{notes:?}"
    );
    assert_eq!(close_at(&portal, Frequency::Week, "2024-01-13").unwrap(), 11.0);
    assert_eq!(close_at(&portal, Frequency::Week, "2024-01-14").unwrap(), 12.0);
    let fridays =
        [("2024-01-05", 11), ("2024-01-12", 12), ("2024-01-19", 13), ("2024-01-25", 14), ("2024-02-02", 15)];
    let (portal, notes) = served(&fridays, &IngestOptions::default());
    assert!(notes[0].ends_with("--stamp start says otherwise"), "{notes:?}");
    assert_eq!(close_at(&portal, Frequency::Week, "2024-01-11").unwrap(), 11.0);
    assert_eq!(close_at(&portal, Frequency::Week, "2024-01-12").unwrap(), 12.0);
    let firsts = [("2024-01-01", 11), ("2024-02-01", 12), ("2024-03-01", 13)];
    let (portal, _) = served(&firsts, &IngestOptions::default());
    assert_eq!(close_at(&portal, Frequency::Month, "2024-02-28").unwrap(), 11.0);
    assert_eq!(close_at(&portal, Frequency::Month, "2024-02-29").unwrap(), 12.0);
    let told = IngestOptions { stamp: Some(Stamp::End), ..IngestOptions::default() };
    let (portal, notes) = served(&firsts, &told);
    assert!(notes.is_empty(), "{notes:?}");
    assert_eq!(close_at(&portal, Frequency::Month, "2024-02-01").unwrap(), 12.0);
}

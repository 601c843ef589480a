//! Windows at coarser frequencies than the bundle's.

use arrow_array::cast::AsArray as _;
use arrow_array::types::Float64Type;
use fastrand::Rng;
use lookback::bundle::{Adjustment, AdjustmentKind, Series, Session, Stamp};
use lookback::portal::{DataPortal, FrameShape, Options, PortalReader};
use lookback::sweep::{Bar, IndicatorId, Parameter, Point, Setup, Strategy, Sweep};
use lookback::{
    Adjust, AssetId, Bundle, Calendar, End, Error, Field, Frequency, Indicator, Request, Short, Timestamp,
    Window,
};
use proptest::prelude::{ProptestConfig, any, prop_assert, prop_assert_eq, proptest};
use proptest::test_runner::RngSeed;
use rust_decimal::Decimal;

use super::naive::agree;
use super::naive_coarse::{self, Asset, MINUTE, Market, PLACES};

const OHLCV: [Field; 5] = Field::STORED;

fn portal(market: &Market) -> DataPortal {
    DataPortal::new(market.bundle(), Options::default()).unwrap()
}

fn moment(text: &str) -> i64 {
    text.parse::<jiff::Timestamp>().unwrap().as_nanosecond() as i64
}

/// Half hours of New York, each with its open, high, low, close and volume.
fn new_york(bars: &[(&str, [i64; 5])]) -> Market {
    let session = Session {
        stamp: Stamp::Start,
        time_zone: "America/New_York".to_owned(),
        start: "09:30:00".to_owned(),
    };
    let (moments, bars) = bars.iter().map(|(text, bar)| (moment(text), *bar)).unzip();
    let asset = Asset { name: "A", moments, bars, events: Vec::new() };
    Market { base: Frequency::Minute30, session, assets: vec![asset] }
}

fn columns(window: Window<'_>) -> Vec<Vec<f64>> {
    (0..window.columns()).map(|column| window.column(column).to_vec()).collect()
}

fn labels(portal: &DataPortal, frequency: Frequency) -> Vec<String> {
    let request = portal.request(["A"], [Field::Close], 1, frequency).unwrap();
    let calendar = portal.snapshot().calendar(&request).unwrap();
    calendar.as_slice().iter().map(|moment| Timestamp(*moment).to_string()).collect()
}

/// Two sessions about the day on which New York's clocks go forward; the first half hour of the second is missing.
fn two_sessions() -> Market {
    new_york(&[
        ("2024-03-08T14:30:00Z", [1000, 1100, 900, 1050, 1]),
        ("2024-03-08T15:00:00Z", [1050, 1200, 1000, 1100, 2]),
        ("2024-03-08T15:30:00Z", [1100, 1150, 800, 900, 3]),
        ("2024-03-11T14:00:00Z", [900, 950, 890, 910, 4]),
        ("2024-03-11T15:00:00Z", [910, 920, 870, 880, 5]),
    ])
}

#[test]
fn a_coarse_bar_opens_first_closes_last_and_sums_its_volume() {
    let portal = portal(&two_sessions());
    let reader = portal.snapshot().reader();
    let hours = portal.request(["A"], OHLCV, 4, Frequency::Hour).unwrap();
    assert_eq!(
        columns(reader.history(&hours, 3).unwrap()),
        [
            vec![10.0, 11.0, 9.0, 9.1],
            vec![12.0, 11.5, 9.5, 9.2],
            vec![9.0, 8.0, 8.9, 8.7],
            vec![11.0, 9.0, 9.1, 8.8],
            vec![3.0, 3.0, 4.0, 5.0]
        ]
    );
    let days = portal.request(["A"], OHLCV, 2, Frequency::Day).unwrap();
    let found = columns(reader.history(&days, 1).unwrap());
    assert_eq!(found, [[10.0, 9.0], [12.0, 9.5], [8.0, 8.7], [9.0, 8.8], [6.0, 9.0]]);
}

#[test]
fn hours_count_from_the_sessions_start_and_a_gap_makes_no_bar() {
    let portal = portal(&two_sessions());
    assert_eq!(
        labels(&portal, Frequency::Hour),
        ["2024-03-08T14:30:00Z", "2024-03-08T15:30:00Z", "2024-03-11T13:30:00Z", "2024-03-11T14:30:00Z"]
    );
    assert_eq!(labels(&portal, Frequency::Day), ["2024-03-08", "2024-03-11"]);
    assert_eq!(labels(&portal, Frequency::Week), ["2024-03-04", "2024-03-11"]);
    assert_eq!(labels(&portal, Frequency::Month), ["2024-03-01"]);
}

#[test]
fn the_last_bar_holds_what_is_known_at_the_clock_and_closes_when_its_time_is_over() {
    let portal = portal(&two_sessions());
    let reader = portal.snapshot().reader();
    let hours = portal.request(["A"], [Field::High, Field::Volume], 1, Frequency::Hour).unwrap();
    let days = portal.request(["A"], [Field::Volume], 1, Frequency::Day).unwrap();
    for (clock, high, volume, closed_high, day) in [
        ("2024-03-08T14:59:59.999999999Z", 11.0, 1.0, None, 1.0),
        ("2024-03-08T15:29:59.999999998Z", 11.0, 1.0, None, 1.0),
        ("2024-03-08T15:29:59.999999999Z", 12.0, 3.0, Some(12.0), 3.0),
        ("2024-03-08T15:59:59.999999999Z", 11.5, 3.0, Some(12.0), 6.0),
        // No bar came after 16:00, and none that comes at half past could be of this hour.
        ("2024-03-08T16:29:59.999999999Z", 11.5, 3.0, Some(11.5), 6.0),
    ] {
        let clock = reader.at(Timestamp(moment(clock)));
        let found = columns(clock.history(&hours, clock.clock()).unwrap());
        assert_eq!(found, [[high], [volume]], "{clock:?}");
        let closed = clock.history(&hours.clone().closed_only(), clock.clock());
        assert_eq!(closed.ok().map(|window| window.column(0)[0]), closed_high, "{clock:?}");
        assert_eq!(clock.history(&days, clock.clock()).unwrap().column(0), [day], "{clock:?}");
        assert!(clock.history(&days.clone().closed_only(), clock.clock()).is_err(), "{clock:?}");
    }
    // The next session has started.
    let clock = reader.at(Timestamp(moment("2024-03-11T14:29:59.999999999Z")));
    let closed = clock.history(&days.closed_only(), clock.clock()).unwrap();
    assert_eq!(closed.column(0), [6.0]);
}

#[test]
fn a_coarse_bar_by_its_number_is_what_is_known_of_it_at_the_clock() {
    let portal = portal(&two_sessions());
    let reader = portal.snapshot().reader();
    let days = portal.request(["A"], [Field::Volume], 1, Frequency::Day).unwrap();
    let clock = reader.at(Timestamp(moment("2024-03-08T15:30:00Z")));
    assert_eq!(clock.history(&days, 0).unwrap().column(0), [3.0]);
    let error = clock.history(&days, 1).unwrap_err().to_string();
    assert_eq!(error, "look-ahead: bar 1 is after the clock at 2024-03-08T15:30:00Z");
    assert_eq!(reader.history(&days, 0).unwrap().column(0), [6.0]);
    assert_eq!(reader.history(&days.clone().closed_only(), 0).unwrap().column(0), [6.0]);
    let error = reader.history(&days.clone().closed_only(), 1).unwrap_err().to_string();
    assert!(error.starts_with("bar 1: is not over"), "{error}");
    let error = reader.history(&days, 2).unwrap_err().to_string();
    assert_eq!(error, "bar 2: the series has 2 bars, counted from 0");
}

#[test]
fn prices_are_adjusted_before_a_week_with_a_split_is_made() {
    let mut market = two_sessions();
    let ex_date = Timestamp(moment("2024-03-08T15:00:00Z"));
    market.assets[0].events = vec![Adjustment::new(ex_date, AdjustmentKind::Split(2.0))];
    let portal = portal(&market);
    let reader = portal.snapshot().reader();
    let weeks = portal.request(["A"], OHLCV, 1, Frequency::Week).unwrap();
    let found = columns(reader.history(&weeks, 0).unwrap());
    assert_eq!(found, [[5.0], [12.0], [4.5], [9.0], [7.0]]);
    let raw = columns(reader.history(&weeks.adjust(Adjust::Raw), 0).unwrap());
    assert_eq!(raw, [[10.0], [12.0], [8.0], [9.0], [6.0]]);
}

#[test]
fn a_frequency_that_cannot_be_made_is_refused_with_those_that_can() {
    let portal = portal(&two_sessions());
    let refused = |frequency| {
        let error = portal.request(["A"], [Field::Close], 1, frequency).unwrap_err();
        assert!(matches!(error.kind(), lookback::ErrorKind::BadFrequency { .. }));
        error.to_string()
    };
    let possible = "expected one of 30m 1h 2h 4h 1d 1w 1mo";
    let finer = "the bundle holds 30m bars, and finer ones cannot be made of them";
    assert_eq!(refused(Frequency::Minute), format!("bad frequency 1m: {finer}; {possible}"));
    let weekly = Bundle::from_series("w", Frequency::Week, vec![minutes("A", 3)]).unwrap();
    let portal = DataPortal::new(weekly, Options::default()).unwrap();
    let error = portal.request(["A"], [Field::Close], 1, Frequency::Month).unwrap_err().to_string();
    let why = "the bundle holds 1w bars, which do not fill it";
    assert_eq!(error, format!("bad frequency 1mo: {why}; expected one of 1w"));
}

/// Minutes without a gap, whose closes count up in cents.
fn minutes(symbol: &str, bars: i64) -> Series {
    let column = |add: i64| (0..bars).map(|bar| Decimal::new(10_000 + bar % 5_000 + add, 2)).collect();
    Series {
        symbol: symbol.into(),
        calendar: Calendar::new((0..bars).map(|bar| bar * MINUTE).collect::<Vec<_>>()).unwrap(),
        values: [column(0), column(3), column(-3), column(1), vec![Decimal::ONE; bars as usize]],
        adjustments: Vec::new(),
    }
}

#[test]
fn a_million_minutes_are_read_at_three_frequencies_side_by_side_within_a_small_budget() {
    const BARS: i64 = 1_000_000;
    let bundle = Bundle::from_series("minutes", Frequency::Minute, vec![minutes("A", BARS)]).unwrap();
    let mut options = Options::default();
    options.cache.capacity_bytes = 4 << 20;
    let portal = DataPortal::new(bundle, options).unwrap();
    let request =
        |bars, frequency| portal.request(["A"], [Field::Close, Field::Volume], bars, frequency).unwrap();
    let (fine, hours, days) =
        (request(30, Frequency::Minute), request(30, Frequency::Hour), request(30, Frequency::Day));
    let mut reader = portal.snapshot().reader();
    for end in (50_000..BARS as usize).step_by(9_973) {
        let clock = Timestamp((end as i64 + 1) * MINUTE - 1);
        let (one, hour, day) = (
            reader.history(&fine, clock).unwrap(),
            reader.history(&hours, clock).unwrap(),
            reader.history(&days, clock).unwrap(),
        );
        let close = ((10_000 + end % 5_000 + 1) as f64) / 100.0;
        assert!([one, hour, day].iter().all(|window| window.column(0)[29] == close), "bar {end}");
        assert_eq!((hour.column(1)[28], hour.column(1)[29]), (60.0, (end % 60 + 1) as f64));
        assert_eq!((day.column(1)[28], day.column(1)[29]), (1_440.0, (end % 1_440 + 1) as f64));
        reader.refresh();
    }
    drop(reader);
    let stats = portal.stats();
    assert!(stats.permanent.bytes + stats.variable.bytes <= 4 << 20, "{stats:?}");
    assert_eq!(stats.rejected, 0, "no block is too large for the budget: {stats:?}");
}

/// A window, whether its last bar is open, and its frame.
type Found = (Vec<Vec<f64>>, bool, String);

/// A random question about a random market.
struct Ask {
    names: &'static [&'static str],
    fields: &'static [Field],
    frequency: Frequency,
    adjust: Adjust,
    bars: usize,
    pads: bool,
    closed_only: bool,
    clock: i64,
}

impl Ask {
    fn random(random: &mut Rng, market: &Market) -> Self {
        const NAMES: [&[&str]; 4] = [&["A"], &["B"], &["A", "B"], &["B", "A"]];
        const FIELDS: [&[Field]; 3] = [&OHLCV, &[Field::Price, Field::Volume], &[Field::Close]];
        let coarser: Vec<Frequency> = market.base.makes().skip(1).collect();
        let moments = &market.assets[0].moments;
        let late = [0, 1, 29, 61, 24 * 60, 3 * 24 * 60][random.usize(..6)] * MINUTE;
        let at = moments[random.usize(..moments.len())];
        Self {
            names: NAMES[random.usize(..4)],
            fields: FIELDS[random.usize(..3)],
            frequency: coarser[random.usize(..coarser.len())],
            adjust: Adjust::ALL[random.usize(..3)],
            bars: if random.bool() { random.usize(1..6) } else { random.usize(1..300) },
            pads: random.u8(..4) > 0,
            closed_only: random.bool(),
            clock: market.known_at(at) + late,
        }
    }

    fn request(&self, portal: &DataPortal) -> Request {
        let fields = self.fields.iter().copied();
        let request =
            portal.request(self.names, fields, self.bars, self.frequency).unwrap().adjust(self.adjust);
        let request = if self.pads { request.short(Short::Pad) } else { request };
        if self.closed_only { request.closed_only() } else { request }
    }

    /// The window; the same in two pieces and as frames.
    fn windows(&self, portal: &DataPortal, reader: &PortalReader) -> Result<Found, Error> {
        let (request, clock) = (self.request(portal), Timestamp(self.clock));
        let window = columns(reader.at(clock).history(&request, clock)?);
        let split = reader.at(clock).split(&request, clock)?;
        let named = reader.at(clock).named(&request, clock)?;
        let wide = named.to_record_batch(FrameShape::Wide);
        let frame: Vec<Vec<f64>> = (1..wide.num_columns())
            .map(|column| wide.column(column).as_primitive::<Float64Type>().values().to_vec())
            .collect();
        assert_eq!(bits(&frame), bits(&window));
        let pieces: Vec<Vec<f64>> =
            (0..split.columns()).map(|column| split.column(column).collect()).collect();
        assert_eq!(bits(&pieces), bits(&window));
        Ok((window, split.is_open(), format!("{:?}", named.to_record_batch(FrameShape::Long))))
    }
}

fn bits(columns: &[Vec<f64>]) -> Vec<Vec<u64>> {
    columns.iter().map(|column| column.iter().map(|value| value.to_bits()).collect()).collect()
}

fn random_market(random: &mut Rng) -> Market {
    const BASES: [Frequency; 5] =
        [Frequency::Minute15, Frequency::Minute30, Frequency::Hour, Frequency::Hour2, Frequency::Day];
    let stamp = if random.bool() { Stamp::Start } else { Stamp::End };
    let (place, base) = (PLACES[random.usize(..PLACES.len())], BASES[random.usize(..BASES.len())]);
    // A daily bar has its date, whatever its session.
    let stamp = if base == Frequency::Day { Stamp::Start } else { stamp };
    naive_coarse::random(random, place, base, stamp)
}

/// The same market up to a clock, and anything after it: other prices, bars that are missing, others that are not, other
/// events.
fn corrupted(random: &mut Rng, market: &Market, clock: i64) -> Market {
    let mut other = market.clone();
    let bar = [1, 900_000, 1, 700_000, 123];
    for asset in &mut other.assets {
        let known = asset.moments.partition_point(|at| market.known_at(*at) <= clock);
        let last = *asset.moments.last().unwrap();
        let mut later: Vec<i64> = asset.moments.split_off(known);
        asset.bars.truncate(known);
        later.retain(|_| random.bool());
        if asset.moments.is_empty() && later.is_empty() || random.u8(..3) == 0 {
            let step = market.base.step_ns();
            let next = (1..).map(|bar| last + bar * step).find(|at| market.known_at(*at) > clock).unwrap();
            later.push(next + random.i64(0..3) * step);
        }
        asset.moments.extend(&later);
        asset.bars.resize(asset.moments.len(), bar);
        // An event that is known at the last known bar stands; any other may be another.
        let as_of = asset.moments[..known].last().copied().unwrap_or(i64::MIN);
        asset.events.retain(|event| event.ex_date.0 <= as_of.max(clock));
        let ex_date = Timestamp((clock / (1_440 * MINUTE) + 1 + random.i64(0..3)) * 1_440 * MINUTE);
        asset.events.push(Adjustment::new(ex_date, AdjustmentKind::Split(7.0)));
    }
    other
}

proptest! {
    #![proptest_config(ProptestConfig { rng_seed: RngSeed::Fixed(9), ..ProptestConfig::with_cases(96) })]

    #[test]
    fn a_coarse_window_is_what_the_bars_before_the_clock_make(seed in any::<u64>()) {
        let mut random = Rng::with_seed(seed);
        let market = random_market(&mut random);
        let portal = portal(&market);
        let reader = portal.snapshot().reader();
        for _ in 0..12 {
            let ask = Ask::random(&mut random, &market);
            let what = format!("{} of {} {:?}", ask.frequency, market.base, market.session);
            let found = ask.windows(&portal, &reader);
            if market.union(ask.names, ask.clock).is_empty() {
                prop_assert!(found.is_err());
                continue;
            }
            let asked = (ask.names, ask.fields);
            let (mut expected, is_open) = market.coarse(asked, (ask.frequency, ask.adjust), ask.clock);
            let drops = usize::from(ask.closed_only && is_open);
            let there = expected[0].len() - drops;
            let (found, found_open, _) = match found {
                Ok(found) => found,
                Err(error) => {
                    prop_assert!(there < ask.bars && !ask.pads, "{}: {}", what, error);
                    continue;
                }
            };
            prop_assert!(there >= ask.bars || ask.pads, "{}", what);
            prop_assert_eq!(found_open, is_open && !ask.closed_only, "{}", &what);
            for (found, expected) in found.iter().zip(&mut expected) {
                expected.truncate(there);
                let missing = ask.bars.saturating_sub(there);
                prop_assert!(found[..missing].iter().all(|value| value.is_nan()));
                let last = &expected[there + missing - ask.bars..];
                prop_assert_eq!(found.len() - missing, last.len());
                for (found, expected) in found[missing..].iter().zip(last) {
                    prop_assert!(agree(*found, *expected, 1e-12), "{}: {} {}", what, found, expected);
                }
            }
        }
    }

    #[test]
    fn nothing_after_the_clock_changes_a_window_or_an_indicator_at_any_frequency(seed in any::<u64>()) {
        let mut random = Rng::with_seed(seed);
        let market = random_market(&mut random);
        let portal = portal(&market);
        let reader = portal.snapshot().reader();
        for _ in 0..3 {
            let clock = Ask::random(&mut random, &market).clock;
            let other = self::portal(&corrupted(&mut random, &market, clock));
            let others = other.snapshot().reader();
            for _ in 0..8 {
                let ask = Ask { clock, ..Ask::random(&mut random, &market) };
                let found = [ask.windows(&portal, &reader), ask.windows(&other, &others)].map(|found| {
                    found.map(|(window, is_open, frame)| (bits(&window), is_open, frame))
                        .map_err(|error| error.to_string())
                });
                prop_assert_eq!(&found[0], &found[1], "{} of {}", ask.frequency, market.base);
                let known = market.assets[0].moments.partition_point(|at| market.known_at(*at) <= clock);
                let Some(bar) = known.checked_sub(1) else { continue };
                let average = Indicator::sma(random.usize(1..5)).unwrap();
                let columns = [&reader, &others].map(|reader| {
                    let at = reader.at(Timestamp(clock));
                    let column = at.indicator_at(ask.frequency, AssetId(0), &average, ask.adjust, bar);
                    column.map(|column| column.iter().map(|value| value.to_bits()).collect::<Vec<_>>()).unwrap()
                });
                prop_assert_eq!(&columns[0], &columns[1]);
            }
        }
    }

    #[test]
    fn an_indicator_at_a_coarser_frequency_is_that_of_the_closed_bars_of_each_bar(seed in any::<u64>()) {
        let mut random = Rng::with_seed(seed);
        let market = random_market(&mut random);
        let portal = portal(&market);
        let reader = portal.snapshot().reader();
        let moments = &market.assets[0].moments;
        for _ in 0..3 {
            let ask = Ask::random(&mut random, &market);
            let bars = random.usize(1..4);
            let last = moments.len() - 1;
            let average = Indicator::sma(bars).unwrap();
            let column = reader.indicator_at(ask.frequency, AssetId(0), &average, Adjust::Raw, last).unwrap();
            for bar in (0..moments.len()).step_by(5) {
                let clock = market.known_at(moments[bar]);
                let asked = (&["A"][..], &[Field::Close][..]);
                let (closes, is_open) = market.coarse(asked, (ask.frequency, Adjust::Raw), clock);
                let closed = &closes[0][..closes[0].len() - usize::from(is_open)];
                let expected = match closed.len().checked_sub(bars) {
                    Some(first) => closed[first..].iter().sum::<f64>() / bars as f64,
                    None => f64::NAN,
                };
                prop_assert!(agree(column[bar], expected, 1e-12), "{} of {}", ask.frequency, market.base);
            }
        }
    }
}

#[test]
fn four_threads_in_any_order_with_room_for_one_block_read_the_same_bits() {
    let mut random = Rng::with_seed(5);
    let market = naive_coarse::random(&mut random, PLACES[1], Frequency::Minute15, Stamp::End);
    let asks: Vec<Ask> = (0..60).map(|_| Ask::random(&mut random, &market)).collect();
    let read = |portal: &DataPortal, reader: &PortalReader, ask: &Ask| {
        let found = ask.windows(portal, reader);
        found.map(|(window, is_open, _)| (bits(&window), is_open)).map_err(|error| error.to_string())
    };
    let roomy = portal(&market);
    let alone = roomy.snapshot().reader();
    let expected: Vec<_> = asks.iter().map(|ask| read(&roomy, &alone, ask)).collect();
    assert!(expected.iter().filter(|found| found.is_ok()).count() > 30);
    let mut options = Options { permanent_windows: Vec::new(), ..Options::default() };
    options.cache.variable_entries = 1;
    let tight = DataPortal::new(market.bundle(), options).unwrap();
    std::thread::scope(|scope| {
        for step in [1, 7, 11, 13] {
            let (tight, asks, expected) = (&tight, &asks, &expected);
            scope.spawn(move || {
                let mut reader = tight.snapshot().reader();
                for at in (0..asks.len()).map(|at| at * step % asks.len()) {
                    assert_eq!(read(tight, &reader, &asks[at]), expected[at], "ask {at}");
                    reader.refresh();
                }
            });
        }
    });
}

#[test]
fn the_same_bars_in_another_session_make_other_hours() {
    let mut market = two_sessions();
    // A stretch that is closed is kept where the bars of the next version are the same.
    let ex_date = Timestamp(moment("2024-03-11T00:00:00Z"));
    market.assets[0].events = vec![Adjustment::new(ex_date, AdjustmentKind::Split(2.0))];
    let portal = portal(&market);
    let hours = portal.request(["A"], [Field::Volume], 2, Frequency::Hour).unwrap();
    let volumes = |end| portal.snapshot().reader().history(&hours, end).unwrap().column(0).to_vec();
    assert_eq!(volumes(1), [3.0, 3.0]);
    let mut clock_hours = market.clone();
    clock_hours.session.start = "00:00:00".to_owned();
    portal.replace(clock_hours.bundle()).unwrap();
    assert_eq!(volumes(1), [1.0, 5.0]);
}

#[test]
fn a_window_that_is_not_over_is_kept_while_its_reader_is_not_refreshed() {
    let portal = portal(&two_sessions());
    let mut reader = portal.snapshot().reader();
    let hours = portal.request(["A"], [Field::Volume], 1, Frequency::Hour).unwrap();
    let at = |text| End::from(Timestamp(moment(text)));
    let (first, next) = ("2024-03-08T15:00:00Z", "2024-03-08T16:00:00Z");
    let (one, other) =
        (reader.history(&hours, at(first)).unwrap(), reader.history(&hours, at(next)).unwrap());
    assert_eq!((one.column(0), other.column(0)), (&[1.0][..], &[3.0][..]));
    reader.refresh();
    assert_eq!(reader.history(&hours, at(first)).unwrap().column(0), [1.0]);
}

/// Reads weeks and months beside days, and checks them against the days that it was shown itself.
struct Weekly {
    weeks: Request,
    closed: Request,
    average: IndicatorId,
    /// The week of each day so far, its high and its close.
    days: Vec<(i64, f64, f64)>,
}

impl Strategy for Weekly {
    const NAME: &'static str = "weekly";

    fn parameters() -> Result<Vec<Parameter>, Error> {
        Ok(Vec::new())
    }

    fn start(_: &Point<'_>, setup: &mut Setup<'_>) -> Result<Self, Error> {
        Ok(Self {
            weeks: setup.window_at(Frequency::Week, [Field::High, Field::Close], 3)?.short(Short::Pad),
            closed: setup.window_at(Frequency::Week, [Field::Close], 2)?.short(Short::Pad).closed_only(),
            average: setup.indicator_at(Frequency::Week, &Indicator::sma(2)?)?,
            days: Vec::new(),
        })
    }

    fn on_bar(&mut self, bar: &mut Bar<'_>) -> Result<(), Error> {
        let week = (bar.timestamp().days() + 3).div_euclid(7);
        self.days.push((week, bar.high(), bar.close()));
        let weeks: Vec<(f64, f64)> = self
            .days
            .chunk_by(|one, other| one.0 == other.0)
            .map(|days| (days.iter().map(|day| day.1).fold(0.0, f64::max), days[days.len() - 1].2))
            .collect();
        let (window, split) = (bar.history(&self.weeks)?, bar.split(&self.weeks)?);
        let so_far = weeks[weeks.len() - 1];
        assert_eq!((window.column(0)[2], window.column(1)[2]), so_far);
        assert_eq!((split.open(0), split.open(1)), (Some(so_far.0), Some(so_far.1)));
        let closed = bar.history(&self.closed)?.column(0);
        if let [.., one, last, _] = weeks[..] {
            assert_eq!(closed, [one.1, last.1]);
            assert!(agree(bar.value(self.average), (one.1 + last.1) / 2.0, 1e-12));
        } else {
            assert!(bar.value(self.average).is_nan());
        }
        bar.set_target(if bar.close() > bar.value(self.average) { 1.0 } else { 0.0 });
        Ok(())
    }
}

#[test]
fn a_strategy_reads_weeks_beside_days_and_never_more_of_a_week_than_it_was_shown() {
    let portal = DataPortal::new(Bundle::sample().unwrap(), Options::default()).unwrap();
    let results = Sweep::new().asset("GOOG").run::<Weekly>(&portal).unwrap();
    assert_eq!((results.ran().count(), results.failed()), (1, 0), "{:?}", results.first_failure());
}

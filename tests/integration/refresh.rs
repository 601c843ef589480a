//! A portal whose bundle grows: what is kept, what is loaded again, and that live reads what a backtest reads.

use std::ops::Range;

use lookback::bundle::Series;
use lookback::portal::{Options, Short};
use lookback::{
    Adjust, AssetId, Bundle, Calendar, DataPortal, Field, Frequency, Indicator, PortalReader, Request,
    Snapshot, When,
};

use super::files::Folder;

#[path = "../../examples/live.rs"]
mod example;

#[test]
fn the_example_of_live_trading_runs() {
    example::main().unwrap();
}

/// Some bars of an asset of a bundle, with the events of their days.
fn bars(bundle: &Bundle, symbol: &str, bars: Range<usize>) -> Series {
    let asset = bundle.asset(symbol).unwrap();
    let moments = bundle.calendar(asset).unwrap().as_slice()[bars.clone()].to_vec();
    let before = bars.start.checked_sub(1).and_then(|bar| bundle.calendar(asset).unwrap().timestamp(bar));
    let values = Field::STORED.map(|field| {
        let mut values = Vec::new();
        bundle.read(asset, field, bars.clone(), &mut values).unwrap();
        values.iter().map(|value| value.to_string().parse().unwrap()).collect()
    });
    let last = moments[moments.len() - 1];
    let is_own =
        |ex_date: lookback::Timestamp| before.is_none_or(|before| before < ex_date) && ex_date.0 <= last;
    let adjustments = bundle.adjustments(asset).iter().copied().filter(|one| is_own(one.ex_date)).collect();
    Series { symbol: symbol.into(), calendar: Calendar::new(moments).unwrap(), values, adjustments }
}

fn sample(symbols: &[&str], count: usize) -> Bundle {
    let sample = Bundle::sample().unwrap();
    let series = symbols.iter().map(|symbol| bars(&sample, symbol, 0..count)).collect();
    Bundle::from_series("part", Frequency::Day, series).unwrap()
}

/// A bundle at rest of the same bars.
fn at_rest(folder: &Folder, symbols: &[&str], count: usize) -> Bundle {
    folder.write("seed.csv", "symbol,date,open,high,low,close,volume\nSEED,1999-01-04,1,1,1,1,1\n");
    let seed = folder.ingest(&["seed.csv"], &lookback::bundle::IngestOptions::default()).unwrap().bundle;
    let sample = Bundle::sample().unwrap();
    seed.append(symbols.iter().map(|symbol| bars(&sample, symbol, 0..count)).collect()).unwrap().bundle
}

fn request(snapshot: &Snapshot, assets: &[&str], bar_count: usize, adjust: Adjust) -> Request {
    let fields = [Field::Close, Field::Volume];
    snapshot.request(assets, fields, bar_count, Frequency::Day).unwrap().adjust(adjust).short(Short::Pad)
}

/// Asks for a window at every bar, so that every block is met.
fn ask_all(portal: &DataPortal, assets: &[&str], adjust: Adjust) -> u64 {
    let before = portal.stats().loads;
    let snapshot = portal.snapshot();
    let request = request(&snapshot, assets, 20, adjust);
    let reader = snapshot.reader();
    for end in 19..snapshot.calendar(&request).unwrap().len() {
        reader.history(&request, end).unwrap();
    }
    drop(reader);
    portal.stats().loads - before
}

fn columns(reader: &PortalReader, request: &Request, end: usize) -> Vec<u64> {
    let window = reader.history(request, end).unwrap();
    (0..2).flat_map(|column| window.column(column).iter().map(|value| value.to_bits())).collect()
}

#[test]
fn a_pure_append_keeps_the_blocks_of_closed_stretches() {
    for rest in [false, true] {
        let folder = Folder::new();
        let bundle = if rest { at_rest(&folder, &["IBM"], 1_000) } else { sample(&["IBM"], 1_000) };
        let portal = DataPortal::new(bundle.clone(), Options::default()).unwrap();
        let stretches = ask_all(&portal, &["IBM"], Adjust::Total);
        assert!(stretches > 10, "{stretches} stretches between dividends");
        assert_eq!(ask_all(&portal, &["IBM"], Adjust::Raw), 1);
        let running = portal.snapshot();
        let grown =
            bundle.append(vec![bars(&Bundle::sample().unwrap(), "IBM", 1_000..1_001)]).unwrap().bundle;
        assert!(if rest { portal.refresh().unwrap() } else { portal.replace(grown).unwrap() });
        assert_eq!(ask_all(&portal, &["IBM"], Adjust::Total), 1, "the open stretch alone is loaded again");
        assert_eq!(ask_all(&portal, &["IBM"], Adjust::Raw), 1);
        // The run goes on with what it has, and loads nothing.
        let (loads, of_run) = (portal.stats().loads, request(&running, &["IBM"], 20, Adjust::Total));
        let reader = running.reader();
        assert!(reader.history(&of_run, 999).is_ok() && reader.history(&of_run, 1_000).is_err());
        drop((reader, running));
        assert_eq!(portal.stats().loads, loads);
        // What was inherited is counted once when nobody holds the old version.
        let fresh = DataPortal::new(portal.snapshot().bundle().clone(), Options::default()).unwrap();
        ask_all(&fresh, &["IBM"], Adjust::Total);
        ask_all(&fresh, &["IBM"], Adjust::Raw);
        assert_eq!(portal.stats().resident_bytes(), fresh.stats().resident_bytes());
    }
}

#[test]
fn nothing_new_is_no_refresh() {
    let folder = Folder::new();
    let portal = DataPortal::new(at_rest(&folder, &["IBM"], 100), Options::default()).unwrap();
    assert!(!portal.refresh().unwrap());
    assert!(!DataPortal::new(Bundle::sample().unwrap(), Options::default()).unwrap().refresh().unwrap());
    std::fs::remove_dir_all(folder.path("bundle")).unwrap();
    assert!(portal.refresh().is_err());
    assert_eq!(ask_all(&portal, &["IBM"], Adjust::Raw), 1, "what is served stays");
}

#[test]
fn a_restated_bar_takes_the_blocks_that_reach_it_and_no_other() {
    let bundle = sample(&["AAPL", "IBM"], 1_000);
    let portal = DataPortal::new(bundle.clone(), Options::default()).unwrap();
    let ibm = ask_all(&portal, &["IBM"], Adjust::Total);
    let apple = ask_all(&portal, &["AAPL"], Adjust::Total);
    let both = ask_all(&portal, &["AAPL", "IBM"], Adjust::Total);
    let mut restated = bars(&bundle, "IBM", 600..601);
    restated.values[3][0] += rust_decimal::Decimal::ONE;
    restated.adjustments.clear();
    assert!(portal.replace(bundle.append(vec![restated]).unwrap().bundle).unwrap());
    let asset = bundle.asset("IBM").unwrap();
    let day = bundle.calendar(asset).unwrap().timestamp(600).unwrap();
    let later = |symbol: &str| {
        let events = bundle.adjustments(bundle.asset(symbol).unwrap()).iter();
        events.filter(|event| event.ex_date > day).count() as u64 + 1
    };
    assert_eq!(ask_all(&portal, &["AAPL"], Adjust::Total), 0);
    assert_eq!(ask_all(&portal, &["IBM"], Adjust::Total), later("IBM"));
    let union = later("IBM") + later("AAPL") - 1;
    assert_eq!(ask_all(&portal, &["AAPL", "IBM"], Adjust::Total), union);
    assert!(union < both && later("IBM") < ibm && apple > 0);
}

#[test]
fn an_event_told_of_late_takes_the_blocks_from_its_day_on() {
    let whole = sample(&["IBM"], 1_000);
    let events = whole.adjustments(AssetId(0)).to_vec();
    let mut series = bars(&whole, "IBM", 0..1_000);
    let late = series.adjustments.remove(5);
    let bundle = Bundle::from_series("part", Frequency::Day, vec![series]).unwrap();
    let portal = DataPortal::new(bundle.clone(), Options::default()).unwrap();
    ask_all(&portal, &["IBM"], Adjust::Total);
    ask_all(&portal, &["IBM"], Adjust::Raw);
    let mut again = bars(&bundle, "IBM", 999..1_000);
    again.adjustments = vec![late];
    let told = bundle.append(vec![again]).unwrap();
    assert_eq!((told.same, told.events.len()), (1, 1));
    assert_eq!(told.bundle.version(), whole.version());
    portal.replace(told.bundle).unwrap();
    assert_eq!(ask_all(&portal, &["IBM"], Adjust::Raw), 0, "no price changed");
    assert_eq!(ask_all(&portal, &["IBM"], Adjust::Total), events.len() as u64 - 5 + 1);
}

#[test]
fn a_new_asset_moves_the_ids_of_others_and_no_block_of_theirs() {
    let bundle = sample(&["IBM", "MSFT"], 800);
    let portal = DataPortal::new(bundle.clone(), Options::default()).unwrap();
    let averages = |portal: &DataPortal| {
        let snapshot = portal.snapshot();
        let reader = snapshot.reader();
        ["IBM", "MSFT"].map(|symbol| {
            let asset = snapshot.bundle().asset(symbol).unwrap();
            reader.indicator(asset, &Indicator::sma(20).unwrap(), Adjust::Total, 799).unwrap().to_vec()
        })
    };
    ask_all(&portal, &["MSFT"], Adjust::Total);
    let before = averages(&portal);
    let apple = bars(&Bundle::sample().unwrap(), "AAPL", 0..800);
    portal.replace(bundle.append(vec![apple]).unwrap().bundle).unwrap();
    assert_eq!(ask_all(&portal, &["MSFT"], Adjust::Total), 0);
    let loads = portal.stats().loads;
    let after = averages(&portal);
    let bits = |all: [Vec<f64>; 2]| all.map(|one| one.into_iter().map(f64::to_bits).collect::<Vec<_>>());
    assert_eq!(bits(after), bits(before));
    assert_eq!(portal.stats().loads, loads, "indicators are kept too");
}

/// What live has at each bar, beside what a backtest over all bars has as of it.
struct Walk {
    whole: DataPortal,
    live: DataPortal,
    symbols: &'static [&'static str],
}

const MODES: [Adjust; 3] = Adjust::ALL;

impl Walk {
    fn check(&self, ends: Range<usize>) {
        let (live, whole) = (self.live.snapshot(), self.whole.snapshot());
        let (now, all) = (live.reader(), whole.reader());
        for symbol in self.symbols {
            let asset = |snapshot: &Snapshot| snapshot.bundle().asset(symbol).unwrap();
            for adjust in MODES {
                for bar_count in [2, 20, 300] {
                    let (one, other) = (
                        request(&live, &[symbol], bar_count, adjust),
                        request(&whole, &[symbol], bar_count, adjust),
                    );
                    for end in ends.clone() {
                        assert_eq!(
                            columns(&now, &one, end),
                            columns(&all, &other, end),
                            "{symbol} {adjust} {end}"
                        );
                    }
                }
                let end = ends.end - 1;
                let average = Indicator::sma(20).unwrap();
                let last = |reader: &PortalReader, snapshot| {
                    reader.indicator(asset(snapshot), &average, adjust, end).unwrap()[end].to_bits()
                };
                assert_eq!(last(&now, &live), last(&all, &whole), "{symbol} {adjust} {end}");
            }
        }
        for (frequency, adjust) in [(Frequency::Week, Adjust::Total), (Frequency::Month, Adjust::Splits)] {
            let ask = |snapshot: &Snapshot| {
                let fields = [Field::Close, Field::Volume];
                let request = snapshot.request(self.symbols, fields, 30, frequency).unwrap();
                request.adjust(adjust).short(Short::Pad)
            };
            for end in ends.clone() {
                let (one, other) = (ask(&live), ask(&whole));
                let date =
                    live.calendar(&request(&live, self.symbols, 1, adjust)).unwrap().timestamp(end).unwrap();
                let (one, other) = (now.history(&one, date).unwrap(), all.history(&other, date).unwrap());
                let bits = |window: &lookback::Window<'_>| -> Vec<u64> {
                    (0..2)
                        .flat_map(|column| window.column(column).iter().map(|value| value.to_bits()))
                        .collect()
                };
                assert_eq!(bits(&one), bits(&other), "{frequency} {date}");
            }
        }
        let date: When = live
            .calendar(&request(&live, &["IBM"], 1, Adjust::Raw))
            .unwrap()
            .timestamp(ends.end - 1)
            .unwrap()
            .to_string()
            .parse()
            .unwrap();
        let (one, other) = (
            request(&live, self.symbols, 30, Adjust::Total),
            request(&whole, self.symbols, 30, Adjust::Total),
        );
        let (one, other) = (now.history(&one, date).unwrap(), all.history(&other, date).unwrap());
        let bits = |window: &lookback::Window<'_>| -> Vec<u64> {
            (0..2 * self.symbols.len())
                .flat_map(|column| window.column(column).iter().map(|value| value.to_bits()))
                .collect()
        };
        assert_eq!(bits(&one), bits(&other), "{date}");
    }
}

#[test]
fn live_reads_at_every_bar_of_the_sample_what_a_backtest_over_all_of_it_reads() {
    const SYMBOLS: &[&str] = &["AAPL", "IBM", "MSFT"];
    let sample = Bundle::sample().unwrap();
    let first = 20;
    let mut bundle = self::sample(SYMBOLS, first);
    let all = sample.bars(sample.asset("IBM").unwrap());
    let walk = Walk {
        whole: DataPortal::new(sample.clone(), Options::default()).unwrap(),
        live: DataPortal::new(bundle.clone(), Options::default()).unwrap(),
        symbols: SYMBOLS,
    };
    for bar in first..all {
        let come = SYMBOLS.iter().map(|symbol| bars(&sample, symbol, bar..bar + 1)).collect();
        bundle = bundle.append(come).unwrap().bundle;
        assert!(walk.live.replace(bundle.clone()).unwrap());
        walk.check(bar..bar + 1);
    }
    walk.check(first..all);
    let loads = walk.live.stats().loads;
    assert_eq!(bundle.bars(bundle.asset("IBM").unwrap()), all);
    assert!(loads > 0);
}

#[test]
fn a_bundle_at_rest_is_live_across_a_split_and_dividends() {
    const SYMBOLS: &[&str] = &["AAPL", "IBM"];
    let sample = Bundle::sample().unwrap();
    let split = sample.calendar(sample.asset("AAPL").unwrap()).unwrap();
    let split = split.bar_at("2005-02-28".parse::<When>().unwrap().first_moment()).unwrap();
    let folder = Folder::new();
    let mut bundle = at_rest(&folder, SYMBOLS, split - 25);
    let walk = Walk {
        whole: DataPortal::new(sample.clone(), Options::default()).unwrap(),
        live: DataPortal::open(folder.path("bundle"), Options::default()).unwrap(),
        symbols: SYMBOLS,
    };
    let blocks = ask_all(&walk.live, &["IBM"], Adjust::Total);
    for bar in split - 25..split + 60 {
        let come = SYMBOLS.iter().map(|symbol| bars(&sample, symbol, bar..bar + 1)).collect();
        bundle = bundle.append(come).unwrap().bundle;
        assert!(walk.live.refresh().unwrap());
        walk.check(bar..bar + 1);
    }
    walk.check(300..split + 60);
    assert!(ask_all(&walk.live, &["IBM"], Adjust::Total) < blocks / 2);
    assert_eq!(Bundle::open(folder.path("bundle")).unwrap().version(), bundle.version());
}

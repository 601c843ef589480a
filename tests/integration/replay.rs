//! A clock that moves over the sample, on many threads: every window right, and nearly every one a hit.

use std::collections::HashMap;
use std::io::Read;
use std::thread;

use lookback::portal::Options;
use lookback::{Adjust, Bundle, DataPortal, Field, Frequency, PortalReader, Request, When};
use rayon::prelude::*;

use crate::naive::agree;

const ASSETS: [&str; 5] = ["AAPL", "FB", "GOOG", "IBM", "MSFT"];
const BAR_COUNTS: [usize; 4] = [20, 37, 50, 200];

/// One asset as the file has it: what the library reads is not used.
#[derive(Default)]
struct Rows {
    dates: Vec<String>,
    open: Vec<f64>,
    close: Vec<f64>,
    volume: Vec<f64>,
    adjusted: Vec<f64>,
}

impl Rows {
    fn bar(&self, date: &str) -> usize {
        self.dates.iter().position(|found| found == date).unwrap()
    }

    /// The last closes as of a bar: each scaled by how its Adj Close stands to that of the bar.
    fn closes(&self, end: usize, bars: usize) -> impl Iterator<Item = f64> {
        let factor = self.close[end] / self.adjusted[end];
        self.adjusted[end + 1 - bars..=end].iter().map(move |adjusted| adjusted * factor)
    }
}

fn file() -> HashMap<String, Rows> {
    let packed = std::fs::File::open(concat!(env!("CARGO_MANIFEST_DIR"), "/data/stocks.csv.gz")).unwrap();
    let mut text = String::new();
    flate2::read::GzDecoder::new(packed).read_to_string(&mut text).unwrap();
    let mut file: HashMap<String, Rows> = HashMap::new();
    for line in text.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        let rows = file.entry(cells[0].to_owned()).or_default();
        rows.dates.push(cells[1].to_owned());
        let value = |at: usize| cells[at].parse().unwrap();
        rows.open.push(value(2));
        rows.close.push(value(5));
        rows.volume.push(value(6));
        rows.adjusted.push(value(7));
    }
    file
}

fn portal() -> DataPortal {
    DataPortal::new(Bundle::sample().unwrap(), Options::default()).unwrap()
}

fn requests(portal: &DataPortal) -> Vec<(&'static str, Request)> {
    let ask = |asset, bars| portal.request([asset], [Field::Close], bars, Frequency::Day).unwrap();
    ASSETS.into_iter().flat_map(|asset| BAR_COUNTS.map(|bars| (asset, ask(asset, bars)))).collect()
}

/// Asks for every window that ends at a bar and compares it; returns how many there were.
fn check(
    reader: &PortalReader,
    requests: &[(&str, Request)],
    file: &HashMap<String, Rows>,
    end: usize,
) -> u64 {
    let mut windows = 0;
    for (asset, request) in requests {
        let rows = &file[*asset];
        if end >= rows.dates.len() || end + 1 < request.bar_count() {
            continue;
        }
        let window = reader.history(request, end).unwrap();
        let right = window.column(0).iter().zip(rows.closes(end, request.bar_count()));
        assert!(
            right.into_iter().all(|(&found, expected)| agree(found, expected, 1e-9)),
            "{asset}: {} bars as of {}",
            request.bar_count(),
            rows.dates[end]
        );
        windows += 1;
    }
    windows
}

#[test]
fn a_moving_clock_is_right_and_hits_on_any_number_of_threads_in_both_directions() {
    let file = file();
    for threads in [1, 2, 4, 16] {
        let portal = portal();
        let requests = requests(&portal);
        let snapshot = portal.snapshot();
        let last = file["AAPL"].dates.len() - 1;
        let windows: u64 = thread::scope(|scope| {
            let workers: Vec<_> = (0..threads)
                .map(|worker| {
                    let (snapshot, requests, file) = (&snapshot, &requests, &file);
                    scope.spawn(move || {
                        let reader = snapshot.reader();
                        let end = |step| if worker % 2 == 0 { step } else { last - step };
                        (0..=last).map(|step| check(&reader, requests, file, end(step))).sum::<u64>()
                    })
                })
                .collect();
            workers.into_iter().map(|worker| worker.join().unwrap()).sum()
        });
        let stats = portal.stats();
        assert_eq!(stats.hits() + stats.misses, windows);
        assert!(stats.hit_rate().unwrap() > 0.99, "{threads} threads: {stats:?}");
        // 92 dividends and 3 splits part five assets into 100 stretches, each loaded once.
        assert_eq!(stats.loads, 100, "{threads} threads: {stats:?}");
    }
}

#[test]
fn rayon_workers_read_the_same_windows() {
    let file = file();
    let portal = portal();
    let requests = requests(&portal);
    let snapshot = portal.snapshot();
    let windows: u64 = (0..file["IBM"].dates.len())
        .into_par_iter()
        .map_init(|| snapshot.reader(), |reader, end| check(reader, &requests, &file, end))
        .sum();
    assert_eq!(portal.stats().hits() + portal.stats().misses, windows);
}

#[test]
fn dates_asked_in_any_order_give_the_same_windows() {
    let file = file();
    let portal = portal();
    let requests = requests(&portal);
    let mut reader = portal.snapshot().reader();
    // A step without a common divisor with the number of bars visits each once, far from the one before.
    let bars = file["MSFT"].dates.len();
    for step in 0..bars {
        check(&reader, &requests, &file, step * 1009 % bars);
        if step % 500 == 0 {
            reader.refresh();
        }
    }
}

#[test]
fn the_sample_agrees_with_its_file_across_the_splits() {
    let file = file();
    let portal = portal();
    let reader = portal.snapshot().reader();
    for (asset, split) in [("AAPL", "2000-06-21"), ("AAPL", "2005-02-28"), ("MSFT", "2003-02-18")] {
        let rows = &file[asset];
        let fields = [Field::Open, Field::Close, Field::Volume];
        let request = portal.request([asset], fields, 60, Frequency::Day).unwrap();
        let ex = rows.bar(split);
        for end in ex - 3..ex + 50 {
            let date: When = rows.dates[end].parse().unwrap();
            let raw = reader.history(&request.clone().adjust(Adjust::Raw), date).unwrap();
            let total = reader.history(&request, date).unwrap();
            for (row, bar) in (end - 59..=end).enumerate() {
                let factor = rows.adjusted[bar] / rows.close[bar] * rows.close[end] / rows.adjusted[end];
                assert_eq!(raw.column(0)[row], rows.open[bar]);
                assert_eq!(raw.column(1)[row], rows.close[bar]);
                assert_eq!(raw.column(2)[row], rows.volume[bar]);
                assert!(agree(total.column(0)[row], rows.open[bar] * factor, 1e-9));
                assert!(agree(total.column(1)[row], rows.close[bar] * factor, 1e-9));
                let shares = if bar < ex && ex <= end { 2.0 } else { 1.0 };
                assert_eq!(total.column(2)[row], rows.volume[bar] * shares);
            }
        }
    }
}

#[test]
fn windows_of_several_assets_agree_with_windows_of_each() {
    let portal = portal();
    let snapshot = portal.snapshot();
    let reader = snapshot.reader();
    let together = portal.request(ASSETS, [Field::Price], 20, Frequency::Day).unwrap();
    let calendar = snapshot.calendar(&together).unwrap();
    let alone = ASSETS.map(|asset| portal.request([asset], [Field::Close], 20, Frequency::Day).unwrap());
    // All five trade on the same days from FB's first on, so prices there are their own bars, to the last
    // bit.
    for end in calendar.len() - 100..calendar.len() {
        let window = reader.history(&together, end).unwrap();
        for (column, request) in alone.iter().enumerate() {
            let own = reader.history(request, calendar.timestamp(end).unwrap()).unwrap();
            assert_eq!(window.column(column), own.column(0));
        }
    }
}

#[test]
fn a_bar_is_the_same_bits_in_a_block_of_any_class() {
    let portal = portal();
    let reader = portal.snapshot().reader();
    let fields = [Field::Close, Field::Volume];
    let ask = |bars| portal.request(["IBM"], fields, bars, Frequency::Day).unwrap();
    let (short, longer) = (ask(20), [256, 257, 512, 1000, 3000].map(ask));
    for end in (2999..3269).step_by(10) {
        let window = reader.history(&short, end).unwrap();
        for request in &longer {
            let long = reader.history(request, end).unwrap();
            for column in 0..fields.len() {
                let tail = &long.column(column)[request.bar_count() - 20..];
                assert_eq!(window.column(column), tail, "{} bars as of {end}", request.bar_count());
            }
        }
    }
}

#[test]
fn a_window_outlives_its_reader_once_it_is_owned() {
    let portal = portal();
    let request = portal.request(["MSFT"], [Field::Close], 50, Frequency::Day).unwrap();
    let (owned, lent) = {
        let reader = portal.snapshot().reader();
        let window = reader.history(&request, 100).unwrap();
        (window.to_owned(), window.column(0).to_vec())
    };
    assert_eq!(owned.as_window().column(0), lent);
}

#[test]
fn a_cache_too_small_for_a_block_still_serves_every_window() {
    let file = file();
    for (capacity_bytes, variable_entries) in [(0, 4096), (3_000, 4096), (200_000_000, 0), (200_000_000, 1)] {
        let mut options = Options::default();
        options.cache.capacity_bytes = capacity_bytes;
        options.cache.variable_entries = variable_entries;
        let portal = DataPortal::new(Bundle::sample().unwrap(), options).unwrap();
        let requests = requests(&portal);
        let mut reader = portal.snapshot().reader();
        for end in (0..file["IBM"].dates.len()).step_by(7) {
            check(&reader, &requests, &file, end);
            reader.refresh();
        }
    }
}

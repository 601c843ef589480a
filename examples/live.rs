//! Live: one thread takes bars from a channel, appends them and refreshes the portal; four others go on asking.

#![expect(clippy::print_stdout, reason = "an example shows what it found")]

use std::sync::atomic::{AtomicBool, Ordering};
use std::{sync::mpsc, thread};

use lookback::bundle::{IngestOptions, Series, ingest};
use lookback::portal::Options;
use lookback::{Bundle, Calendar, DataPortal, Field, Frequency, time::DAY_NS};

/// Runs until the market has closed.
pub fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let (csv, path) = (folder.path().join("A.csv"), folder.path().join("bars"));
    std::fs::write(&csv, "date,open,high,low,close\n1970-01-01,1,1,1,1\n")?;
    let mut bundle = ingest(&[csv], &path, &IngestOptions::default())?.bundle;
    let portal = DataPortal::open(&path, Options::default())?;
    let is_over = AtomicBool::new(false);
    let (feed, bars) = mpsc::sync_channel(16);
    let asked = thread::scope(|scope| -> Result<usize, Box<dyn std::error::Error>> {
        scope.spawn(move || (1..50).try_for_each(|day| feed.send(day))); // the market, a day at a time
        let ask = || -> Result<usize, lookback::Error> {
            let mut windows = 0;
            while !is_over.load(Ordering::Relaxed) || windows == 0 {
                let snapshot = portal.snapshot(); // one version for as long as it is held
                let request = snapshot.request(["A"], [Field::Close], 1, Frequency::Day)?;
                let last = snapshot.calendar(&request)?.len() - 1;
                let close = snapshot.reader().history(&request, last)?.column(0)[0];
                assert_eq!(close.to_string(), (last + 1).to_string()); // each day closes at its number
                windows += 1;
            }
            Ok(windows)
        };
        let threads = [(); 4].map(|()| scope.spawn(ask));
        let taken = bars.iter().try_for_each(|day: i64| -> Result<(), lookback::Error> {
            let (symbol, calendar) = ("A".into(), Calendar::new(vec![day * DAY_NS])?);
            let values = [0; 5].map(|_| vec![(day + 1).into()]);
            bundle = bundle.append(vec![Series { symbol, calendar, values, adjustments: vec![] }])?.bundle;
            portal.refresh()?;
            Bundle::prune(&path, 5).map(drop) // the last five versions stay
        });
        is_over.store(true, Ordering::Relaxed);
        taken?;
        Ok(threads
            .into_iter()
            .map(|thread| thread.join().expect("no reader panics"))
            .sum::<Result<usize, _>>()?)
    })?;
    println!(
        "{asked} windows while {} days came, each of one version",
        portal.snapshot().bundle().bars(lookback::AssetId(0))
    );
    Ok(())
}

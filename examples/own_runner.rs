//! A runner of your own, which takes of this crate the portal alone: an average crossed by the close, for each of many lengths,
//! on your own rayon pool. Rules of order, fills and metrics are yours; what is lent is the cache of windows.

#![expect(clippy::print_stdout, reason = "an example shows what it found")]

use lookback::portal::{DataPortal, Options};
use lookback::{Bundle, Error, Field, Frequency, Request, Snapshot};
use rayon::ThreadPoolBuilder;
use rayon::iter::{IntoParallelIterator, ParallelIterator};

/// What one length made: 1 + return, held while the close is above its average, without costs.
fn growth(snapshot: &Snapshot, request: &Request, bars: usize) -> Result<f64, Error> {
    let count = f64::from(u32::try_from(request.bar_count()).expect("some hundred bars"));
    // One reader for each task: it borrows from the cache, and writes to nothing that others read.
    let reader = snapshot.reader();
    let (mut growth, mut is_held) = (1.0, false);
    for end in request.bar_count() - 1..bars {
        let window = reader.history(request, end)?;
        let closes = window.column(0);
        let [.., before, close] = closes else { continue };
        // Both as of this window's end: a split between them is adjusted for.
        if is_held {
            growth *= close / before;
        }
        is_held = closes.iter().sum::<f64>() / count < *close;
    }
    Ok(growth)
}

fn main() -> Result<(), Error> {
    let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    // One version of the bars for the whole run, whatever becomes of the bundle meanwhile.
    let snapshot = portal.snapshot();
    let pool = ThreadPoolBuilder::new().num_threads(2).build().expect("two threads can be had");
    let run = |length: usize| {
        let request = snapshot.request(["IBM"], [Field::Close], length, Frequency::Day)?;
        let bars = snapshot.calendar(&request)?.len();
        Ok((length, growth(&snapshot, &request, bars)?))
    };
    // In the order of the lengths, whichever thread was first.
    let lengths = (10..=200).step_by(10).collect::<Vec<_>>();
    let found = pool.install(|| lengths.into_par_iter().map(run).collect::<Result<Vec<_>, Error>>())?;
    let (length, growth) = found.into_iter().max_by(|a, b| a.1.total_cmp(&b.1)).expect("there are lengths");
    println!("best of 20 lengths: {length} bars, {:.1} %", (growth - 1.0) * 100.0);
    println!("{:.2} % of its windows were hits", portal.stats().hit_rate().unwrap_or_default() * 100.0);
    Ok(())
}

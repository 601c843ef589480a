//! Windows from many threads: one snapshot for the run, one reader for each thread.

#![expect(clippy::print_stdout, reason = "an example shows what it found")]

use std::thread;

use lookback::portal::Options;
use lookback::{Bundle, DataPortal, Error, Field, Frequency};

fn main() -> Result<(), Error> {
    let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    let snapshot = portal.snapshot();
    let request = portal.request(["AAPL", "MSFT"], [Field::Close], 20, Frequency::Day)?;
    let bars = snapshot.calendar(&request)?.len();

    // Each thread counts the bars, of its share of them, at which AAPL gained more than MSFT over twenty
    // bars.
    let count = |first: usize| -> Result<usize, Error> {
        let reader = snapshot.reader();
        let mut wins = 0;
        for end in (first..bars).step_by(4).filter(|end| *end >= 19) {
            let window = reader.history(&request, end)?;
            let gain = |column: usize| window.column(column)[19] / window.column(column)[0];
            wins += usize::from(gain(0) > gain(1));
        }
        Ok(wins)
    };
    let wins: usize = thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|first| scope.spawn(move || count(first))).collect();
        threads.into_iter().map(|thread| thread.join().expect("no reader panics")).sum::<Result<_, _>>()
    })?;

    println!("AAPL gained more than MSFT over 20 bars at {wins} of {} bars", bars - 19);
    println!(
        "{} windows out of {} loads",
        portal.stats().hits() + portal.stats().misses,
        portal.stats().loads
    );
    Ok(())
}

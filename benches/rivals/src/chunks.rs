//! Times of equal chunks of work on several threads at once, on a machine that does other work too.
//!
//! All threads start a chunk together, and its time ends with the last of them. A chunk that another process
//! interrupted says nothing about a cache, so a measurement is the fastest fiftieth of its chunks.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Where threads meet; it spins, so that they leave together.
struct Start {
    arrived: AtomicUsize,
    threads: usize,
}

impl Start {
    fn wait(&self, round: usize) {
        self.arrived.fetch_add(1, Ordering::AcqRel);
        let mut spins = 0_u32;
        while self.arrived.load(Ordering::Acquire) < (round + 1) * self.threads {
            spins += 1;
            if spins.is_multiple_of(1 << 10) {
                std::thread::yield_now();
            }
            std::hint::spin_loop();
        }
    }
}

/// Runs `work` `count` times on each thread, all threads together; every chunk's time, in order of length.
///
/// `prepare` makes a thread's work: a function of the chunk's number.
pub fn times<W: FnMut(usize)>(
    threads: usize,
    count: usize,
    prepare: impl Fn(usize) -> W + Sync,
) -> Vec<Duration> {
    let start = &Start { arrived: AtomicUsize::new(0), threads };
    let prepare = &prepare;
    let run = move |thread| {
        let mut work = prepare(thread);
        let chunk = |round| {
            start.wait(round);
            let began = Instant::now();
            work(round);
            (began, Instant::now())
        };
        (0..count).map(chunk).collect::<Vec<_>>()
    };
    let spans = if threads == 1 {
        vec![run(0)]
    } else {
        std::thread::scope(|scope| {
            let handles = (0..threads).map(|thread| scope.spawn(move || run(thread))).collect::<Vec<_>>();
            handles.into_iter().map(|handle| handle.join().unwrap()).collect()
        })
    };
    let span = |chunk: usize| {
        let began = spans.iter().map(|spans| spans[chunk].0).min().unwrap();
        spans.iter().map(|spans| spans[chunk].1).max().unwrap() - began
    };
    let mut times = (0..count).map(span).collect::<Vec<_>>();
    times.sort();
    times
}

/// The time that a fiftieth of the chunks did not exceed.
pub fn fastest(times: &[Duration]) -> Duration {
    times[times.len() / 50]
}

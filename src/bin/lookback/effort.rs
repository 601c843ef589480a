//! What a command cost: elapsed time, and CPU time of the whole process.

#![forbid(unsafe_code)]

use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

/// Measures from its making, at the start of a command.
///
/// CPU time is a difference too: `cargo run` becomes the program without a new process, and its own time would count.
#[derive(Debug)]
pub struct Stopwatch {
    began: Instant,
    cpu_before: Duration,
}

/// What was measured.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// Time on the wall.
    pub elapsed: Duration,
    /// User and system time of all threads, as the kernel accounts for them.
    pub cpu: Duration,
}

impl Stopwatch {
    pub fn start() -> Self {
        Self { began: Instant::now(), cpu_before: cpu_time() }
    }

    pub fn read(&self) -> Effort {
        Effort { elapsed: self.began.elapsed(), cpu: cpu_time().saturating_sub(self.cpu_before) }
    }
}

/// CPU time of the process so far.
fn cpu_time() -> Duration {
    let cpu = clock_gettime(ClockId::ProcessCPUTime);
    let (seconds, ns) = (u64::try_from(cpu.tv_sec), u32::try_from(cpu.tv_nsec));
    Duration::new(seconds.unwrap_or_default(), ns.unwrap_or_default())
}

impl Effort {
    /// How many of a count fall on a second of elapsed time, and on one of CPU time.
    #[expect(clippy::cast_precision_loss, reason = "a rate for people; counts stay far below 2^53")]
    pub fn rates(&self, count: usize) -> (f64, f64) {
        let rate = |time: Duration| count as f64 / time.as_secs_f64().max(1e-9);
        (rate(self.elapsed), rate(self.cpu))
    }
}

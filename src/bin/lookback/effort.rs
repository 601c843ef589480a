//! What a command cost: elapsed time, and CPU time of the whole process.

#![forbid(unsafe_code)]

use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

/// Measures from its making.
#[derive(Debug)]
pub struct Stopwatch(Instant);

/// What was measured.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// Time on the wall.
    pub elapsed: Duration,
    /// User and system time of all threads since the process began, as the kernel accounts for them.
    pub cpu: Duration,
}

impl Stopwatch {
    pub fn start() -> Self {
        Self(Instant::now())
    }

    pub fn read(&self) -> Effort {
        let cpu = clock_gettime(ClockId::ProcessCPUTime);
        let (seconds, ns) = (u64::try_from(cpu.tv_sec), u32::try_from(cpu.tv_nsec));
        let cpu = Duration::new(seconds.unwrap_or_default(), ns.unwrap_or_default());
        Effort { elapsed: self.0.elapsed(), cpu }
    }
}

impl Effort {
    /// How many of a count fall on a second of elapsed time, and on one of CPU time.
    #[expect(clippy::cast_precision_loss, reason = "a rate for people; counts stay far below 2^53")]
    pub fn rates(&self, count: usize) -> (f64, f64) {
        let rate = |time: Duration| count as f64 / time.as_secs_f64().max(1e-9);
        (rate(self.elapsed), rate(self.cpu))
    }
}

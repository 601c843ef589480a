//! Runs a test in a process of its own, with a bound on memory and on time, so that what would hang or eat the
//! machine fails instead.

use std::env;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// Set in the child: which test it runs.
const NAME: &str = "LOOKBACK_CONFINED";

/// Address space of the child, in KiB, where the shell can bound it.
const MOST_KIB: u64 = 3_000_000;

const MOST_TIME: Duration = Duration::from_secs(60);

/// Runs `body` in a child of this test binary, whose only test is `name`: the full path of the caller.
pub fn confined(name: &str, body: impl FnOnce()) {
    if env::var(NAME).is_ok_and(|confined| confined == name) {
        return body();
    }
    let script = format!("ulimit -v {MOST_KIB} 2>/dev/null; exec \"$0\" \"$@\"");
    let mut child = Command::new("sh")
        .args(["-c", &script])
        .arg(env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture", "--test-threads", "1"])
        .env(NAME, name)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let began = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if began.elapsed() > MOST_TIME {
            child.kill().unwrap();
            child.wait().unwrap();
            panic!("{name} hangs: no end within {} s", MOST_TIME.as_secs());
        }
        thread::sleep(Duration::from_millis(5));
    };
    let said = std::io::read_to_string(child.stdout.take().unwrap()).unwrap();
    assert!(status.success(), "{name}: {status}\n{said}");
    assert!(said.contains("1 passed"), "no test is called {name}\n{said}");
}

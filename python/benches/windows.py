"""What a window and a sweep cost from Python: `python benches/windows.py`, with a release build installed."""

from __future__ import annotations

import subprocess
import sys
import time
import timeit
from collections.abc import Callable

import pandas as pd

import lookback as lb

CALLS = 200_000
SWEEP = {
    "buy": "crossover(sma(close, fast), sma(close, slow))",
    "sell": "crossunder(sma(close, fast), sma(close, slow))",
    "params": {"fast": range(5, 51), "slow": range(20, 201, 2)},
    "where": "fast < slow",
}


def best(call: Callable[[], object]) -> float:
    """Return nanoseconds of a call, the best of five rounds."""
    return min(timeit.repeat(call, number=CALLS, repeat=5)) / CALLS * 1e9


def main() -> None:
    """Print a line for each."""
    portal = lb.DataPortal(lb.Bundle.sample())
    request = portal.request("AAPL", "close", 20)
    moment = pd.Timestamp("2005-02-28")
    print(f"bound request, end as a bar        {best(lambda: request(1_000)):7.0f} ns")
    print(f"bound request, end as a Timestamp  {best(lambda: request(moment)):7.0f} ns")
    full = best(lambda: portal.history("AAPL", "close", 20, "1d", 1_000, "array"))
    print(f"full call, an array                {full:7.0f} ns")
    frame = timeit.timeit(lambda: portal.history("AAPL", "close", 20, "1d", 1_000), number=2_000) / 2_000 * 1e9
    print(f"full call, a pandas frame          {frame:7.0f} ns")
    lb.sweep(portal, progress=False, **SWEEP)
    began, cpu = time.perf_counter(), time.process_time()
    results = lb.sweep(portal, progress=False, **SWEEP)
    elapsed, cpu = time.perf_counter() - began, time.process_time() - cpu
    print(f"sweep of {len(results):,} trials: {elapsed:.3f} s, {len(results) / cpu:,.0f} trials per CPU-second")
    if len(sys.argv) > 1:
        # The program on the same rules, to be held beside it.
        flags = ["--param", "fast=5:50", "--param", "slow=20:200:2", "--where", "fast < slow", "--no-honesty", "--stats"]
        command = [sys.argv[1], "sweep", "--buy", SWEEP["buy"], "--sell", SWEEP["sell"], *flags]
        printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
        print("the program:", next(line for line in printed if "per CPU-second" in line))


if __name__ == "__main__":
    main()

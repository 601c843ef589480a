"""What a window and a sweep cost from Python: `python benches/windows.py`, with a release build installed."""

from __future__ import annotations

import subprocess
import sys
import time
import timeit
from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

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


class Idle(lb.Strategy):
    """Asked at every bar, and orders nothing."""

    def on_bar(self, bar: lb.Bar) -> None:
        """Do nothing."""


class Reads(lb.Strategy):
    """Reads two closes of a window at every bar."""

    def on_bar(self, bar: lb.Bar) -> None:
        """Order by them."""
        if bar.index >= 60:
            closes = bar.history(61)
            bar.set_target(1.0 if closes[60, 0] > closes[0, 0] else 0.0)


def momentum(window: NDArray[np.float64], parameters: NDArray[np.float64], state: NDArray[np.float64]) -> float:
    """Order by the same closes."""
    return 1.0 if window[60, 0] > window[0, 0] else 0.0


def strategies(portal: lb.DataPortal) -> None:
    """Print what a bar of a strategy costs."""
    bars = portal.bundle.bars("IBM")
    compiled = lb.compiled(momentum, bars=61)
    for name, strategy, trials in (
        ("class, idle", Idle, 40),
        ("class, a window", Reads, 40),
        ("compiled, a window", compiled, 4_000),
    ):
        cpu = time.process_time()
        lb.sweep(portal, strategy=strategy, params={"n": range(1, trials + 1)}, assets="IBM", progress=False)
        each = (time.process_time() - cpu) / trials
        print(f"{name:18s} {each * 1e9 / bars:7.0f} ns a bar, {each * 1e3:7.3f} ms a trial of {bars:,} bars")


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
    strategies(portal)
    if len(sys.argv) > 1:
        # The program on the same rules, to be held beside it.
        flags = ["--param", "fast=5:50", "--param", "slow=20:200:2", "--where", "fast < slow", "--no-honesty", "--stats"]
        command = [sys.argv[1], "sweep", "--buy", SWEEP["buy"], "--sell", SWEEP["sell"], *flags]
        printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
        print("the program:", next(line for line in printed if "per CPU-second" in line))


if __name__ == "__main__":
    main()

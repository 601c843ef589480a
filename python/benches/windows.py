"""What a window and a sweep cost from Python: `python benches/windows.py`, with a release build installed."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
import timeit
from collections import OrderedDict
from collections.abc import Callable
from datetime import date

import numpy as np
import pandas as pd
import polars as pl
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


class Restated:
    """What the predecessor's portal does for an array, restated, as it is in no registry: a dictionary under a lock.

    The end date is in the key; on a miss the last rows up to the date are filtered, sorted and taken by polars.
    """

    def __init__(self, frame: pl.DataFrame) -> None:
        """Take a frame of date, symbol and close."""
        self.frame, self.lock, self.held = frame, threading.Lock(), OrderedDict()

    def history(self, symbol: str, bars: int, day: date) -> NDArray[np.float64]:
        """Return the last closes as of a day."""
        key = (symbol, "close", bars, str(day))
        with self.lock:
            if key in self.held:
                self.held.move_to_end(key)
                return self.held[key]
        rows = self.frame.filter((pl.col("symbol") == symbol) & (pl.col("date") <= day))
        values = rows.group_by("symbol").agg(pl.all().sort_by("date").tail(bars)).explode(pl.all().exclude("symbol"))
        array = values["close"].cast(pl.Float64).to_numpy().reshape(-1, 1)
        with self.lock:
            self.held[key] = array
            if len(self.held) > 256:
                self.held.popitem(last=False)
        return array


def rivals(portal: lb.DataPortal) -> None:
    """Print what 20 closes cost at one date again and again, and at a date that moves, each checked first."""
    calendar = portal.bundle.calendar("AAPL")
    closes = portal.history("AAPL", "close", len(calendar), return_type="array")[:, 0]
    # Closes as of the last bar for all: who slices a frame adjusts it once.
    frame = pd.DataFrame({"close": closes}, index=pd.DatetimeIndex(calendar))
    restated = Restated(pl.DataFrame({"date": calendar.astype("datetime64[D]"), "symbol": "AAPL", "close": closes}))
    request = portal.request("AAPL", "close", 20)
    days = [moment.astype("datetime64[D]").item() for moment in calendar]
    bars = range(1_000, 3_000)
    for bar in bars[::97]:
        expected = closes[bar - 19 : bar + 1] / closes[bar]
        for found in (
            request(bar)[:, 0],
            restated.history("AAPL", 20, days[bar])[:, 0],
            frame["close"].iloc[bar - 19 : bar + 1],
        ):
            np.testing.assert_allclose(np.asarray(found) / np.asarray(found)[-1], expected, rtol=1e-9)

    def moving(ask: Callable[[int], object]) -> float:
        began = time.perf_counter()
        for bar in bars:
            ask(bar)
        return (time.perf_counter() - began) / len(bars) * 1e9

    rows = (
        ("bound request", request),
        ("portal.history, array", lambda bar: portal.history("AAPL", "close", 20, "1d", bar, "array")),
        ("portal.history, pandas", lambda bar: portal.history("AAPL", "close", 20, "1d", bar)),
        ("df['close'].iloc[...]", lambda bar: frame["close"].iloc[bar - 19 : bar + 1]),
        ("df['close'].iloc[...].to_numpy()", lambda bar: frame["close"].iloc[bar - 19 : bar + 1].to_numpy()),
        ("the predecessor, restated", lambda bar: restated.history("AAPL", 20, days[bar])),
    )
    print("20 closes of AAPL, ns              one date   a date that moves")
    for name, ask in rows:
        ask(1_500)
        once = min(timeit.repeat(lambda ask=ask: ask(1_500), number=2_000, repeat=5)) / 2_000 * 1e9
        print(f"{name:34s} {once:8,.0f}   {min(moving(ask) for _ in range(2)):10,.0f}")
    rounds = 50

    def work() -> None:
        for _ in range(rounds):
            for bar in bars:
                request(bar)

    for threads in (1, 2):
        crew = [threading.Thread(target=work) for _ in range(threads)]
        began = time.perf_counter()
        for one in crew:
            one.start()
        for one in crew:
            one.join()
        each = (time.perf_counter() - began) / (threads * rounds * len(bars)) * 1e9
        print(f"{threads} thread(s) on one portal: {each:,.0f} ns a window")


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
    rivals(portal)
    strategies(portal)
    if len(sys.argv) > 1:
        # The program on the same rules, to be held beside it.
        flags = ["--param", "fast=5:50", "--param", "slow=20:200:2", "--where", "fast < slow", "--no-honesty", "--stats"]
        command = [sys.argv[1], "sweep", "--buy", SWEEP["buy"], "--sell", SWEEP["sell"], *flags]
        printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
        print("the program:", next(line for line in printed if "per CPU-second" in line))


if __name__ == "__main__":
    main()

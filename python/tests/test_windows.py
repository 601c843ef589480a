"""Windows: equal to a naive slice, without a copy, and never of the future."""

from __future__ import annotations

import gc
import itertools
import threading
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import lookback as lb

NAMES = itertools.cycle(["AAPL", "IBM", "MSFT"])
FIELDS = ["open", "high", "low", "close", "volume"]


def frame_of(seed: int, bars: int) -> pd.DataFrame:
    """Random daily bars of two assets, with splits and dividends on a few days."""
    dice = np.random.default_rng(seed)
    parts = []
    for symbol in ["AA", "BB"]:
        split = np.where(dice.random(bars) < 0.05, dice.choice([0.5, 2.0, 3.0], bars), 1.0)
        dividend = np.where(dice.random(bars) < 0.08, np.round(dice.random(bars), 2), 0.0)
        split[0], dividend[0] = 1.0, 0.0
        # As traded: a price shows each split.
        close = np.round(500 * np.exp(np.cumsum(dice.normal(0, 0.02, bars))) / np.cumprod(split), 2)
        open_ = np.round(close * 1.001, 2)
        parts.append(
            pd.DataFrame(
                {
                    "date": pd.date_range("2020-01-01", periods=bars, freq="D").strftime("%Y-%m-%d"),
                    "symbol": symbol,
                    "open": open_,
                    "high": np.maximum(open_, close) + 0.5,
                    "low": np.minimum(open_, close) - 0.5,
                    "close": close,
                    "volume": dice.integers(1_000, 9_000, bars).astype(float),
                    "dividend_amount": dividend,
                    "split_coefficient": split,
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def naive(rows: pd.DataFrame, field: str, end: int, count: int, adjust: str) -> list[float]:
    """Return the last bars up to `end`, each adjusted for the events after it and up to `end`, one by one."""
    window = []
    for bar in range(end + 1 - count, end + 1):
        value = rows[field].iloc[bar]
        for at in range(bar + 1, end + 1):
            split, dividend = rows["split_coefficient"].iloc[at], rows["dividend_amount"].iloc[at]
            if adjust != "raw":
                value = value * split if field == "volume" else value / split
            if dividend and adjust == "total" and field != "volume":
                # Of a day that has both, the dividend is per share before the split.
                before = rows["close"].iloc[at - 1]
                value = value * (1 - dividend / before)
        window.append(float(value))
    return window


# Bundles are made once each; what is asked of them is drawn a thousand times.
BUNDLES: dict[int, tuple[pd.DataFrame, lb.DataPortal]] = {}


def bundle(seed: int) -> tuple[pd.DataFrame, lb.DataPortal]:
    if seed not in BUNDLES:
        frame = frame_of(seed, 60)
        BUNDLES[seed] = frame, lb.DataPortal(lb.Bundle.from_frame(frame), permanent_windows=[5, 20])
    return BUNDLES[seed]


@settings(max_examples=1_000, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    seed=st.integers(0, 15),
    assets=st.sampled_from([["AA"], ["BB"], ["AA", "BB"], ["BB", "AA"]]),
    fields=st.lists(st.sampled_from(FIELDS), min_size=1, max_size=5, unique=True),
    end=st.integers(0, 59),
    reach=st.integers(1, 60),
    adjust=st.sampled_from(["raw", "splits", "total"]),
    by_date=st.booleans(),
)
def test_a_window_is_a_naive_slice_of_the_bars(
    seed: int, assets: list[str], fields: list[str], end: int, reach: int, adjust: str, by_date: bool
) -> None:
    frame, portal = bundle(seed)
    count = min(reach, end + 1)
    when: Any = pd.Timestamp("2020-01-01") + pd.Timedelta(days=end) if by_date else end
    found = portal.history(assets, fields, count, "1d", when, "array", adjust=adjust)
    rows = {asset: frame[frame["symbol"] == asset] for asset in assets}
    expected = np.array([[naive(rows[asset], field, end, count, adjust) for field in fields] for asset in assets])
    shaped = found[:, np.newaxis, :] if len(assets) == 1 else found
    assert shaped.shape == (count, len(assets), len(fields))
    np.testing.assert_allclose(shaped, expected.transpose(2, 0, 1), rtol=1e-11)
    assert not found.flags.writeable


def test_arrays_are_views_that_nobody_can_write(portal: lb.DataPortal) -> None:
    one = portal.history("AAPL", "close", 20, end=1_000, return_type="array")
    other = portal.history("AAPL", "close", 10, end=1_000, return_type="array")
    assert np.shares_memory(one, other)
    with pytest.raises(ValueError, match="read-only"):
        one[0, 0] = 1.0
    with pytest.raises(ValueError, match="WRITEABLE"):
        one.setflags(write=True)


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
def test_an_array_outlives_everything_in_any_order_of_deletion(order: tuple[int, ...]) -> None:
    bundle = lb.Bundle.from_frame(frame_of(1, 60))
    portal = lb.DataPortal(bundle, cache_entries=1, cache_bytes=4_096, permanent_windows=[])
    request = portal.request("AA", "close", 20)
    array = request(40)
    expected = array.copy()
    held: list[object] = [bundle, portal, request, array[5:, 0]]
    view = held[3]
    del bundle, portal, request, array
    for at in order:
        if at != 3:
            held[at] = None
        gc.collect()
        assert isinstance(view, np.ndarray)
        np.testing.assert_array_equal(view, expected[5:, 0])


def test_frames_hold_the_values_of_the_array(portal: lb.DataPortal) -> None:
    assets, fields = ["IBM", "AAPL"], ["close", "volume"]
    array = portal.history(assets, fields, 5, end="2005-02-28", return_type="array")
    frame = portal.history(assets, fields, 5, end="2005-02-28")
    assert list(frame.columns) == [("IBM", "close"), ("IBM", "volume"), ("AAPL", "close"), ("AAPL", "volume")]
    np.testing.assert_array_equal(frame.to_numpy(), array.reshape(5, 4))
    assert str(frame.index[-1]) == "2005-02-28 00:00:00"
    polars = portal.history(assets, fields, 5, end="2005-02-28", return_type="polars")
    arrow = portal.history(assets, fields, 5, end="2005-02-28", return_type="arrow")
    assert isinstance(polars, pl.DataFrame)
    assert isinstance(arrow, pa.Table)
    np.testing.assert_array_equal(polars["AAPL_volume"].to_numpy(), array[:, 1, 1])
    np.testing.assert_array_equal(arrow["IBM_close"].to_numpy(), array[:, 0, 0])


def test_coarser_bars_hold_what_is_known(portal: lb.DataPortal) -> None:
    weeks = portal.history("AAPL", "close", 3, "1w", "2005-03-02", "array")
    closed = portal.history("AAPL", "close", 3, "1w", "2005-03-02", "array", closed_only=True)
    assert weeks[-1, 0] == portal.history("AAPL", "close", 1, end="2005-03-02", return_type="array")[0, 0]
    np.testing.assert_array_equal(closed[1:], weeks[:2])


def test_a_clock_refuses_later_bars(portal: lb.DataPortal) -> None:
    clock = portal.at("2005-02-28")
    assert clock.history("AAPL", "close", 1, return_type="array")[0, 0] == 44.86
    with pytest.raises(lb.LookAheadError, match="2005-03-01 is after the clock"):
        clock.history("AAPL", "close", 1, end="2005-03-01")
    with pytest.raises(lb.LookAheadError):
        clock.request("AAPL", "close", 1)(3_000)


def test_ends_can_be_said_in_every_usual_way(portal: lb.DataPortal) -> None:
    request = portal.request("AAPL", "close", 3)
    expected = request("2005-02-28")
    ends = [pd.Timestamp("2005-02-28"), np.datetime64("2005-02-28"), pd.Timestamp("2005-02-28").to_pydatetime()]
    for end in [*ends, ends[2].date(), int(np.searchsorted(request.calendar, np.datetime64("2005-02-28")))]:
        np.testing.assert_array_equal(request(end), expected)


def test_eight_threads_read_what_one_reads() -> None:
    portal = lb.DataPortal(lb.Bundle.sample(), cache_entries=4, cache_bytes=200_000, permanent_windows=[20])
    asks = [
        (asset, 5 + 7 * step % 90, 300 + 11 * step) for step, asset in zip(range(240), itertools.cycle(["AAPL", "IBM", "MSFT"]))
    ]
    single = lb.DataPortal(lb.Bundle.sample())
    expected = [
        single.history(asset, ["close", "volume"], count, end=end, return_type="array").copy() for asset, count, end in asks
    ]
    faults: list[object] = []

    def read(first: int) -> None:
        for at in [*range(first, len(asks)), *range(first)]:
            asset, count, end = asks[at]
            found = portal.history(asset, ["close", "volume"], count, end=end, return_type="array")
            if not np.array_equal(found, expected[at]):
                faults.append((at, found))

    threads = [threading.Thread(target=read, args=(29 * one,)) for one in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not faults

"""The drop-in for rustybt: what its own tests bind, and each of its known faults, which is not here."""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lookback as lb
from lookback.compat.rustybt import (
    CacheKey,
    DataPortalError,
    HistoryCache,
    LookaheadError,
    NoDataAvailableError,
    OptimizationConfig,
    PolarsDataPortal,
)


def key(asset: int = 1, bars: int = 20, day: int = 1, frequency: str = "1d") -> CacheKey:
    return CacheKey(asset, "close", bars, f"2023-01-{day:02d}", frequency)


def window(*values: float) -> np.ndarray:
    return np.array(values)


def test_keys_are_named_tuples_that_cannot_be_changed() -> None:
    one = CacheKey(asset_id=1, field="close", bar_count=20, end_date="2023-01-01")
    assert (one.asset_id, one.field, one.bar_count, one.end_date) == (1, "close", 20, "2023-01-01")
    assert one == key()
    assert hash(one) == hash(key())
    assert one != key(asset=2)
    assert {one: 3}[key()] == 3
    with pytest.raises(AttributeError):
        one.asset_id = 2  # type: ignore[misc]


def test_a_new_cache_is_empty_and_has_the_settings_it_was_made_with() -> None:
    cache = HistoryCache()
    assert cache.permanent_windows == [20, 50, 200]
    assert isinstance(cache.permanent_windows, list)
    assert (cache.tier2_maxsize, cache.hits, cache.misses, cache.hit_rate) == (256, 0, 0, 0.0)
    own = HistoryCache(permanent_windows=[10, 30], tier2_maxsize=128)
    assert (own.permanent_windows, own.tier2_maxsize) == ([10, 30], 128)
    assert HistoryCache(permanent_windows=[]).permanent_windows == [20, 50, 200]


def test_a_miss_is_none_and_counts() -> None:
    cache = HistoryCache()
    assert cache.get(key()) is None
    assert (cache.hits, cache.misses, cache.hit_rate) == (0, 1, 0.0)


@pytest.mark.parametrize(("bars", "is_permanent"), [(20, True), (30, False)])
def test_a_window_is_held_in_the_tier_of_its_bar_count(bars: int, is_permanent: bool) -> None:
    cache = HistoryCache()
    cache.put(key(bars=bars), window(1.0, 2.0))
    np.testing.assert_array_equal(cache.get(key(bars=bars)), [1.0, 2.0])
    assert (cache.hits, cache.misses, cache.hit_rate) == (1, 0, 100.0)
    assert (key(bars=bars) in cache.tier1_cache) is is_permanent
    assert (key(bars=bars) in cache.tier2_cache) is not is_permanent
    assert (len(cache.tier1_cache), len(cache.tier2_cache)) == (int(is_permanent), int(not is_permanent))


def test_the_window_that_was_used_last_stays_longest() -> None:
    cache = HistoryCache(tier2_maxsize=3)
    for asset in range(3):
        cache.put(key(asset, bars=30), window(asset))
    cache.get(key(0, bars=30))
    cache.put(key(99, bars=30), window(99))
    held = [cache.get(key(asset, bars=30)) is not None for asset in (0, 1, 2, 99)]
    assert held == [True, False, True, True]
    assert len(cache.tier2_cache) == 3


@settings(max_examples=200, deadline=None)
@given(
    st.integers(1, 8),
    st.lists(st.tuples(st.booleans(), st.integers(0, 12)), max_size=120),
)
def test_any_operations_leave_the_windows_of_an_ordered_dictionary(size: int, steps: list[tuple[bool, int]]) -> None:
    cache, naive = HistoryCache(tier2_maxsize=size), OrderedDict[int, float]()
    for puts, asset in steps:
        if puts:
            cache.put(key(asset, bars=30), window(asset))
            naive[asset] = asset
            naive.move_to_end(asset)
            if len(naive) > size:
                naive.popitem(last=False)
        else:
            found = cache.get(key(asset, bars=30))
            assert (found is not None) == (asset in naive)
            if asset in naive:
                naive.move_to_end(asset)
        assert len(cache.tier2_cache) == len(naive)
    assert [asset for asset in range(13) if key(asset, bars=30) in cache.tier2_cache] == sorted(naive)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.floats(allow_nan=False), min_size=1, max_size=200),
    st.sampled_from([np.float64, np.float32, np.int64]),
    st.booleans(),
)
def test_what_is_put_is_got_bit_by_bit(values: list[float], dtype: type, is_column: bool) -> None:
    with np.errstate(over="ignore", invalid="ignore"):
        data = np.array(values).astype(dtype)
    data = data.reshape(-1, 1) if is_column else data
    cache = HistoryCache()
    cache.put(key(bars=len(values)), data)
    found = cache.get(key(bars=len(values)))
    assert found is not None
    assert (found.dtype, found.shape, found.tobytes()) == (data.dtype, data.shape, data.tobytes())


def test_an_invalidation_lets_go_of_all_and_begins_the_counts_anew() -> None:
    cache = HistoryCache(permanent_windows=[20])
    for _ in range(2):  # the same version twice, too
        cache.put(key(), window(1.0))
        cache.put(key(bars=30), window(2.0))
        cache.get(key())
        cache.get(key(asset=9))
        assert (cache.hits, cache.misses) == (1, 1)
        cache.invalidate_cache("a hash")
        assert (len(cache.tier1_cache), len(cache.tier2_cache)) == (0, 0)
        assert (cache.hits, cache.misses, cache.hit_rate) == (0, 0, 0.0)
        assert cache.get(key()) is None
        cache.misses = 0
    assert cache.version == "a hash"


@given(st.integers(0, 1_000), st.integers(0, 1_000))
def test_counts_can_be_set_and_the_rate_is_in_percent(hits: int, misses: int) -> None:
    cache = HistoryCache()
    cache.hits, cache.misses = hits, misses
    total = hits + misses
    assert cache.hit_rate == (hits / total * 100 if total else 0.0)


def test_statistics_tell_sizes_and_bytes() -> None:
    cache = HistoryCache(permanent_windows=[20])
    for asset in range(5):
        cache.put(key(asset), np.arange(20.0))
    cache.put(key(bars=30), np.arange(30.0))
    stats = cache.get_stats()
    assert (stats["tier1_size"], stats["tier2_size"], stats["hits"]) == (5, 1, 0)
    payload = (5 * 20 + 30) * 8
    assert payload <= stats["memory_bytes"] <= 2 * payload
    assert stats["memory_mb"] == stats["memory_bytes"] / (1024 * 1024)


def test_a_cache_says_when_it_is_warm() -> None:
    cache = HistoryCache()
    cold = cache.get_cache_warming_stats()
    assert cold == {
        "total_requests": 0,
        "current_hit_rate": 0.0,
        "is_warmed": False,
        "tier1_utilization": 0.0,
        "tier2_utilization": 0.0,
    }
    for bars in (20, 50, 200):
        cache.get(key(bars=bars))
        cache.put(key(bars=bars), np.zeros(bars))
        cache.get(key(bars=bars))
    half = cache.get_cache_warming_stats()
    assert (half["total_requests"], half["current_hit_rate"], half["tier1_utilization"]) == (6, 50.0, 100.0)
    assert half["is_warmed"] is False
    for _ in range(6):
        cache.get(key())
    assert cache.get_cache_warming_stats()["is_warmed"] is True


def test_threads_read_and_write_one_cache() -> None:
    cache = HistoryCache(permanent_windows=[20], tier2_maxsize=64)

    def work(at: int) -> None:
        for step in range(50):
            asset = (at + step) % 10
            cache.put(key(asset), np.full(20, float(asset)))
            found = cache.get(key(asset))
            assert found is not None
            assert (found == asset).all()
            cache.put(key(at * 50 + step, bars=30), window(1.0))

    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(work, at) for at in range(16)]:
            done.result()
    assert cache.hits == 800
    assert (len(cache.tier1_cache), len(cache.tier2_cache)) == (10, 64)


# Its faults, which are not here.


def test_nobody_can_write_what_others_read() -> None:
    cache = HistoryCache()
    data = window(1.0, 2.0)
    cache.put(key(), data)
    data[0] = 99.0
    found = cache.get(key())
    assert found is not None
    assert found[0] == 1.0
    with pytest.raises(ValueError, match="read-only"):
        found[0] = 3.0
    with pytest.raises(ValueError, match="WRITEABLE"):
        found.setflags(write=True)


def test_the_frequency_is_part_of_a_key() -> None:
    cache = HistoryCache()
    cache.put(key(frequency="1d"), window(1.0))
    cache.put(key(frequency="1m"), window(2.0))
    np.testing.assert_array_equal(cache.get(key(frequency="1m")), [2.0])


def test_a_window_of_old_data_does_not_land_in_a_new_version() -> None:
    cache = HistoryCache()
    version = cache.version
    cache.invalidate_cache("new data")
    assert cache.put(key(), window(1.0), version=version) is False
    assert cache.get(key()) is None
    assert cache.put(key(), window(2.0), version=cache.version) is True


def test_the_limit_in_bytes_holds_for_both_tiers() -> None:
    cache = HistoryCache(cache_size_limit=100_000)
    for asset in range(200):
        cache.put(key(asset), np.zeros(20))
        cache.put(key(asset, bars=500), np.zeros(500))
        assert cache.get_stats()["memory_bytes"] <= 100_000


def test_a_key_that_means_nothing_is_refused() -> None:
    cache = HistoryCache()
    with pytest.raises(lb.UnknownFieldError):
        cache.put(CacheKey(1, "height", 20, "2023-01-01"), window(1.0))
    with pytest.raises(lb.LookbackError):
        cache.get(CacheKey(1, "close", 20, "the day before"))
    with pytest.raises(lb.FrequencyError):
        cache.get(CacheKey(1, "close", 20, "2023-01-01", "1x"))


# The portal.


@dataclass(frozen=True)
class Asset:
    sid: int
    symbol: str


IBM, AAPL = Asset(1, "IBM"), Asset(2, "AAPL")


@pytest.fixture
def old() -> PolarsDataPortal:
    return PolarsDataPortal(data_source=lb.Bundle.sample(), current_simulation_time=pd.Timestamp("2005-02-28"))


def test_history_is_a_frame_unless_an_array_is_asked_for(old: PolarsDataPortal, portal: lb.DataPortal) -> None:
    frame = old.history([IBM], "close", 20, "1d")
    assert isinstance(frame, pd.DataFrame)
    assert len(frame) == 20
    array = old.history(IBM, "close", 20, "1d", return_type="array")
    assert (array.shape, array.dtype, array.flags.writeable) == ((20, 1), np.float64, False)
    np.testing.assert_array_equal(frame["close"], array[:, 0])
    expected = portal.history("IBM", "close", 20, end="2005-02-28", return_type="array")
    np.testing.assert_array_equal(array, expected)


def test_several_fields_and_assets_are_served(old: PolarsDataPortal) -> None:
    both = old.history([IBM, AAPL], ["close", "volume"], 20, "1d", return_type="array")
    assert both.shape == (20, 2, 2)
    one = old.history("AAPL", ["close", "volume"], 20, "1d", return_type="array")
    np.testing.assert_array_equal(both[:, 1, :], one)
    assert len(old.history([IBM, AAPL], ["close", "volume"], 20, "1d")) == 20
    wide = old.get_history_window([IBM, AAPL], pd.Timestamp("2005-02-28"), 20, "1d", "close")
    assert list(wide.columns) == [IBM, AAPL]
    np.testing.assert_array_equal(wide[AAPL], one[:, 0])


def test_a_clock_that_moves_hits(old: PolarsDataPortal) -> None:
    days = pd.bdate_range("2005-01-03", "2005-12-30")
    calls = 0
    for day in days:
        old.set_simulation_time(day)
        for bars in (20, 50, 200):
            for asset in (IBM, AAPL):
                old.history([asset], "close", bars, "1d", return_type="array")
                calls += 1
    assert calls > 1_500
    assert old.cache_hit_rate > 99.0
    assert old.cache_miss_count < 20


def test_a_clock_keeps_what_is_later(old: PolarsDataPortal, portal: lb.DataPortal) -> None:
    assert old.history(IBM, "close", 2, "1d").index[-1] == pd.Timestamp("2005-02-28")
    with pytest.raises(LookaheadError, match="clock stands at"):
        old.get_history_window([IBM], pd.Timestamp("2005-03-01"), 20, "1d", "close")
    old.set_simulation_time(None)
    last = old.history(IBM, "close", 1, "1d", return_type="array")
    np.testing.assert_array_equal(last, portal.history("IBM", "close", 1, return_type="array"))


def test_what_cannot_be_had_says_why(old: PolarsDataPortal) -> None:
    with pytest.raises(NoDataAvailableError, match="bars"):
        old.history(IBM, "close", 5_000, "1d")
    with pytest.raises(NoDataAvailableError, match="IBN"):
        old.history("IBN", "close", 20, "1d")
    with pytest.raises(ValueError, match="expected one of open, high"):
        old.history(IBM, "height", 20, "1d")
    with pytest.raises(ValueError, match="return_type"):
        old.history(IBM, "close", 20, "1d", return_type="list")
    with pytest.raises(ValueError, match="data_source"):
        PolarsDataPortal()
    assert issubclass(NoDataAvailableError, DataPortalError)
    with pytest.warns(DeprecationWarning, match="data_source"):
        PolarsDataPortal(daily_reader=lb.Bundle.sample())


def test_threads_ask_one_portal_for_any_dates(old: PolarsDataPortal) -> None:
    days = [str(day.date()) for day in pd.bdate_range("2004-01-05", "2004-12-30")]
    expected = {}
    for day in days:
        old.set_simulation_time(pd.Timestamp(day))
        expected[day] = old.history(IBM, "close", 20, "1d", return_type="array").copy()
    wrong: list[str] = []

    def work(order: list[str]) -> None:
        own = PolarsDataPortal(data_source=old._portal)
        for day in order:
            own.set_simulation_time(pd.Timestamp(day))
            if not np.array_equal(own.history(IBM, "close", 20, "1d", return_type="array"), expected[day]):
                wrong.append(day)

    threads = [threading.Thread(target=work, args=(days[at::-1] + days[at:],)) for at in range(0, 240, 30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_configuration_says_what_caches_are_made_with(monkeypatch: pytest.MonkeyPatch) -> None:
    config = OptimizationConfig.create_default()
    assert (config.cache_size_limit, config.tier2_maxsize, config.permanent_windows) == (200 * 1024 * 1024, 256, (20, 50, 200))
    assert config.should_use_bundle_pool() is True
    cache = HistoryCache(list(config.permanent_windows), config.tier2_maxsize, cache_size_limit=config.cache_size_limit)
    assert cache.permanent_windows == [20, 50, 200]
    with pytest.raises(KeyError, match="grid_search"):
        config.get_threshold("grid_search")
    monkeypatch.setenv("RUSTYBT_LRU_MAXSIZE", "64")
    assert OptimizationConfig.create_default().lru_maxsize == 64
    monkeypatch.setenv("RUSTYBT_CACHE_SIZE_GB", "-1")
    with pytest.raises(ValueError, match="expected above 0"):
        OptimizationConfig.create_default()


def test_the_page_on_moving_runs() -> None:
    text = (Path(__file__).parents[2] / "docs" / "moving-from-rustybt.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    ours = [block for block in blocks if "from rustybt" not in block]
    assert len(ours) >= 3
    exec("\n".join(ours), {})

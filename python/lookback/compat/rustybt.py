"""The history cache and data portal of rustybt, with the same names, signatures and results.

    from lookback.compat.rustybt import CacheKey, HistoryCache, OptimizationConfig, PolarsDataPortal

What differs is what was wrong: see the page on moving, docs/moving-from-rustybt.md.
"""

from __future__ import annotations

import os
import warnings
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from lookback._lookback import Bundle, _HistoryCache
from lookback.errors import BeforeFirstBarError, DateError, LookAheadError, TooFewBarsError, UnknownAssetError
from lookback.portal import DataPortal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = [
    "CacheKey",
    "DataPortalError",
    "HistoryCache",
    "LookaheadError",
    "NoDataAvailableError",
    "OptimizationConfig",
    "PolarsDataPortal",
]

_MEGABYTES = 1024 * 1024
_WARM = 60.0
_FIELDS = ("open", "high", "low", "close", "volume")


class CacheKey(NamedTuple):
    """What a window is called. The frequency is part of it; it was not."""

    asset_id: int | str
    field: str
    bar_count: int
    end_date: Any
    frequency: str = "1d"


class _Tier:
    """One tier of a cache: `key in tier` and `len(tier)`."""

    __slots__ = ("_cache", "_is_permanent")

    def __init__(self, cache: HistoryCache, is_permanent: bool) -> None:
        self._cache = cache
        self._is_permanent = is_permanent

    def __contains__(self, key: CacheKey) -> bool:
        return self._cache._contains(CacheKey(*key), self._is_permanent)

    def __len__(self) -> int:
        return self._cache._len(self._is_permanent)


class HistoryCache(_HistoryCache):
    """Windows of a caller's own data in two tiers, out of the crate's cache.

    Those of `permanent_windows` stay until the version ends, as long as they fit into half of `cache_size_limit`; the others,
    at most `tier2_maxsize`, go in the exact order of last use. Arrays are handed out read-only: what one caller does with
    them is no other's harm.

    Args:
        permanent_windows: Bar counts of the permanent tier; 20, 50 and 200 unless told.
        tier2_maxsize: The most windows of other bar counts.
        cache_size_limit: The most bytes of both tiers; 200 MiB unless told.

    Examples:
        >>> import numpy as np
        >>> cache = HistoryCache(permanent_windows=[20, 50, 200], tier2_maxsize=256)
        >>> key = CacheKey(asset_id=1, field="close", bar_count=20, end_date="2023-01-01")
        >>> cache.get(key) is None
        True
        >>> cache.put(key, np.array([100.0, 101.0]))
        True
        >>> cache.get(key)
        array([100., 101.])
        >>> cache.hit_rate
        50.0

    """

    def __new__(
        cls,
        permanent_windows: list[int] | None = None,
        tier2_maxsize: int = 256,
        *,
        cache_size_limit: int = 200 * _MEGABYTES,
    ) -> HistoryCache:
        """Make an empty cache."""
        windows = list(permanent_windows or (20, 50, 200))
        cache: HistoryCache = super().__new__(cls, windows, tier2_maxsize, cache_size_limit)
        return cache

    def __init__(
        self,
        permanent_windows: list[int] | None = None,
        tier2_maxsize: int = 256,
        *,
        cache_size_limit: int = 200 * _MEGABYTES,
    ) -> None:
        """Remember what it was made with."""
        self.permanent_windows = list(permanent_windows or (20, 50, 200))
        self.tier2_maxsize = tier2_maxsize
        self.cache_size_limit = cache_size_limit

    @property
    def tier1_cache(self) -> _Tier:
        """The permanent windows."""
        return _Tier(self, True)

    @property
    def tier2_cache(self) -> _Tier:
        """The others."""
        return _Tier(self, False)

    def get(self, cache_key: CacheKey) -> NDArray[Any] | None:
        """Return a window, or `None`; counts a hit or a miss."""
        found: NDArray[Any] | None = self._get(CacheKey(*cache_key))
        return found

    def put(self, cache_key: CacheKey, data: NDArray[Any], *, version: str | None = None) -> bool:
        """Hold a copy of a window that nobody can write; within a version the first one stays.

        `version` is that of the cache when the window's data was read: where the cache has gone on since, it is left out, and
        the answer is `False`. Without it a window that was made of old data can be put into a new version.
        """
        source = np.ascontiguousarray(data)
        # Over bytes, which no flag can make writable.
        kept = np.frombuffer(source.tobytes(), dtype=source.dtype).reshape(source.shape)
        return self._put(CacheKey(*cache_key), kept, kept.nbytes, version)

    def invalidate_cache(self, bundle_version_hash: str) -> None:
        """Let go of all windows and counts, and begin a version."""
        self._invalidate(bundle_version_hash)

    @property
    def hit_rate(self) -> float:
        """Hits in percent of all requests; 0 where there was none."""
        hits, total = self.hits, self.hits + self.misses
        return hits / total * 100.0 if total else 0.0

    def get_stats(self) -> dict[str, Any]:
        """Return counts, sizes of the tiers, and the bytes of all windows."""
        memory = self._memory_bytes()
        return {
            "hits": self.hits,
            "misses": self.misses,
            "hit_rate": self.hit_rate,
            "tier1_size": len(self.tier1_cache),
            "tier2_size": len(self.tier2_cache),
            "memory_bytes": memory,
            "memory_mb": memory / _MEGABYTES,
        }

    def get_cache_warming_stats(self) -> dict[str, Any]:
        """Return requests, hit rate in percent, whether that is above 60, and how full the tiers are in percent."""
        return {
            "total_requests": self.hits + self.misses,
            "current_hit_rate": self.hit_rate,
            "is_warmed": bool(self.hit_rate > _WARM),
            "tier1_utilization": len(self.tier1_cache) / len(self.permanent_windows) * 100.0,
            "tier2_utilization": len(self.tier2_cache) / self.tier2_maxsize * 100.0,
        }


@dataclass
class OptimizationConfig:
    """What rustybt's configuration says of caches; the thresholds of its own benchmarks are empty unless given."""

    thresholds: dict[tuple[str, str], Any] = field(default_factory=dict)
    enable_debug_logging: bool = False
    benchmark_output_dir: str = "benchmark-results"
    sequential_evaluation_goal_percent: Decimal = Decimal("40.0")
    stop_on_diminishing_returns: bool = True
    cache_size_gb: Decimal = Decimal("2.0")
    enable_caching: bool = True
    lru_maxsize: int = 128
    enable_bundle_pooling: bool = True
    max_bundle_pool_size: int = 100
    cache_size_limit: int = 200 * _MEGABYTES
    tier2_maxsize: int = 256
    permanent_windows: tuple[int, ...] = (20, 50, 200)
    enable_history_cache: bool = True
    enable_shared_bundle_context: bool = False
    enable_persistent_worker_pool: bool = False
    enable_bohb_optimizer: bool = False
    enable_ray_scheduler: bool = False

    @classmethod
    def create_default(cls) -> OptimizationConfig:
        """Return the defaults, as the variables `RUSTYBT_...` of the environment change them.

        Raises:
            ValueError: where a size is not above 0.

        """
        say = os.environ.get
        config = cls(
            enable_debug_logging=say("RUSTYBT_DEBUG_OPTIMIZATION", "").lower() == "true",
            benchmark_output_dir=say("RUSTYBT_BENCHMARK_DIR", "benchmark-results"),
            cache_size_gb=Decimal(say("RUSTYBT_CACHE_SIZE_GB", "2.0")),
            enable_caching=say("RUSTYBT_ENABLE_CACHING", "true").lower() == "true",
            lru_maxsize=int(say("RUSTYBT_LRU_MAXSIZE", "128")),
            enable_bundle_pooling=say("RUSTYBT_ENABLE_BUNDLE_POOLING", "true").lower() == "true",
            max_bundle_pool_size=int(say("RUSTYBT_MAX_BUNDLE_POOL_SIZE", "100")),
        )
        if config.cache_size_gb <= 0 or config.max_bundle_pool_size <= 0:
            sizes = f"cache_size_gb is {config.cache_size_gb} and max_bundle_pool_size {config.max_bundle_pool_size}"
            message = f"{sizes}, expected above 0"
            raise ValueError(message)
        return config

    def should_use_bundle_pool(self) -> bool:
        """Say whether bundles are pooled there; here they are open files that all share."""
        return self.enable_bundle_pooling

    def get_threshold(self, workflow_type: str, dataset_size_category: str = "production") -> Any:
        """Return a threshold that was given.

        Raises:
            KeyError: where none was.

        """
        key = (workflow_type, dataset_size_category)
        if key not in self.thresholds:
            message = f"no threshold for workflow_type={workflow_type!r}, dataset_size_category={dataset_size_category!r}"
            raise KeyError(message)
        return self.thresholds[key]


class DataPortalError(Exception):
    """What a data portal raises."""


class NoDataAvailableError(DataPortalError):
    """There are not as many bars as were asked for."""


class LookaheadError(DataPortalError):
    """A moment after the simulation's clock was asked for."""


class PolarsDataPortal:
    """History as of a simulation's clock, in place of rustybt's portal of this name.

    Args:
        daily_reader: Daily bars; `data_source` has replaced it.
        minute_reader: Minute bars; `data_source` has replaced it.
        current_simulation_time: The clock; the last bar unless told.
        data_source: A `lookback.Bundle`, a `lookback.DataPortal`, or any table that `Bundle.from_frame` takes.
        use_cache: Taken and not needed: what is cached is the series, once for all windows and threads.
        asset_finder: Kept for the caller.
        calendar: Kept for the caller.
        validator: Kept for the caller.
        enable_history_cache: Whether `history_cache` is there, for the caller's own windows.

    Assets are symbols, or objects with a `symbol`.

    """

    def __init__(
        self,
        daily_reader: Any = None,
        minute_reader: Any = None,
        current_simulation_time: Any = None,
        data_source: Any = None,
        use_cache: bool = True,
        *,
        asset_finder: object | None = None,
        calendar: object | None = None,
        validator: object | None = None,
        enable_history_cache: bool = True,
    ) -> None:
        """Open the source."""
        readers = [one for one in (daily_reader, minute_reader) if one is not None]
        if data_source is None and not readers:
            message = "expected a data_source, or a daily_reader or minute_reader"
            raise ValueError(message)
        if data_source is None:
            text = "daily_reader and minute_reader are deprecated: PolarsDataPortal(data_source=...) takes the same bars"
            warnings.warn(text, DeprecationWarning, stacklevel=2)
        self.data_source = data_source if data_source is not None else readers[0]
        self._portal = _open(self.data_source)
        # A second reader serves what is asked of it by its frequency.
        self._others = [_open(one) for one in readers[1:]] if data_source is None else []
        self.current_simulation_time = current_simulation_time
        self.use_cache = use_cache
        self.asset_finder = asset_finder
        self.calendar = calendar
        self.validator = validator
        self.enable_history_cache = enable_history_cache
        self.history_cache = HistoryCache() if enable_history_cache else None

    def set_simulation_time(self, dt: Any) -> None:
        """Move the clock."""
        self.current_simulation_time = dt

    @property
    def cache_hit_count(self) -> int:
        """Windows that needed no load."""
        stats = self._portal.stats()
        return int(stats["permanent"]["hits"] + stats["variable"]["hits"] + stats["side_hits"])

    @property
    def cache_miss_count(self) -> int:
        """Windows that did."""
        return int(self._portal.stats()["misses"])

    @property
    def cache_hit_rate(self) -> float:
        """Hits in percent; 0 where nothing was asked for."""
        hits, total = self.cache_hit_count, self.cache_hit_count + self.cache_miss_count
        return hits / total * 100.0 if total else 0.0

    def history(
        self,
        assets: Any,
        fields: str | Sequence[str],
        bar_count: int,
        frequency: str,
        return_type: Literal["dataframe", "array"] = "dataframe",
    ) -> Any:
        """Return the last `bar_count` bars as of the clock.

        An array is `(bar_count, n_fields)` for one asset and `(bar_count, n_assets, n_fields)` for several, and cannot be
        written; a pandas frame has a row for each bar and a column for each field, or each asset and field.

        Raises:
            ValueError: where a field, a frequency or a return type is none.
            NoDataAvailableError: where there are fewer bars, or no such asset.
            LookaheadError: where the clock is before the data's own.

        """
        if return_type not in {"dataframe", "array"}:
            message = f"return_type is {return_type!r}, expected 'dataframe' or 'array'"
            raise ValueError(message)
        names = [_symbol(asset) for asset in (assets if isinstance(assets, (list, tuple)) else [assets])]
        return self._ask(names, fields, bar_count, frequency, self.current_simulation_time, return_type)

    def get_history_window(
        self,
        assets: Sequence[Any],
        end_dt: Any,
        bar_count: int,
        frequency: str,
        field: str,
        data_frequency: str = "daily",
    ) -> Any:
        """Return one field as a pandas frame: a row for each bar, a column for each asset as it was given.

        Raises:
            LookaheadError: where `end_dt` is after the clock.

        """
        import pandas as pd

        if data_frequency not in {"daily", "minute"}:
            message = f"data_frequency is {data_frequency!r}, expected 'daily' or 'minute'"
            raise ValueError(message)
        now = self.current_simulation_time
        if now is not None and pd.Timestamp(end_dt) > pd.Timestamp(now):
            message = f"{end_dt} was asked for, and the simulation's clock stands at {now}"
            raise LookaheadError(message)
        names = [_symbol(asset) for asset in assets]
        frame = self._ask(names, field, bar_count, frequency, end_dt, "dataframe")
        frame.columns = list(assets)
        return frame

    def _ask(
        self,
        names: list[str],
        fields: Any,
        bar_count: int,
        frequency: str,
        end: Any,
        return_type: Literal["dataframe", "array"],
    ) -> Any:
        fields = [fields] if isinstance(fields, str) else list(fields)
        for one in fields:
            if one not in _FIELDS:
                message = f"field is {one!r}, expected one of {', '.join(_FIELDS)}"
                raise ValueError(message)
        portal = next((one for one in self._others if one.bundle.frequency == frequency), self._portal)
        asked = names[0] if len(names) == 1 else names
        try:
            if end is None:
                return portal.history(asked, fields, bar_count, frequency, return_type=return_type)
            return portal.at(end).history(asked, fields, bar_count, frequency, return_type=return_type)
        except LookAheadError as error:
            raise LookaheadError(str(error)) from error
        except (TooFewBarsError, BeforeFirstBarError, UnknownAssetError, DateError) as error:
            raise NoDataAvailableError(str(error)) from error


def _symbol(asset: Any) -> str:
    return asset if isinstance(asset, str) else str(asset.symbol)


def _open(source: Any) -> DataPortal:
    if isinstance(source, DataPortal):
        return source
    return DataPortal(source if isinstance(source, Bundle) else Bundle.from_frame(source))

"""The portal: windows of price history for every thread, out of one lock-free cache."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lookback import _frames
from lookback._lookback import _Clock, _DataPortal

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from lookback._frames import ReturnType
    from lookback._lookback import Request


class Clock:
    """A moment to stand at: no window ends after it, and none shows a bar that was not over by then.

    Made by `DataPortal.at`; as cheap as the moment itself.
    """

    __slots__ = ("_clock",)

    def __init__(self, clock: _Clock) -> None:
        """Take what `DataPortal.at` made."""
        self._clock = clock

    @property
    def now(self) -> np.datetime64:
        """The moment, to the nanosecond."""
        import numpy as np

        return np.datetime64(self._clock._nanoseconds, "ns")

    def request(
        self,
        assets: str | Sequence[str],
        fields: str | Sequence[str],
        bar_count: int,
        frequency: str | None = None,
        *,
        adjust: str = "total",
        short: str = "error",
        closed_only: bool = False,
    ) -> Request:
        """Bind a request to this clock; called without an end, it ends at the last bar that is known.

        Raises:
            LookAheadError: by the request, for an end after the clock.

        """
        return self._clock.request(assets, fields, bar_count, frequency, adjust=adjust, short=short, closed_only=closed_only)

    def history(
        self,
        assets: str | Sequence[str],
        fields: str | Sequence[str],
        bar_count: int,
        frequency: str | None = None,
        end: object = None,
        return_type: ReturnType = "dataframe",
        *,
        adjust: str = "total",
        short: str = "error",
        closed_only: bool = False,
    ) -> Any:
        """Return the last `bar_count` bars as of the clock, or as of an `end` before it.

        Raises:
            LookAheadError: where `end` is after the clock.

        """
        request = self._clock.request(assets, fields, bar_count, frequency, adjust=adjust, short=short, closed_only=closed_only)
        return _frames.make(request, end, return_type)

    def __repr__(self) -> str:
        """Show the moment."""
        return repr(self._clock)


class DataPortal(_DataPortal):
    """Windows of a bundle's bars, shared by all threads.

    Every bar is decoded once; a window is a view of it. Arrays cannot be written, and stay as they are for as long as
    anything refers to them, whatever is evicted or replaced meanwhile.

    Args:
        bundle: What to serve: `Bundle.sample()`, `Bundle.open(folder)`, `Bundle.from_frame(table)`.
        cache_bytes: The most bytes that the cache holds.
        cache_entries: The most blocks beside the permanent ones.
        permanent_windows: Bar counts whose blocks stay until the bundle is replaced; 20, 50 and 200 unless told.

    Examples:
        >>> import lookback as lb
        >>> portal = lb.DataPortal(lb.Bundle.sample())
        >>> portal.history("AAPL", "close", 2, end="2005-02-28", return_type="array")
        array([[44.495],
               [44.86 ]])

    """

    def history(
        self,
        assets: str | Sequence[str],
        fields: str | Sequence[str],
        bar_count: int,
        frequency: str | None = None,
        end: object = None,
        return_type: ReturnType = "dataframe",
        *,
        adjust: str = "total",
        short: str = "error",
        closed_only: bool = False,
    ) -> Any:
        """Return the last `bar_count` bars as of `end`.

        Args:
            assets: One symbol, or several.
            fields: `open high low close volume price`, one or several; columns come in the order asked.
            bar_count: Bars, at least 1.
            frequency: The step between bars, such as `1d`; the bundle's own unless told.
            end: The window's last bar: its number from 0, or a date or moment (text, `datetime`, `pandas.Timestamp`,
                `numpy.datetime64`; naive ones are UTC). The last bar of all unless told.
            return_type: `dataframe` (pandas), `array` (NumPy, no copy), `polars` or `arrow`.
            adjust: `total` (splits and dividends), `splits` or `raw`; only events up to `end` apply.
            short: `error`, or `pad` to have NaN in front of the first bar.
            closed_only: At a coarser frequency than the bundle's, leave out a last bar that is not over.

        Returns:
            For one asset `(bars, fields)`; for several an array of `(bars, assets, fields)`, or a frame with a column
            for each asset and field. Prices in quote currency per share, volumes in shares.

        Raises:
            UnknownAssetError: where no asset has the name; it is a `KeyError` and names the nearest.
            TooFewBarsError: where the window reaches back beyond the first bar.

        """
        if return_type == "array":
            return self._array(assets, fields, bar_count, frequency, end, adjust=adjust, short=short, closed_only=closed_only)
        request = self.request(assets, fields, bar_count, frequency, adjust=adjust, short=short, closed_only=closed_only)
        return _frames.make(request, end, return_type)

    def at(self, clock: object) -> Clock:
        """Stand at a moment: what is asked of the clock never shows a later bar.

        Args:
            clock: A date, which stands for all of that day, or a moment; as for `history`.

        """
        return Clock(self._at(clock))

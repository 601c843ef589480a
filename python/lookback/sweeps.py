"""Sweeps: thousands of backtests over a grid of parameters, in Rust, on all cores."""

from __future__ import annotations

import os
import warnings
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lookback._lookback import Bundle, Expression, _Results
from lookback._lookback import sweep as _sweep
from lookback._progress import Progress
from lookback.errors import ParameterError
from lookback.portal import DataPortal
from lookback.strategies import Compiled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from os import PathLike

    Rule = str | Expression
    Values = str | float | Expression | Iterable[float | str | Expression]


class InterruptedWarning(UserWarning):
    """A sweep was ended by Ctrl-C; its results hold what was done by then."""


def _values(name: str, values: Values) -> str:
    """Return the values of a parameter as the language has them: `5:50`, `5:50:5`, `5,10,20` or expressions."""
    if isinstance(values, (str, Expression)):
        return str(values)
    if isinstance(values, range) and len(values) > 0:
        ends = f"{values[0]}:{values[-1]}" if values[0] <= values[-1] else f"{values[-1]}:{values[0]}"
        return f"{ends}:{abs(values.step)}"
    if isinstance(values, (bool, np.bool_)):
        message = f"{name}: is {values}, expected numbers or expressions"
        raise ParameterError(message)
    listed = [values] if isinstance(values, (int, float, np.number, Decimal)) else list(values)
    if not listed:
        message = f"{name}: has no value, expected at least one"
        raise ParameterError(message)
    return ",".join(_one(name, value) for value in listed)


def _one(name: str, value: object) -> str:
    if isinstance(value, (str, Expression)):
        return str(value)
    if isinstance(value, (int, np.integer)) and not isinstance(value, bool):
        return str(int(value))
    if isinstance(value, (float, np.floating, Decimal)):
        # The shortest text that gives the number back, without an exponent.
        return format(Decimal(repr(float(value))) if not isinstance(value, Decimal) else value, "f")
    message = f"{name}: {value!r} is of type {type(value).__name__}, expected a number or an expression"
    raise ParameterError(message)


_NO_PORTAL = "expected a lookback.DataPortal or a lookback.Bundle"


def portal_of(data: DataPortal | Bundle | None) -> DataPortal:
    """Return the portal to run on: the one given, one over the bundle given, or one over the sample."""
    if isinstance(data, DataPortal):
        return data
    if data is None:
        data = Bundle.sample()
    if not isinstance(data, Bundle):
        message = f"{_NO_PORTAL}, found {type(data).__name__}"
        raise TypeError(message)
    return DataPortal(data)


class Results:
    """A row for each trial, in grid order, asset by asset.

    Held as columns in Rust; `__arrow_c_stream__` hands them to anything that reads Arrow.
    """

    def __init__(self, held: _Results) -> None:
        """Take what a sweep left."""
        self._held = held

    def __len__(self) -> int:
        """Count the trials, those that failed included."""
        return len(self._held)

    @property
    def strategy(self) -> str:
        """The name of what was swept."""
        return self._held.strategy

    @property
    def assets(self) -> list[str]:
        """The assets, in the order swept."""
        return self._held.assets

    @property
    def parameters(self) -> list[str]:
        """The names of the parameters, in the order of the grid."""
        return self._held.parameters

    @property
    def version(self) -> str:
        """The digest of the bundle that was swept."""
        return self._held.version

    @property
    def settings(self) -> dict[str, Any]:
        """How trials were run."""
        return self._held.settings

    @property
    def failed(self) -> int:
        """Trials that failed; their rows say why."""
        return self._held.failed

    @property
    def unfinished(self) -> int:
        """Trials that were not run, because the sweep was interrupted."""
        return self._held.unfinished

    @property
    def interrupted(self) -> bool:
        """Whether Ctrl-C ended the sweep."""
        return self._held.interrupted

    @property
    def seconds(self) -> float:
        """How long it took, by the clock."""
        return self._held.seconds

    @property
    def threads(self) -> int:
        """The threads that ran."""
        return self._held.threads

    @property
    def cache_stats(self) -> dict[str, Any]:
        """What the portal's cache did, over all that was asked of it."""
        return self._held.cache_stats

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """Hand the rows to any reader of Arrow."""
        return self._held.__arrow_c_stream__(requested_schema)

    def to_arrow(self) -> Any:
        """Return a `pyarrow.Table`: `asset`, the parameters, `status`, `error` and every metric."""
        import pyarrow as pa

        return pa.table(self)

    def to_pandas(self) -> Any:
        """Return a pandas `DataFrame` with the columns of `to_arrow`."""
        return self.to_arrow().to_pandas()

    def to_polars(self) -> Any:
        """Return a polars `DataFrame` with the columns of `to_arrow`."""
        import polars as pl

        return pl.DataFrame(self)

    def ranking(
        self, asset: str | None = None, *, by: str = "sharpe", require: str = "", min_trades: int = 0, top: int = 10
    ) -> list[dict[str, Any]]:
        """Return the best places of an asset, best first, each with its parameters and metrics.

        `by` is a metric or an expression of metrics, such as `sharpe - 0.5 * volatility`; `require` is a condition on them,
        such as `max_drawdown > -0.3 and trades >= 20`. Trials whose metrics are the same to the last bit share one place:
        `points` counts them.
        """
        return self._held._ranking(asset, by, require, min_trades, top)

    def best(self, asset: str | None = None, *, by: str = "sharpe", require: str = "", min_trades: int = 0) -> dict[str, Any]:
        """Return the best place of an asset.

        Raises:
            ParameterError: where no trial finished with so many trades.

        """
        places = self.ranking(asset, by=by, require=require, min_trades=min_trades, top=1)
        if not places:
            message = f"best: no trial finished with at least {min_trades} trades"
            raise ParameterError(message)
        return places[0]

    def honesty(
        self,
        asset: str | None = None,
        *,
        by: str = "sharpe",
        require: str = "",
        min_trades: int = 0,
        seed: int = 0,
        spa: bool = False,
    ) -> Honesty | None:
        """Tell how much of the best result is luck; `None` where no trial is ranked.

        A sample of the trials is run again for it, and with `spa` all of them.
        """
        told = self._held._honesty(asset, by, require, min_trades, seed, spa)
        return None if told is None else Honesty(*told)

    def walk_forward(
        self, scheme: str, *, by: str = "sharpe", require: str = "", min_trades: int = 0, progress: bool = True
    ) -> Validation:
        """Choose on train spans and trade on the test spans after them, with the rules and the grid of this sweep.

        Args:
            scheme: `train=BARS,test=BARS[,anchored][,purge=BARS][,embargo=BARS]`.
            by: What chooses: a metric, or an expression of metrics of which more is better.
            require: A condition on metrics that a point has to meet on a train span.
            min_trades: Closed round trips that a point needs on a train span.
            progress: Show how far it is.

        Raises:
            ParameterError: where no asset has bars for a fold; its text says what would fit.

        """
        with Progress("walk-forward") as shown:
            return Validation(self._held._walk_forward(scheme, by, require, min_trades, shown if progress else None))

    def cross_validate(
        self, scheme: str, *, by: str = "sharpe", require: str = "", min_trades: int = 0, progress: bool = True
    ) -> Validation:
        """Test every combination of groups of bars on a choice made on the others: `groups=6,test=2[,purge=BARS]`."""
        with Progress("cpcv") as shown:
            return Validation(self._held._cross_validate(scheme, by, require, min_trades, shown if progress else None))

    def pivot(self, rows: str, columns: str, metric: str = "sharpe", *, asset: str | None = None, best: str = "max") -> Any:
        """Return a pandas `DataFrame` of a metric over two parameters; the best over all others (`max` or `min`)."""
        frame = self.to_pandas()
        if asset is not None:
            frame = frame[frame["asset"] == asset]
        return frame.pivot_table(index=rows, columns=columns, values=metric, aggfunc=best)

    def heatmap(
        self,
        rows: str,
        columns: str,
        metric: str = "sharpe",
        *,
        asset: str | None = None,
        ax: Any = None,
    ) -> Any:
        """Draw a metric over two parameters with matplotlib, the best marked; return the axes."""
        from lookback._plots import heatmap

        return heatmap(self.pivot(rows, columns, metric, asset=asset), metric, ax)

    def report(
        self,
        path: str | PathLike[str],
        *,
        by: str = "sharpe",
        require: str = "",
        min_trades: int = 0,
        seed: int = 0,
    ) -> None:
        """Write a page that can be shown: ranking, map, the best in full, how much of it is luck.

        It is one HTML file that asks for nothing outside; the best point of each asset is run once more for it. What was
        there is replaced once all of the page is written.
        """
        place = Path(path)
        page = self._held._page(by, require, min_trades, seed)
        part = place.with_name(f".{place.name}.{os.getpid()}.part")
        try:
            part.write_bytes(page)
            part.replace(place)
        finally:
            part.unlink(missing_ok=True)

    def __repr__(self) -> str:
        """Show what was swept."""
        state = ", interrupted" if self.interrupted else ""
        failed = f", {self.failed} failed" if self.failed else ""
        return f"Results({self.strategy}: {len(self):,} trials on {', '.join(self.assets[:3])}{failed}{state})"

    def _repr_html_(self) -> str:
        from lookback._html import results_html

        return results_html(self)


class Validation(dict[str, Any]):
    """What choosing was worth on bars that it had not seen, as nested dictionaries: the JSON of the program."""

    def asset(self, name: str | None = None) -> dict[str, Any]:
        """Return what an asset came to; the only one unless told.

        Raises:
            ParameterError: where it was not validated, or there are several and none is named.

        """
        found = [one for one in self["assets"] if name in (None, one["asset"])]
        if len(found) != 1:
            names = ", ".join(one["asset"] for one in self["assets"])
            message = f"asset: {name or 'none'} is named, expected one of {names}"
            raise ParameterError(message)
        asset: dict[str, Any] = found[0]
        return asset

    def folds(self, name: str | None = None) -> Any:
        """Return the folds of a walk forward as a pandas `DataFrame`: spans, the point, and metrics in and out."""
        import pandas as pd

        asset = self.asset(name)
        return pd.json_normalize(asset["folds"] if "folds" in asset else asset["splits"])

    def equity(self, name: str | None = None) -> Any:
        """Return the account over all test spans of a walk forward, by moment, as a pandas `Series`."""
        import pandas as pd

        moments, values = zip(*self.asset(name)["equity"], strict=True)
        return pd.Series(values, index=pd.DatetimeIndex(moments), name="equity")


class Honesty(dict[str, Any]):
    """The figures beside a ranking, as nested dictionaries; printed, a sentence for each."""

    def __init__(self, figures: dict[str, Any], text: str) -> None:
        """Take the figures and the text that says how to read them."""
        super().__init__(figures)
        self.text = text

    def __str__(self) -> str:
        """Return what the program prints below a ranking."""
        return self.text


PARTS = (
    "buy",
    "sell",
    "short",
    "cover",
    "weight",
    "rebalance",
    "stop_loss",
    "take_profit",
    "trailing_stop",
    "max_bars",
    "cooldown",
    "size",
    "risk",
)
"""The parts of a set of rules."""


def task_of(
    *,
    params: Mapping[str, Values] | None = None,
    let: Mapping[str, Rule] | None = None,
    where: Rule = "",
    assets: str | Iterable[str] = (),
    signals: str | None = None,
    name: str | None = None,
    threads: int | None = None,
    strategy: Callable[..., Any] | Compiled | None = None,
    allow_failed: bool = False,
    **more: Any,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what is swept as the Rust half reads it, and the settings."""
    rules = [(part, _one(part, more[part])) for part in PARTS if more.get(part) is not None]
    if strategy is not None:
        if rules or let or signals is not None:
            message = f"strategy: is given beside {rules[0][0] if rules else 'let or signals'}, expected either it or rules"
            raise ParameterError(message)
        if not isinstance(strategy, Compiled) and not callable(strategy):
            message = (
                f"strategy: is of type {type(strategy).__name__}, expected a class, a function that makes one, or compiled(...)"
            )
            raise ParameterError(message)
        params = params if params is not None else getattr(strategy, "params", None)
        name = name or getattr(strategy, "name", None) or getattr(strategy, "__name__", "strategy")
    settings = {key: value for key, value in more.items() if key not in PARTS}
    task = {
        "name": name or "rules",
        "rules": rules,
        "lets": [(key, str(text)) for key, text in (let or {}).items()],
        "parameters": [(key, _values(key, values)) for key, values in (params or {}).items()],
        "where": str(where),
        "assets": [assets] if isinstance(assets, str) else list(assets),
        "signals": signals,
        "threads": threads,
        "make": None if isinstance(strategy, Compiled) else strategy,
        "compiled": _compiled(strategy) if isinstance(strategy, Compiled) else None,
        "may_fail": allow_failed,
    }
    return task, settings


def _compiled(strategy: Compiled) -> dict[str, Any]:
    return {
        "address": strategy.address,
        "owner": strategy.owner,
        "fields": list(strategy.fields),
        "bars": strategy.bars,
        "state": strategy.state,
    }


def sweep(
    data: DataPortal | Bundle | None = None,
    *,
    buy: Rule | None = None,
    sell: Rule | None = None,
    short: Rule | None = None,
    cover: Rule | None = None,
    weight: Rule | None = None,
    rebalance: Rule | float | None = None,
    stop_loss: Rule | float | None = None,
    take_profit: Rule | float | None = None,
    trailing_stop: Rule | float | None = None,
    max_bars: Rule | float | None = None,
    cooldown: Rule | float | None = None,
    size: Rule | float | None = None,
    risk: Rule | float | None = None,
    params: Mapping[str, Values] | None = None,
    let: Mapping[str, Rule] | None = None,
    where: Rule = "",
    assets: str | Iterable[str] = (),
    signals: str | None = None,
    strategy: Callable[..., Any] | Compiled | None = None,
    name: str | None = None,
    threads: int | None = None,
    allow_failed: bool = False,
    progress: bool = True,
    **settings: Any,
) -> Results:
    """Run rules or a strategy at every point of the grid; rules on all cores, with the interpreter's lock released.

    Args:
        data: A portal, whose cache is then shared with everything else that asks it; a bundle; the sample unless told.
        buy: When to enter a long position: text of the language of rules, or an expression made of `lookback.rules`.
        sell: When to leave it.
        short: When to enter a short position.
        cover: When to leave it.
        weight: A target weight in place of signals, from -1 to 1.
        rebalance: Every how many bars a weight is read.
        stop_loss: A share of the entry price, or an expression such as `2 * atr(14)`.
        take_profit: Likewise.
        trailing_stop: Likewise.
        max_bars: The most bars that a position is held.
        cooldown: Bars to wait after an exit.
        size: The share of equity that an entry takes.
        risk: The share of equity that a stop may lose; needs `stop_loss`.
        params: The values of each parameter: a `range`, numbers, text such as `"5:50:5"`, or expressions.
        let: Names for expressions, in order.
        where: Keep only the points where this holds, such as `fast < slow`.
        assets: One symbol, or several; all of the bundle unless told.
        signals: On which series rules look: `total` or `splits`.
        strategy: In place of rules a class such as `lookback.Strategy`, or what `lookback.compiled` makes.
        name: The name in outputs.
        threads: Threads; results do not depend on them. A strategy of Python's has one unless told: more would wait for each
            other.
        allow_failed: Make a trial whose strategy raises a failed row; the first exception ends the sweep otherwise.
        progress: Show how far it is, once it takes longer than a second.
        **settings: `fill`, `fee`, `commission`, `slippage_bps`, `borrow`, `interest`, `cash`, `start`, `end`, `adjust`,
            `periods_per_year`; as in the table `[settings]` of a strategy's file.

    Returns:
        The results. After Ctrl-C, those that were finished by then, with `interrupted` set and an `InterruptedWarning`.

    Raises:
        ExpressionError: where a rule cannot be read or means nothing; its text points at the column.
        ParameterError: where a parameter, a setting or the grid is wrong.
        StrategyError: where a strategy raised, with what it raised as its cause.

    """
    task, sorted_out = task_of(
        buy=buy,
        sell=sell,
        short=short,
        cover=cover,
        weight=weight,
        rebalance=rebalance,
        stop_loss=stop_loss,
        take_profit=take_profit,
        trailing_stop=trailing_stop,
        max_bars=max_bars,
        cooldown=cooldown,
        size=size,
        risk=risk,
        params=params,
        let=let,
        where=where,
        assets=assets,
        signals=signals,
        strategy=strategy,
        name=name,
        threads=threads,
        allow_failed=allow_failed,
        **settings,
    )
    portal = portal_of(data)
    with Progress(task["name"]) as shown:
        results = Results(_sweep(portal, task, sorted_out, shown if progress else None))
    if results.interrupted:
        message = f"the sweep was interrupted: {len(results) - results.unfinished:,} of {len(results):,} trials are done"
        warnings.warn(message, InterruptedWarning, stacklevel=2)
    return results

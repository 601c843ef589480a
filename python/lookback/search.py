"""Search by another's proposals: Optuna proposes points, Rust runs each batch of them on all cores.

Examples:
    >>> import optuna
    >>> import lookback as lb
    >>> optuna.logging.set_verbosity(optuna.logging.WARNING)
    >>> objective = lb.optuna_objective(
    ...     buy="crossover(sma(close, fast), sma(close, slow))",
    ...     sell="crossunder(sma(close, fast), sma(close, slow))",
    ...     params={"fast": range(5, 51), "slow": range(20, 201, 2)},
    ...     where="fast < slow",
    ...     assets="IBM",
    ... )
    >>> study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=1))
    >>> objective.optimize(study, 200, batch=20)
    >>> study.best_value > 0.4
    True

"""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Protocol

from lookback._lookback import Expression, metrics, points
from lookback.errors import ParameterError
from lookback.sweeps import portal_of, task_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from lookback._lookback import Bundle
    from lookback.portal import DataPortal


@dataclass(frozen=True)
class Uniform:
    """Real numbers from `low` to `high`, both included; on a logarithmic scale with `log`."""

    low: float
    high: float
    log: bool = False


Space = range | Uniform | tuple[float, float]
"""What a parameter may be: whole numbers of a range, real numbers of an interval; anything else is a list of choices."""


class _Trial(Protocol):
    def suggest_int(self, name: str, low: int, high: int, *, step: int = 1, log: bool = False) -> int: ...
    def suggest_float(self, name: str, low: float, high: float, *, log: bool = False) -> float: ...
    def suggest_categorical(self, name: str, choices: Sequence[Any]) -> Any: ...
    def set_user_attr(self, key: str, value: Any) -> None: ...


class OptunaObjective:
    """An objective for Optuna: called with a trial it runs one point; `optimize` runs them in batches on all cores.

    The value of a trial is the metric, the mean of it over several assets. A point outside of `where`, one whose metric is
    not defined, and one with fewer than `min_trades` closed round trips is pruned; every metric of a trial that ran is
    among its user attributes, as `asset.metric` where there are several assets.
    """

    def __init__(
        self,
        portal: DataPortal,
        task: dict[str, Any],
        settings: dict[str, Any],
        space: Mapping[str, Any],
        metric: str,
        min_trades: int,
    ) -> None:
        """Take what `optuna_objective` has put together."""
        self._portal = portal
        self._task = task
        self._settings = settings
        self._space = dict(space)
        self._metric = metric
        self._min_trades = min_trades

    def suggest(self, trial: _Trial) -> dict[str, Any]:
        """Let Optuna propose a value for each parameter."""
        return {name: self._one(trial, name, space) for name, space in self._space.items()}

    @staticmethod
    def _one(trial: _Trial, name: str, space: Any) -> Any:
        if isinstance(space, range):
            return trial.suggest_int(name, min(space), max(space), step=abs(space.step))
        if isinstance(space, Uniform):
            return trial.suggest_float(name, space.low, space.high, log=space.log)
        if isinstance(space, tuple):
            return trial.suggest_float(name, *space)
        return trial.suggest_categorical(name, list(space))

    def run(self, batch: Sequence[Mapping[str, Any]]) -> list[dict[str, dict[str, float | None]] | str]:
        """Run points, on all cores; for each the metrics by asset, or why it has none."""
        written = [[(name, _text(value)) for name, value in point.items()] for point in batch]
        assets = self._task["assets"] or self._portal.bundle.symbols
        found = [points(self._portal, {**self._task, "assets": [asset]}, self._settings, written) for asset in assets]
        outcomes: list[dict[str, dict[str, float | None]] | str] = []
        for outcome in zip(*found, strict=True):
            failures = [one for one in outcome if isinstance(one, str)]
            named = {asset: dict(one) for asset, one in zip(assets, outcome, strict=True) if not isinstance(one, str)}
            outcomes.append(failures[0] if failures else named)
        return outcomes

    def _value(self, outcome: Mapping[str, Mapping[str, float | None]]) -> float | None:
        values = [one[self._metric] for one in outcome.values()]
        trades = [one["trades"] or 0 for one in outcome.values()]
        known = [value for value in values if value is not None and math.isfinite(value)]
        if len(known) < len(values) or min(trades) < self._min_trades:
            return None
        return sum(known) / len(known)

    def _note(self, trial: _Trial, outcome: Mapping[str, Mapping[str, float | None]]) -> None:
        for asset, figures in outcome.items():
            for name, figure in figures.items():
                trial.set_user_attr(name if len(outcome) == 1 else f"{asset}.{name}", figure)

    def __call__(self, trial: Any) -> float:
        """Run one point, as `study.optimize(objective)` does."""
        import optuna

        (outcome,) = self.run([self.suggest(trial)])
        if isinstance(outcome, str):
            raise optuna.TrialPruned(outcome)
        self._note(trial, outcome)
        value = self._value(outcome)
        if value is None:
            message = f"{self._metric} is not defined here, or there are fewer than {self._min_trades} trades"
            raise optuna.TrialPruned(message)
        return value

    def optimize(self, study: Any, n_trials: int, *, batch: int = 32, note: bool = True, memory: int | None = None) -> None:
        """Ask for `batch` points at a time, run them on all cores, and tell what they came to.

        Within a batch no proposal knows of the others' results: a larger one keeps more cores busy and searches less
        cleverly. `note=False` leaves the metrics out of the trials' attributes, which take most of Optuna's time then.
        Ctrl-C ends it between two batches at the latest; trials of the batch that was stopped are told as failed.

        Samplers such as TPE go through all earlier trials for each proposal, so that ten times as many take a hundred times
        as long. With `memory` they see at most so many, the best quarter of them and the latest; the study gets all.
        """
        from optuna.trial import TrialState

        desk = _Desk(study, memory)
        left = n_trials
        while left > 0:
            trials = [desk.ask() for _ in range(min(batch, left))]
            left -= len(trials)
            told = 0
            try:
                outcomes = self.run([self.suggest(trial) for trial in trials])
                for trial, outcome in zip(trials, outcomes, strict=True):
                    value = None if isinstance(outcome, str) else self._value(outcome)
                    if note and not isinstance(outcome, str):
                        self._note(trial, outcome)
                    desk.tell(trial, value, TrialState.PRUNED if value is None else TrialState.COMPLETE)
                    told += 1
            except BaseException:
                for trial in trials[told:]:
                    desk.tell(trial, None, TrialState.FAIL)
                raise
            desk.forget()


class _Desk:
    """Where proposals come from: the study, or a smaller one that forgets."""

    def __init__(self, study: Any, memory: int | None) -> None:
        if memory is not None and memory < 1:
            message = f"memory: is {memory}, expected at least 1"
            raise ParameterError(message)
        self._study = study
        self._memory = memory
        self._inner = study if memory is None else self._remembering(study.get_trials(deepcopy=False))

    def ask(self) -> Any:
        return self._inner.ask()

    def tell(self, trial: Any, value: float | None, state: Any) -> None:
        values = {} if value is None else {"values": value}
        told = self._inner.tell(trial, state=state, skip_if_finished=True, **values)
        if self._inner is not self._study:
            self._study.add_trial(told)

    def forget(self) -> None:
        """Begin a new smaller study once there are a quarter too many, which a batch at a time is seldom."""
        if self._memory is not None:
            trials = self._inner.get_trials(deepcopy=False)
            if len(trials) > self._memory * 5 // 4:
                self._inner = self._remembering(trials)

    def _remembering(self, trials: Sequence[Any]) -> Any:
        import optuna
        from optuna.study import StudyDirection

        finished = [trial for trial in trials if trial.state.is_finished()]
        memory = self._memory or len(finished)
        sign = -1.0 if self._study.direction == StudyDirection.MAXIMIZE else 1.0
        known = sorted((sign * one.value, at) for at, one in enumerate(finished) if one.value is not None)
        kept = {at for _, at in known[: memory // 4]}
        for at in reversed(range(len(finished))):
            if len(kept) >= memory:
                break
            kept.add(at)
        # Optuna says of each study that it was created.
        said = optuna.logging.get_verbosity()
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        try:
            inner = optuna.create_study(direction=self._study.direction, sampler=self._study.sampler)
        finally:
            optuna.logging.set_verbosity(said)
        inner.add_trials([finished[at] for at in sorted(kept)])
        return inner


def _text(value: Any) -> str:
    if isinstance(value, float):
        return format(Decimal(repr(value)), "f")
    return str(value)


def optuna_objective(
    data: DataPortal | Bundle | None = None,
    *,
    params: Mapping[str, Any],
    metric: str = "sharpe",
    min_trades: int = 0,
    assets: str | Iterable[str] = (),
    where: str | Expression = "",
    threads: int | None = None,
    **more: Any,
) -> OptunaObjective:
    """Make an objective of rules for an Optuna study.

    Args:
        data: As for `sweep`.
        params: What each parameter may be: a `range` of whole numbers, `(low, high)` or `Uniform(low, high, log=True)` of
            real ones, or a list of choices (numbers, or expressions as text).
        metric: The metric that is the value of a trial, one of `lookback.metrics()`.
        min_trades: Closed round trips that a trial needs.
        assets: One symbol or several; the mean over several is the value.
        where: Keep only points where this holds, such as `fast < slow`; others are pruned.
        threads: Threads of a batch; one for each core unless told.
        **more: The rules and settings of `sweep`: `buy`, `sell`, `stop_loss`, `fee` and so on.

    Raises:
        ParameterError: where the metric is unknown or a parameter has no value.

    """
    if metric not in metrics():
        message = f"metric: is {metric!r}, expected one of {', '.join(metrics())}"
        raise ParameterError(message)
    for name, space in params.items():
        if isinstance(space, (range, list)) and len(space) == 0:
            message = f"{name}: has no value, expected at least one"
            raise ParameterError(message)
    task, settings = task_of(params={}, assets=assets, where=where, threads=threads, **more)
    return OptunaObjective(portal_of(data), task, settings, params, metric, min_trades)

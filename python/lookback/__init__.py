"""lookback: price history without a copy, and sweeps of thousands of backtests in Rust.

- Windows: `DataPortal(bundle).history("AAPL", "close", 20, end="2005-02-28")`.
- Sweeps: `sweep(buy="crossover(sma(close, fast), sma(close, slow))", params={"fast": range(5, 51)}, ...)`.
- Rules as Python's operators: `lookback.sma(lookback.close, lookback.p.fast)`; see `lookback.rules`.
"""

from __future__ import annotations

from importlib.metadata import version as _version

from lookback import errors, rules
from lookback._lookback import Bar, Bundle, Expression, Request, Setup, ingest, metrics
from lookback.errors import (
    BarCountError,
    BeforeFirstBarError,
    CorruptError,
    DateError,
    ExpressionError,
    FileError,
    FrequencyError,
    InvalidError,
    LoadError,
    LookAheadError,
    LookbackError,
    ParameterError,
    ParseError,
    StrategyError,
    TooFewBarsError,
    UnknownAssetError,
    UnknownFieldError,
)
from lookback.portal import Clock, DataPortal
from lookback.rules import *  # noqa: F403
from lookback.search import OptunaObjective, Uniform, optuna_objective
from lookback.strategies import Compiled, Strategy, compiled
from lookback.sweeps import Honesty, InterruptedWarning, Results, Validation, sweep

__version__ = _version("lookback")

__all__ = [
    "Bar",
    "BarCountError",
    "BeforeFirstBarError",
    "Bundle",
    "Clock",
    "Compiled",
    "CorruptError",
    "DataPortal",
    "DateError",
    "Expression",
    "ExpressionError",
    "FileError",
    "FrequencyError",
    "Honesty",
    "InterruptedWarning",
    "InvalidError",
    "LoadError",
    "LookAheadError",
    "LookbackError",
    "OptunaObjective",
    "ParameterError",
    "ParseError",
    "Request",
    "Results",
    "Setup",
    "Strategy",
    "StrategyError",
    "TooFewBarsError",
    "Uniform",
    "UnknownAssetError",
    "UnknownFieldError",
    "Validation",
    "compiled",
    "errors",
    "ingest",
    "metrics",
    "optuna_objective",
    "rules",
    "sweep",
]
__all__ += rules.__all__

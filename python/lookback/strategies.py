"""Strategies in Python: an object that is asked bar by bar, or a compiled function that needs no interpreter."""

from __future__ import annotations

import ctypes
from ctypes import POINTER, c_double, c_int64
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from lookback.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from lookback._lookback import Bar, Setup

_C_ARGUMENTS = (c_int64, c_int64, c_int64, POINTER(c_double), c_int64, POINTER(c_double), c_int64, POINTER(c_double))
"""The types that a compiled function takes; it returns a `double`."""


class Strategy:
    """A rule for one asset that is asked at each bar's close; one object is one trial.

    The parameters of the trial are attributes. Override `on_bar`, and `start` where columns are needed:

        class Cross(lookback.Strategy):
            params = {"fast": range(5, 51), "slow": range(20, 201, 2)}

            def start(self, setup):
                self.averages = setup.sma(self.fast), setup.sma(self.slow)

            def on_bar(self, bar):
                if bar.crosses_above(*self.averages):
                    bar.set_target(1.0)
                elif bar.crosses_below(*self.averages):
                    bar.set_target(0.0)

        lookback.sweep(strategy=Cross, where="fast < slow")

    Deriving from it is not needed: whatever is called with the parameters by name and returns an object with `on_bar` will do.
    """

    params: ClassVar[Mapping[str, Any]] = {}
    """The values of each parameter that a sweep tries where it is given none."""

    def __init__(self, **parameters: float) -> None:
        """Make each parameter an attribute: an `int` where it is whole, a `float` otherwise."""
        for name, value in parameters.items():
            setattr(self, name, value)

    def start(self, setup: Setup) -> None:
        """Declare columns and what wakes the strategy; every bar does unless told."""

    def on_bar(self, bar: Bar) -> None:
        """Decide at a bar's close; `bar.set_target(weight)` orders."""
        raise NotImplementedError


@dataclass(frozen=True)
class Compiled:
    """A compiled function as a strategy; made by `compiled`."""

    name: str
    address: int
    owner: Any = field(repr=False)
    fields: tuple[str, ...] = ("close",)
    bars: int = 1
    state: int = 0


def compiled(
    function: Any,
    *,
    bars: int,
    fields: str | Iterable[str] = "close",
    state: int = 0,
    name: str | None = None,
    check: bool = True,
) -> Compiled:
    """Make a strategy of a function that Numba compiles, or of one that is compiled already.

    Such a strategy runs on all cores without the interpreter.

    Args:
        function: Either a Python function or an `@njit` one of `(window, parameters, state)`, which Numba compiles here:
            `window` is an array `(bars, fields)` whose last row is the bar that decides, `parameters` an array in the order
            of `params`, `state` an array that the trial keeps from bar to bar, 0 at first. It returns a target weight from -1
            to 1, or NaN to order nothing. Or a `numba.cfunc` or a `ctypes` function of
            `double (int64_t bars, int64_t fields, int64_t stride, const double *window, int64_t parameter_count,
            const double *parameters, int64_t state_count, double *state)`, for which `window[field * stride + bar]` holds the
            values.
        bars: Bars of the window; the function is asked from the first bar on that has so many.
        fields: Columns of the window, in order.
        state: Numbers that a trial keeps.
        name: The name in outputs; the function's unless told.
        check: Let an index outside of its arrays fail the trial, in what is compiled here. Behind a window lie the bars that
            come after it: without the check a slip of one is a look into the future that nothing tells of.

    What it raises fails its trial. What was compiled elsewhere is trusted, and so are functions of Numba that this one calls:
    one that reads or writes beyond its arrays reads or breaks what lies there.

    Raises:
        ParameterError: where `bars` or `state` is out of range, or `function` is none that can be called, or one of other
            arguments.

    """
    if bars < 1 or state < 0:
        message = f"bars is {bars} and state {state}, expected at least 1 and 0"
        raise ParameterError(message)
    names = (fields,) if isinstance(fields, str) else tuple(fields)
    named = name or getattr(function, "__name__", None) or "compiled"
    address, owner = _address(function, check=check)
    return Compiled(named, address, owner, names, bars, state)


def _address(function: Any, *, check: bool) -> tuple[int, Any]:
    """Return where a function's code is, and what keeps it there."""
    # A numba.cfunc knows itself as a function of ctypes.
    found = getattr(function, "ctypes", function)
    if hasattr(found, "argtypes") and hasattr(found, "restype"):
        if tuple(found.argtypes or ()) != _C_ARGUMENTS or found.restype is not c_double:
            taken = ", ".join(one.__name__ for one in found.argtypes or ()) or "nothing that is known"
            message = (
                f"strategy: is a C function of ({taken}), expected one that returns a double and takes "
                f"({', '.join(one.__name__ for one in _C_ARGUMENTS)}): see lookback.compiled"
            )
            raise ParameterError(message)
        return ctypes.cast(found, ctypes.c_void_p).value or 0, function
    if not callable(function):
        message = f"strategy: is of type {type(function).__name__}, expected a function, a numba.cfunc or a ctypes function"
        raise ParameterError(message)
    wrapped = _wrap(function, check=check)
    return wrapped.address, (wrapped, function)


def _wrap(function: Callable[..., Any], *, check: bool) -> Any:
    """Compile a function of arrays as one of pointers."""
    # Typed in part: its own checks are those that count.
    numba: Any = import_module("numba")
    types = numba.types
    pointer, array = types.CPointer(types.float64), types.Array
    # What cannot be written is typed so: Numba then refuses a function that writes into the bars that all trials share.
    window_type = array(types.float64, 2, "A", readonly=True)
    takes = types.float64(window_type, array(types.float64, 1, "C", readonly=True), array(types.float64, 1, "C"))
    inner = numba.njit(takes, boundscheck=check)(getattr(function, "py_func", function))
    count = types.int64
    signature = types.float64(count, count, count, pointer, count, pointer, count, pointer)

    def ask(bars: int, fields: int, stride: int, window: Any, parameters: int, values: Any, kept: int, state: Any) -> float:
        columns = numba.carray(window, (fields, max(stride, bars)))
        # No exception crosses a C function: Numba would print it, and order a weight of 0.
        try:
            result: float = inner(columns[:, :bars].T, numba.carray(values, parameters), numba.carray(state, kept))
        except Exception:
            result = np.inf
        return result

    return numba.cfunc(signature)(ask)

"""Named windows: the array of a window with the moments of its bars, as the frame that a caller wants.

Each frame is built only when it is asked for, of views where the library takes them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from lookback.errors import InvalidError

if TYPE_CHECKING:
    from collections.abc import Callable

    from lookback._lookback import Request

ReturnType = Literal["dataframe", "array", "polars", "arrow"]
"""What a window comes as."""


def named(
    request: Request, end: object = None
) -> tuple[np.ndarray[Any, np.dtype[np.float64]], np.ndarray[Any, np.dtype[np.datetime64]]]:
    """Return the window's array and the moments of its bars; `NaT` in front where it is padded."""
    values, moments, padding = request._named(end)
    if padding:
        moments = np.concatenate([np.full(padding, "NaT", moments.dtype), moments])
    return values, moments


def _missing(package: str) -> InvalidError:
    return InvalidError(f'return_type: needs {package}, which is not installed: pip install {package}, or ask for "array"')


def _module(package: str) -> Any:
    try:
        return import_module(package)
    except ModuleNotFoundError as error:
        raise _missing(package) from error


def dataframe(request: Request, end: object = None) -> Any:
    """Return a pandas `DataFrame`: bars by moment; a column a field, or `(asset, field)` for several assets."""
    pandas = _module("pandas")
    values, moments = named(request, end)
    index = pandas.DatetimeIndex(moments, name="date", copy=False)
    if values.ndim == 2:
        return pandas.DataFrame(values, index=index, columns=request.fields, copy=False)
    names = pandas.MultiIndex.from_product([request.assets, request.fields], names=["asset", "field"])
    # The block holds one column after the other, so this is a view too.
    flat = values.transpose(1, 2, 0).reshape(-1, len(values)).T
    return pandas.DataFrame(flat, index=index, columns=names, copy=False)


def _columns(request: Request, end: object) -> dict[str, np.ndarray[Any, Any]]:
    values, moments = named(request, end)
    columns: dict[str, np.ndarray[Any, Any]] = {"date": moments}
    if values.ndim == 2:
        columns.update((field, values[:, at]) for at, field in enumerate(request.fields))
        return columns
    for at, asset in enumerate(request.assets):
        columns.update((f"{asset}_{field}", values[:, at, of]) for of, field in enumerate(request.fields))
    return columns


def polars(request: Request, end: object = None) -> Any:
    """Return a polars `DataFrame`: `date`, then a column a field, or `asset_field` for several assets."""
    return _module("polars").DataFrame(_columns(request, end))


def arrow(request: Request, end: object = None) -> Any:
    """Return a pyarrow `Table`: `date`, then a column a field, or `asset_field` for several assets."""
    pyarrow = _module("pyarrow")
    return pyarrow.table({name: pyarrow.array(column) for name, column in _columns(request, end).items()})


def array(request: Request, end: object = None) -> Any:
    """Return the NumPy array, without a copy."""
    return request(end)


_MAKERS: dict[str, Callable[[Request, object], Any]] = {
    "dataframe": dataframe,
    "array": array,
    "polars": polars,
    "arrow": arrow,
}


def make(request: Request, end: object, return_type: str) -> Any:
    """Return the window as the type asked for."""
    try:
        maker = _MAKERS[return_type]
    except KeyError:
        message = f"return_type: is {return_type!r}, expected one of {', '.join(map(repr, _MAKERS))}"
        raise InvalidError(message) from None
    return maker(request, end)

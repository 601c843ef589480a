"""Everything that can go wrong, as one family: each is a `LookbackError`, and what Python calls such an error beside."""

from __future__ import annotations


class LookbackError(Exception):
    """The base of all errors of this package; its text names what was found and what was expected."""


class ParseError(LookbackError, ValueError):
    """A file's content is not what it should be; `file` and `line` say where."""

    file: str
    line: int


class InvalidError(LookbackError, ValueError):
    """A file or a setting is not what it should be, and no single line is to blame."""


class CorruptError(LookbackError, ValueError):
    """A file at rest differs from what its digest promises."""


class FileError(LookbackError, OSError):
    """Reading or writing a file failed."""


class LookAheadError(LookbackError, ValueError):
    """A window was asked for that ends after the clock."""


class _NameError(LookbackError, KeyError):
    # A KeyError shows the repr of its argument, quotes and all.
    __str__ = Exception.__str__


class UnknownAssetError(_NameError):
    """No asset has this `name`; `nearest` are the names nearest to it, best first."""

    name: str
    nearest: list[str]


class UnknownFieldError(_NameError):
    """No field has this name."""


class TooFewBarsError(LookbackError, ValueError):
    """The window reaches back beyond the first bar."""


class BeforeFirstBarError(LookbackError, ValueError):
    """The series has no bar at or before this moment."""


class FrequencyError(LookbackError, ValueError):
    """A frequency is unknown, or cannot be made from the bundle's."""


class BarCountError(LookbackError, ValueError):
    """A bar count is out of range."""


class DateError(LookbackError, ValueError):
    """A date or moment cannot be read."""


class ParameterError(LookbackError, ValueError):
    """A parameter, its range, a setting or a constraint is wrong."""


class ExpressionError(LookbackError, ValueError):
    """A rule cannot be read, or means nothing; `column` says where, counted from 1."""

    column: int


class StrategyError(LookbackError, RuntimeError):
    """A strategy failed at a bar of a trial."""


class LoadError(LookbackError, RuntimeError):
    """A loader of the caller's own failed."""


__all__ = [
    "BarCountError",
    "BeforeFirstBarError",
    "CorruptError",
    "DateError",
    "ExpressionError",
    "FileError",
    "FrequencyError",
    "InvalidError",
    "LoadError",
    "LookAheadError",
    "LookbackError",
    "ParameterError",
    "ParseError",
    "StrategyError",
    "TooFewBarsError",
    "UnknownAssetError",
    "UnknownFieldError",
]

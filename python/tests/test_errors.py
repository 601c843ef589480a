"""Errors: one family, Python's own kinds beside, and texts that help."""

from __future__ import annotations

import pickle
from collections.abc import Callable

import pytest

import lookback as lb

CASES: list[tuple[type[Exception], type[Exception], str, Callable[[lb.DataPortal], object]]] = [
    (lb.UnknownAssetError, KeyError, "nearest: AAPL", lambda portal: portal.history("APPL", "close", 2)),
    (lb.UnknownFieldError, KeyError, "closs", lambda portal: portal.history("AAPL", "closs", 2)),
    (lb.TooFewBarsError, ValueError, "", lambda portal: portal.history("AAPL", "close", 20, end=5)),
    (lb.BeforeFirstBarError, ValueError, "", lambda portal: portal.history("AAPL", "close", 1, end="1990-01-01")),
    (lb.FrequencyError, ValueError, "expected one of 1d 1w 1mo", lambda portal: portal.history("AAPL", "close", 1, "1h")),
    (lb.BarCountError, ValueError, "", lambda portal: portal.history("AAPL", "close", 0)),
    (lb.DateError, ValueError, "2005-13-01", lambda portal: portal.history("AAPL", "close", 1, end="2005-13-01")),
    (lb.InvalidError, ValueError, "return_type", lambda portal: portal.history("AAPL", "close", 1, return_type="csv")),  # type: ignore[arg-type]
    (lb.ParameterError, ValueError, "n", lambda portal: lb.sweep(portal, buy="close > sma(close, n)", params={"n": "5:3"})),
    (lb.ExpressionError, ValueError, "smaa", lambda portal: lb.sweep(portal, buy="smaa(close, 3) > close")),
]


@pytest.mark.parametrize(("kind", "builtin", "text", "ask"), CASES)
def test_each_error_is_of_the_family_and_of_pythons_kind(
    portal: lb.DataPortal,
    kind: type[Exception],
    builtin: type[Exception],
    text: str,
    ask: Callable[[lb.DataPortal], object],
) -> None:
    with pytest.raises(kind) as caught:
        ask(portal)
    assert isinstance(caught.value, lb.LookbackError)
    assert isinstance(caught.value, builtin)
    assert text in str(caught.value)
    assert type(pickle.loads(pickle.dumps(caught.value))) is kind


def test_an_unknown_asset_names_the_nearest(portal: lb.DataPortal) -> None:
    with pytest.raises(lb.UnknownAssetError) as caught:
        portal.history("MSFTT", "close", 1)
    assert (caught.value.name, caught.value.nearest[0]) == ("MSFTT", "MSFT")


def test_a_rule_points_at_its_column(portal: lb.DataPortal) -> None:
    with pytest.raises(lb.ExpressionError) as caught:
        lb.sweep(portal, buy="close > smaa(close, 3)")
    assert caught.value.column == 9

"""How results show in a notebook: a table of the best places, with inline styles that suit light and dark."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lookback.sweeps import Results

_SHOWN = ("sharpe", "total_return", "max_drawdown", "trades")
_TOP = 5


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.3f}"
    return escape(str(value))


def results_html(results: Results) -> str:
    """Return the best places of each asset as an HTML table."""
    head = ["asset", *results.parameters, *_SHOWN]
    rows = [
        [asset, *(place[name] for name in (*results.parameters, *_SHOWN))]
        for asset in results.assets
        for place in results.ranking(asset, top=_TOP)
    ]
    cells = "".join(
        "<tr>" + "".join(f'<td style="text-align:right">{_cell(value)}</td>' for value in row) + "</tr>" for row in rows
    )
    names = "".join(f'<th scope="col" style="text-align:right">{escape(name)}</th>' for name in head)
    return f"<p>{escape(repr(results))}</p><table><thead><tr>{names}</tr></thead><tbody>{cells}</tbody></table>"

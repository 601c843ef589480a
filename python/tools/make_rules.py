"""Print `lookback/rules.py`, made of the engine's own table of functions: `python tools/make_rules.py > lookback/rules.py`."""

from __future__ import annotations

import importlib.util
import textwrap
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent.parent / "lookback"

HEAD = '''"""Rules made of Python's operators, in place of text: `sma(close, p.fast).crosses_above(sma(close, p.slow))`.

Each expression is text of the language of rules underneath, `str(expression)`, so that errors point at it and a strategy
can be printed into a file. Compare with `< <= > >= == !=`, combine with `& | ~`, look back with `close[1]`, choose with
`condition.choose(yes, no)`.

Made by `tools/make_rules.py`.
"""

from __future__ import annotations

from lookback._lookback import Expression

Operand = Expression | float
"""What an expression is made of: others, and numbers."""


class _Parameters:
    """The parameters of a sweep, as attributes: `p.fast`."""

    def __getattr__(self, name: str) -> Expression:
        if name.startswith("_"):
            raise AttributeError(name)
        return Expression.name(name)

    def __getitem__(self, name: str) -> Expression:
        return Expression.name(name)

    def __repr__(self) -> str:
        return "lookback.p"


p = _Parameters()
"""Parameters by name: `p.fast` is the parameter `fast` of a sweep."""
'''

INPUTS = {
    "open": "The first trade of a bar.",
    "high": "The highest trade of a bar.",
    "low": "The lowest trade of a bar.",
    "close": "The last trade of a bar.",
    "volume": "The shares traded in a bar.",
    "hl2": "The mean of high and low.",
    "hlc3": "The mean of high, low and close.",
    "ohlc4": "The mean of open, high, low and close.",
    "bar_index": "The number of a bar, from the asset's first.",
    "month": "The month of a bar, 1 to 12.",
    "day_of_week": "The day of a bar, Monday 1 to Sunday 7.",
}


def functions() -> list[Any]:
    """Return the engine's table, without the package that is made of it."""
    (library,) = FOLDER.glob("_lookback*.so")
    spec = importlib.util.spec_from_file_location("lookback._lookback", library)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    table: list[Any] = module.functions()
    return table


def function(name: str, arguments: list[tuple[str, str | None]], definition: str, reach: str) -> str:
    """Return the source of one function."""
    # Those with a default come last, and are left out of the call where they are not given.
    written = [f"{one}: Operand" if default is None else f"{one}: Operand = {default}" for one, default in arguments]
    called = ", ".join([f'"{name}"', *(one for one, _ in arguments)])
    words = ", ".join(one for one, _ in arguments)
    doc = textwrap.wrap(f"Definition: {definition.removesuffix('.')}.", 105)
    body = [
        f'    """Write `{name}({words})`.',
        "",
        *(f"    {line}" for line in doc),
        "",
        f"    Range: {reach}.",
        '    """',
    ]
    return "\n".join([f"def {name}({', '.join(written)}) -> Expression:", *body, f"    return Expression.call({called})"])


def main() -> None:
    """Print the module."""
    table = functions()
    parts = [HEAD]
    parts += [f'{name} = Expression.name("{name}")\n"""{says}"""' for name, says in INPUTS.items()]
    parts += ["\n" + function(*row) + "\n" for row in table]
    names = sorted([*INPUTS, *(row[0] for row in table), "p", "Operand"])
    parts.append("\n__all__ = [\n" + "".join(f'    "{name}",\n' for name in names) + "]")
    print("\n".join(parts))


if __name__ == "__main__":
    main()

"""Examples in docstrings and in the README run."""

from __future__ import annotations

import doctest
import importlib
import re
from pathlib import Path

import pytest


@pytest.mark.parametrize(
    "module", ["lookback.compat.rustybt", "lookback.portal", "lookback.search", "lookback.strategies", "lookback.sweeps"]
)
def test_examples_of_docstrings_hold(module: str) -> None:
    found = doctest.testmod(importlib.import_module(module))
    assert found.failed == 0


def test_the_readme_runs_from_top_to_bottom() -> None:
    text = (Path(__file__).parent.parent / "README.md").read_text()
    blocks = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert len(blocks) >= 7
    exec("\n".join(blocks), {})

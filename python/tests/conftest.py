"""What all tests share."""

from __future__ import annotations

import pytest

import lookback as lb


@pytest.fixture(scope="session")
def portal() -> lb.DataPortal:
    return lb.DataPortal(lb.Bundle.sample())

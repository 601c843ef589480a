"""Bundles: made of files and of any table that speaks Arrow."""

from __future__ import annotations

from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import lookback as lb

ROWS = pd.DataFrame(
    {
        "date": ["2024-01-02", "2024-01-03", "2024-01-04"],
        "symbol": "AA",
        "open": [1.0, 2.0, 3.0],
        "high": [1.5, 2.5, 3.5],
        "low": [0.5, 1.5, 2.5],
        "close": [1.2, 2.2, 3.2],
        "volume": [10.0, 20.0, 30.0],
    }
)


def test_tables_of_every_library_make_the_same_version() -> None:
    tables = [
        ROWS,
        pl.from_pandas(ROWS),
        pa.Table.from_pandas(ROWS, preserve_index=False),
        duckdb.sql("select * from ROWS").arrow(),
    ]
    bundles = [lb.Bundle.from_frame(table) for table in tables]
    assert len({bundle.version for bundle in bundles}) == 1
    assert bundles[0] == bundles[1]
    assert len(set(bundles)) == 1
    assert bundles[0].symbols == ["AA"]
    assert bundles[0].bars("AA") == 3
    assert "AA" in bundles[0]
    assert str(bundles[0].calendar("AA")[0]) == "2024-01-02T00:00:00.000000000"


def test_files_are_ingested_and_opened(tmp_path: Path) -> None:
    ROWS.to_csv(tmp_path / "aa.csv", index=False)
    made = lb.ingest(tmp_path / "aa.csv", out=tmp_path / "bars")
    assert made == lb.Bundle.open(tmp_path / "bars")
    assert made.readings
    with pytest.raises(lb.FileError, match=r"missing\.csv"):
        lb.ingest(tmp_path / "missing.csv", out=tmp_path / "other")
    assert not (tmp_path / "other").exists()


def test_a_bad_row_is_told_by_file_and_line(tmp_path: Path) -> None:
    bad = ROWS.assign(high=[1.5, 0.1, 3.5])
    bad.to_csv(tmp_path / "bad.csv", index=False)
    with pytest.raises(lb.ParseError, match=r"bad\.csv") as caught:
        lb.ingest(tmp_path / "bad.csv", out=tmp_path / "bars")
    assert caught.value.line == 3
    with pytest.raises(TypeError, match="unknown option tzz"):
        lb.ingest(tmp_path / "bad.csv", out=tmp_path / "bars", tzz="UTC")


def test_what_is_appended_is_served_after_a_refresh(tmp_path: Path) -> None:
    bundle = lb.Bundle.from_frame(ROWS[:2], out=tmp_path / "bars")
    portal = lb.DataPortal(bundle)
    held = portal.history("AA", "close", 2, return_type="array")
    assert not portal.refresh()
    grown = bundle.append(ROWS[2:])
    assert grown.bars("AA") == 3
    assert portal.refresh()
    np.testing.assert_array_equal(portal.history("AA", "close", 3, return_type="array")[:, 0], [1.2, 2.2, 3.2])
    np.testing.assert_array_equal(held[:, 0], [1.2, 2.2])
    with pytest.raises(lb.InvalidError, match="lies in no folder"):
        lb.Bundle.sample().append(ROWS)


def test_another_bundle_can_be_served_while_arrays_of_the_old_one_live() -> None:
    portal = lb.DataPortal(lb.Bundle.from_frame(ROWS))
    old = portal.history("AA", "close", 1, return_type="array")
    assert portal.replace(lb.Bundle.from_frame(ROWS.assign(close=[1.1, 2.1, 3.1])))
    assert portal.history("AA", "close", 1, return_type="array")[0, 0] == 3.1
    assert old[0, 0] == 3.2


def test_windows_go_back_without_a_copy_to_who_reads_arrow(portal: lb.DataPortal) -> None:
    table = portal.history("AAPL", ["open", "close"], 50, return_type="arrow")
    assert pl.DataFrame(table)["close"].to_list() == table["close"].to_pylist()
    ((best,),) = duckdb.from_arrow(table).max("close").fetchall()
    assert best == max(table["close"].to_pylist())

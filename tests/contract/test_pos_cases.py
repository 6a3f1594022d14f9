"""The table of cases says what is tested: none that nobody tests, and none that a page neither tests nor excuses."""

from __future__ import annotations

import pytest

from shared.pos.registry import ADAPTERS
from tests.contract.pos_cases import PAGE, VENDORS, cases_excused, cases_tested, written


def test_the_table_is_that_of_the_tests_and_pages() -> None:
    page = PAGE.read_text("utf-8")
    assert written(page) == page, "python -m tests.contract.pos_cases"


def test_every_adapter_of_a_vendor_has_its_column() -> None:
    assert set(VENDORS) == set(ADAPTERS) - {"canonical", "csv"}  # ours: they tell what is asked of them


@pytest.mark.parametrize("vendor", VENDORS)
def test_every_case_is_tested_or_said_not_to_apply(vendor: str) -> None:
    assert set(range(1, 101)) - cases_tested(vendor) - cases_excused(vendor) == set()


@pytest.mark.parametrize("vendor", VENDORS)
def test_no_case_that_is_tested_is_said_not_to_apply(vendor: str) -> None:
    assert cases_tested(vendor) & cases_excused(vendor) == set()

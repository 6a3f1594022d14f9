"""D365's rules by name: every one has an owner and a remedy, the same ones as its own words have when they come back."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from shared.d365.decoder import decode
from shared.d365.row_rules import broken_rules
from shared.d365.rows import transaction_rows
from shared.retail.d365_rules import (
    BRAZIL,
    CARDS,
    HEADER_RULES,
    LINE_RULES,
    REFERENCES,
    RULES,
    Broken,
    cause_of,
)
from shared.retail.mapping import MappingRow, Mappings
from shared.retail.reasons import OWNERS
from shared.retail.reference import COLUMNS, KEYS, is_broken, wanted
from shared.retail.reference_findings import findings
from tests.unit.builders import refund, sale
from tests.unit.test_mapping import ROWS, STORE, mapped

NEVER_SHOWN = ("dead letter", "payload", "poison", "odata", "queue", "exception", "idempoten", "json", "sql")
DAY = date(2017, 12, 23)


def known(**changes: Any) -> Mappings:
    """Our mappings with D365's reference data as last read; keys `kind__part__part`, None takes a row away."""
    rows: dict[tuple[str, ...], tuple[MappingRow, ...]] = {
        key: (MappingRow(values, 1),) for key, values in ROWS.items()
    }
    rows[("d365_items", "usrt", "D1001")] = (
        MappingRow({"there": "yes", "unit": "ea", "units_known": "yes"}, 1),
    )
    for name, values in changes.items():
        key = tuple(name.split("__"))
        if values is None:
            del rows[key]
        else:
            rows[key] = (MappingRow(values, 1),)
    return Mappings(1, rows)


def test_d365_has_fourteen_header_and_thirteen_line_rules() -> None:
    assert (len(HEADER_RULES), len(LINE_RULES), len(set(RULES))) == (14, 13, 27)


def test_every_rule_and_reference_has_a_card_but_brazils() -> None:
    assert {*RULES, *REFERENCES, "Income/expense amount"} - {BRAZIL} == set(CARDS)


@pytest.mark.parametrize("name", sorted(CARDS))
def test_what_people_read_of_a_rule_is_complete_and_without_jargon(name: str) -> None:
    parts = ("usrt", "A", "B", "C") if name in REFERENCES else ()
    why = cause_of(Broken(name, parts, found="" if parts else "something does not add up"))
    assert why.owner in OWNERS
    texts = why.texts()
    assert all(text and "…" not in text and "{" not in text for text in texts.values()), texts
    assert not [word for word in NEVER_SHOWN for text in texts.values() if word in text.lower()]
    assert name in why.value


@pytest.mark.parametrize("name", [rule for rule in RULES if rule != BRAZIL])
def test_a_rule_has_the_owner_here_that_it_has_when_d365_names_it(name: str) -> None:
    assert CARDS[name].owner == decode(f"{name}: does not hold").owner


def test_a_causes_value_can_be_read_again() -> None:
    for broken in (
        Broken("Gross amount"),
        Broken("Net + tax"),
        Broken("Unit of measure conversions", ("usrt", "D1", "kg")),
    ):
        assert Broken.from_value(broken.value) == broken
    assert Broken("Item", ("usrt", "D1")).value == "Item: usrt / D1"


@pytest.mark.parametrize("receipt", [sale(), refund()], ids=["sale", "return"])
def test_a_golden_receipt_breaks_nothing_where_nothing_was_read(receipt: Any) -> None:
    one = mapped(receipt)
    assert broken_rules(transaction_rows(one, "P1"), one.store, Mappings()) == ()


def test_what_was_never_read_or_is_unknown_is_not_judged() -> None:
    for row in (None, {"there": ""}, {"there": "", "unit": "ea"}):
        mappings = known(d365_items__usrt__D1001=row)
        assert not is_broken(mappings, "Item", ("usrt", "D1001"))
        assert not is_broken(mappings, "Unit of measure conversions", ("usrt", "D1001", "kg"))
    assert is_broken(known(d365_items__usrt__D1001={"there": "no"}), "Item", ("usrt", "D1001"))
    units_unknown = known(d365_items__usrt__D1001={"there": "yes", "unit": "ea", "units_known": "no"})
    assert not is_broken(units_unknown, "Unit of measure conversions", ("usrt", "D1001", "kg"))


@pytest.mark.parametrize(
    ("difference", "is_over"), [("0.05", False), ("-0.05", False), ("0.06", True), ("-0.06", True)]
)
def test_under_and_over_payment_are_judged_by_the_stores_largest_rounding(
    difference: str, is_over: bool
) -> None:
    mappings = known(d365_stores__NY01={"there": "yes", "rounding_max": "0.05"})
    assert is_broken(mappings, "Under/over payment", ("NY01", difference)) is is_over


@pytest.mark.parametrize(
    ("codes", "is_wrong"), [("V20", False), ("any tax", False), ("CITY", True), ("CITY V20", True)]
)
def test_a_lines_tax_codes_are_those_that_its_two_groups_share(codes: str, is_wrong: bool) -> None:
    mappings = known(
        d365_tax_groups__usrt__NYT={"there": "yes", "codes_known": "yes", "codes": "V20 V5"},
        d365_item_tax_groups__usrt__FULL={"there": "yes", "codes_known": "yes", "codes": "CITY V20"},
    )
    assert is_broken(mappings, "Tax group assignment", ("usrt", "NYT", "FULL", codes)) is is_wrong


def test_groups_that_share_nothing_are_wrong_even_without_a_tax() -> None:
    mappings = known(
        d365_tax_groups__usrt__NYT={"there": "yes", "codes_known": "yes", "codes": "V20"},
        d365_item_tax_groups__usrt__FULL={"there": "yes", "codes_known": "yes", "codes": "CITY"},
    )
    assert is_broken(mappings, "Tax group assignment", ("usrt", "NYT", "FULL", "any tax"))


def test_a_business_day_lies_in_one_of_the_open_periods_both_ends_included() -> None:
    mappings = known(
        d365_periods__usrt={"there": "yes", "open": "2017-12-01/2017-12-31 2018-02-01/2018-02-28"}
    )
    days = ("2017-11-30", "2017-12-01", "2017-12-31", "2018-01-15", "2018-02-28", "2018-03-01")
    assert [is_broken(mappings, "Business date", ("usrt", day)) for day in days] == [
        True,
        False,
        False,
        True,
        False,
        True,
    ]


def test_only_what_our_mappings_name_is_kept() -> None:
    keys = wanted(known()).keys
    assert {kind: sorted(found) for kind, found in keys.items()} == {
        "d365_stores": [("NY01",)], "d365_terminals": [("NY01-1",)], "d365_tenders": [("usrt", "5637", "1")],
        "d365_warehouses": [("usrt", "NYWH")], "d365_tax_groups": [("usrt", "NYT")],
        "d365_item_tax_groups": [("usrt", "FULL"), ("usrt", "NONE")], "d365_tax_codes": [("usrt", "V20")],
        "d365_items": [("usrt", "D1001")], "d365_customers": [("usrt", "C1")], "d365_accounts": [("usrt", "EXP1")],
        "d365_periods": [("usrt",)],
    }  # fmt: skip
    assert set(KEYS) == set(COLUMNS)


def test_findings_are_sorted_and_name_a_store_that_shares_its_warehouse() -> None:
    second = STORE | {"store": "S2", "store_number": "NY02"}
    mappings = known(stores__S2=second, d365_items__usrt__D1001={"there": "no"})
    assert [one.value for one in findings(mappings, DAY)] == [
        "Item: usrt / D1001",
        "Shared warehouse: usrt / NYWH",
    ]


def test_a_tax_finer_than_the_currency_is_found_in_the_rows() -> None:
    line = sale().lines[0]
    tax = type(line.taxes[0])("VAT20", Decimal("4.005"), rate=Decimal(20), base=Decimal("20.00"))
    receipt = sale(
        lines=(type(line)(1, "1001", Decimal(2), Decimal("20.00"), Decimal("20.00"), taxes=(tax,)),)
    )
    one = mapped(receipt)
    rules = [each.rule for each in broken_rules(transaction_rows(one, ""), one.store, Mappings())]
    assert rules == ["Currency rounding"]

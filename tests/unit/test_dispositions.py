"""Where goods go that come back: on sale again, to quarantine, or to no stock; and what is missing for it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from shared.d365.entities import HEADERS, SALES_LINES
from shared.d365.rows import transaction_rows
from shared.retail.mapped import MappedTransaction
from shared.retail.mapping import Mappings, map_transaction
from shared.retail.mapping_csv import KINDS, read_mapping_csv
from shared.retail.reversal import reversal_of
from shared.retail.transaction import Disposition, Transaction
from tests.unit.builders import DAY, refund, sale
from tests.unit.test_mapping import STORE, held_for, mappings

PLACES = {"quarantine_warehouse": "NYQUAR", "scrap_warehouse": "NYSCRAP"}


def known(**places: str) -> Mappings:
    return mappings(
        stores__S1=STORE | places,
        dispositions__NO_RESTOCK={"disposition": "NO_RESTOCK", "effect": "quarantine"},
        dispositions__SCRAP={"disposition": "SCRAP", "effect": "none"},
    )


def back(disposition: Disposition | None) -> Transaction:
    return replace(refund(), lines=(replace(refund().lines[0], disposition=disposition),))


def rows(transaction: Transaction, rules: Mappings) -> tuple[str, str, str]:
    outcome = map_transaction(transaction, DAY, rules, ())
    assert isinstance(outcome, MappedTransaction), outcome
    found = transaction_rows(outcome, "P")
    (line,) = found[SALES_LINES]
    return str(found[HEADERS][0]["Warehouse"]), str(line["Warehouse"]), str(line["SiteId"])


@pytest.mark.parametrize(
    ("disposition", "place"),
    [
        (None, "NYWH"), (Disposition.RESTOCK, "NYWH"), (Disposition.NO_RESTOCK, "NYQUAR"), (Disposition.SCRAP, "NYSCRAP"),
    ],
)  # fmt: skip
def test_a_disposition_decides_the_warehouse_of_its_line_and_of_nothing_else(
    disposition: Disposition | None, place: str
) -> None:
    assert rows(back(disposition), known(**PLACES)) == ("NYWH", place, "NY")


def test_what_is_sold_leaves_the_stores_own_warehouse_whatever_the_line_says() -> None:
    sold = replace(sale(), lines=(replace(sale().lines[0], disposition=Disposition.SCRAP),))
    assert rows(sold, known(**PLACES)) == ("NYWH", "NYWH", "NY")


@pytest.mark.parametrize(
    ("disposition", "value"), [(Disposition.NO_RESTOCK, "S1 quarantine"), (Disposition.SCRAP, "S1 none")]
)
def test_a_store_without_such_a_place_holds_the_return_and_never_puts_it_on_sale(
    disposition: Disposition, value: str
) -> None:
    assert held_for(back(disposition), known()) == [("return_place_missing", value)]


def test_a_reversed_return_takes_the_goods_out_of_where_it_put_them() -> None:
    outcome = map_transaction(back(Disposition.NO_RESTOCK), DAY, known(**PLACES), ())
    assert isinstance(outcome, MappedTransaction)
    assert [one.warehouse for one in reversal_of(outcome, outcome.key, DAY).lines] == ["NYQUAR"]


def test_the_stores_list_takes_both_places_and_a_limit_and_refuses_what_they_cannot_be() -> None:
    kind = KINDS["stores"]
    columns = (
        "store",
        "legal_entity",
        "store_number",
        "operating_unit",
        "warehouse",
        "currency",
        "time_zone",
        "account",
    )
    more = (*columns, "quarantine_warehouse", "scrap_warehouse", "no_receipt_limit")

    def problems(quarantine: str, scrap: str, limit: str) -> list[tuple[str, str]]:
        text = f"{','.join(more)}\nS1,usrt,NY01,052,NYWH,USD,America/New_York,east,{quarantine},{scrap},{limit}\n"
        return [(one.column, one.expected) for one in read_mapping_csv(kind, text.encode())[1]]

    assert problems("NYQUAR", "NYSCRAP", "50.00") == []
    assert problems("", "", "") == []
    assert problems("NYWH", "ELEVENCHARS", "many") == [
        ("scrap_warehouse", "at most 10 characters"), ("no_receipt_limit", "an amount such as 50.00"),
        ("quarantine_warehouse", "another warehouse than the store's own"),
    ]  # fmt: skip
    assert problems("", "", "-1") == [("no_receipt_limit", "an amount from 0 to 999999.99")]

"""All 27 rules of "Validate store transactions", by Microsoft's names: what breaks one in D365 is caught here first.

Per rule, by hand: one field of a valid receipt, the exact rules that D365 then breaks (more than one only where arithmetic
forces it), and a way in which a till, a mapping or D365's own data brings it about. Three things are shown of each: the
simulated headquarters fires exactly these; our last look at our own rows, which shares no code with it, names exactly these;
and the receipt is held under that very name, with nothing sent to D365. Where no till and no mapping can bring it about,
because the field is one that only our rows have, the last look is the proof.

Excused: "Fiscal document posting status", which is Brazil's and judges fiscal documents that we send none of.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from shared.d365.entities import ENTITIES
from shared.d365.row_rules import broken_rules
from shared.d365.rows import transaction_rows
from shared.d365.values import Row, row_json
from shared.flows.ingest_transactions import ingest_transactions
from shared.flows.read_reference import read_reference
from shared.pos.registry import ADAPTERS
from shared.retail.d365_rules import BRAZIL, RULES
from tests.contract.posting_world import PostingWorld, posting_world
from tests.unit.builders import refund, sale
from tests.unit.documents import call_of, sale_document
from tests.unit.flow_services import SENDER, run
from tests.unit.test_mapping import STORE, mapped

HEADERS, LINES, PAYMENTS, TAXES = (
    "Transactions", "Sales transactions V2", "Payment transactions V2", "Tax transactions",
)  # fmt: skip
CHARGES = "Retail Transaction charges"
SETS = {
    **{label: entity.odata_set for label, entity in ENTITIES.items()},
    CHARGES: "RetailTransactionMarkupLines",  # we write none
}
MORE: dict[str, Any] = {
    "tax_codes": [{"dataAreaId": "usrt", "TaxCodeId": "CITY", "Value": "1"}],
    "tax_item_groups": [{"dataAreaId": "usrt", "TaxItemGroupCode": "CITYONLY", "codes": ["CITY"]}],
    "items": [
        {"dataAreaId": "usrt", "ItemNumber": "SHIRT", "SalesUnitSymbol": "ea", "variants": ["RED"]},
        {"dataAreaId": "usrt", "ItemNumber": "PHONE", "SalesUnitSymbol": "ea", "SerialNumberControlled": "Yes"},
    ],
}  # fmt: skip
Ours = Callable[[PostingWorld], Awaitable[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Case:
    """One rule: the field of D365's row that is changed, what fires, and our way to it (None: only our rows have it)."""

    rule: str
    label: str
    field: str
    value: str
    fires: frozenset[str]
    ours: Ours | None = None
    of_a_return: bool = False


def till(**changes: Any) -> Ours:
    """A till sends the receipt with these fields."""

    async def sent(_: PostingWorld) -> dict[str, Any]:
        return sale_document(2, **changes)

    return sent


def line(**changes: Any) -> Ours:
    """A till sends the receipt with a line like this."""
    (golden,) = sale_document(2)["lines"]
    return till(lines=[golden | changes])


def mapping(kind: str, row: dict[str, str], **changes: Any) -> Ours:
    """Somebody maps to what D365 has otherwise; then a till sends the receipt, with a line like this."""

    async def mapped_and_sent(world: PostingWorld) -> dict[str, Any]:
        await world.map_also(kind, row)
        return await line(**changes)(world)

    return mapped_and_sent


def tenders(first: str, change: str) -> list[dict[str, Any]]:
    paid, back = sale_document(2)["tenders"]
    return [paid | {"amount": first}, back | {"amount": change}]


def case(rule: str, label: str, field: str, value: str, *also: str, ours: Ours | None = None) -> Case:
    return Case(rule, label, field, value, frozenset({rule, *also}), ours)


def item(number: str, unit: str = "ea") -> Ours:
    return mapping("items", {"item": "1002", "item_number": number, "unit": unit}, item="1002")


VAT = {"code": "VAT20", "rate": "20", "base": "20.00", "amount": "4.00", "inclusive": True}
EMPTY = ("Gross amount", "Net", "Net + tax", "Number of items")
CASES = [
    case("Business date", HEADERS, "businessDate", "2018-03-01T12:00:00Z", ours=till(business_day="2018-03-01")),
    case(
        "Currency rounding", PAYMENTS, "AmountTendered", "30.001", "Payment amount",
        ours=till(tenders=tenders("30.001", "-6.00")),
    ),
    case(
        "Customer account exists", HEADERS, "CustomerAccount", "NOBODY",
        ours=mapping("stores", STORE | {"customer_account": "NOBODY"}),
    ),
    case("Discount amount", HEADERS, "DiscountAmount", "1", ours=till(control_totals={"discount": "1.00"})),
    case("Gross amount", LINES, "NetAmountInclusiveTax", "-23", ours=till(control_totals={"gross": "19.00"})),
    case("Net", HEADERS, "NetAmount", "-21"),
    case("Net + tax", TAXES, "TaxAmount", "-5", "Line tax", ours=till(control_totals={"tax": "5.00"})),
    case("Number of items", HEADERS, "NumberOfItems", "3"),
    case("Payment amount", HEADERS, "PaymentAmount", "24.05", ours=till(control_totals={"paid": "31.00"})),
    case("Tax exempt calculation", HEADERS, "IsTaxExemptedForPriceInclusive", "Yes"),
    case("Tax included pricing", HEADERS, "IsTaxIncludedInPrice", "Yes", ours=line(taxes=[VAT])),
    case("Transaction not empty", LINES, "TransactionStatus", "Voided", *EMPTY, ours=till(lines=[], tenders=[])),
    case("Under/over payment", HEADERS, "PaymentAmount", "25", "Payment amount", ours=till(tenders=tenders("30.00", "-5.00"))),
    case("Barcode exists", LINES, "BarCode", "123"),
    case("Charge lines", CHARGES, "TaxExemptPriceInclusiveReductionAmount", "1"),
    case("Item variant exists", LINES, "ItemId", "SHIRT", ours=item("SHIRT")),
    case("Line discount", LINES, "LineDiscount", "1", ours=line(net="19.00")),
    case("Line tax", LINES, "SalesTaxAmount", "-3"),
    case("Negative price", LINES, "Price", "-10", ours=line(unit_price="-10.00")),
    case("Serial number controlled", LINES, "ItemId", "PHONE", ours=item("PHONE")),
    case("Serial number dimension", LINES, "SerialNumber", "S1", ours=line(serial="S1")),
    case("Sign contradiction", LINES, "Quantity", "2", ours=line(quantity="-2")),
    case("Tax exempt", LINES, "TaxExemptPriceInclusiveReductionAmount", "1", "Tax exempt calculation"),
    case(
        "Tax group assignment", LINES, "ItemSalesTaxGroup", "CITYONLY",
        ours=mapping("taxes", {"code": "VAT20", "tax_code": "V20", "item_tax_group": "CITYONLY"}),
    ),
    case("Unit of measure conversions", LINES, "Unit", "kg", ours=item("D1001", "kg")),
    Case(
        "Gift card returns", LINES, "GiftCard", "Yes", frozenset({"Gift card returns"}),
        line(kind="GIFT_CARD_ISSUE", quantity="-2", gross="-20.00", net="-20.00"), of_a_return=True,
    ),
]  # fmt: skip


def test_every_rule_of_d365s_is_in_the_table_or_excused() -> None:
    assert {one.rule for one in CASES} == set(RULES) - {BRAZIL}
    assert len(RULES) == 27


@pytest.mark.parametrize("one", CASES, ids=lambda one: one.rule)
def test_what_breaks_a_rule_in_d365_is_caught_here_first_by_the_same_name(tmp_path: Path, one: Case) -> None:
    async def story() -> None:
        async with posting_world(tmp_path) as world:
            await world.sim("setup", MORE)
            document = await one.ours(world) if one.ours else None
            await read_reference(world.services)
            rows = changed_rows(one)
            assert await fired_in_d365(world, rows) == one.fires
            store = mapped(sale()).store
            found = broken_rules(rows, store, world.services.mappings.known)
            assert {each.rule for each in found} >= one.fires
            assert {each.rule for each in found} - one.fires <= NOT_D365S
            if document is not None:
                assert one.rule in await held_for(world, document)
            assert await world.calls("POST ImportFromPackage") == 0
            assert await world.calls("POST $batch") == 0

    run(story())


RECEIPT_KEY = ("dataAreaId", "OperatingUnitNumber", "Terminal", "TransactionNumber")
# Decimals that our rows do not have, so that our own list of fields cannot tell.
AMOUNTS = {"TaxExemptPriceInclusiveReductionAmount"}
# What we compare beside the 27 rules, where a changed code is also one that D365 does not have in this place.
NOT_D365S = {"Sales tax group"}


def changed_rows(one: Case) -> dict[str, list[Row]]:
    """The rows that our own edge writes for the golden receipt, one field changed."""
    rows = transaction_rows(mapped(refund(1) if one.of_a_return else sale(1)), "P1")
    if one.label == CHARGES:
        key = {name: rows[LINES][0][name] for name in RECEIPT_KEY}
        free = {"CalculatedAmount": Decimal(0), "TaxExemptPriceInclusiveOriginalPrice": Decimal(0)}
        rows[CHARGES] = [
            {**key, "SalesLineNumber": Decimal(1), "LineNumber": Decimal(1), "MarkupCode": "FREE", **free}
        ]
    fields = ENTITIES[one.label].fields if one.label in ENTITIES else ()
    field = next((each for each in fields if each.name == one.field), None)
    row = rows[one.label][0]
    is_text = field is None or field.edm != "Edm.Decimal"
    row[one.field] = one.value if is_text and one.field not in AMOUNTS else Decimal(one.value)
    return rows


async def fired_in_d365(world: PostingWorld, rows: dict[str, list[Row]]) -> set[str]:
    """Write the rows into D365 as somebody else would, and let headquarters validate them."""
    for label in (HEADERS, LINES, TAXES, PAYMENTS, CHARGES):
        for row in rows.get(label, []):
            address = f"{world.url}/data/{SETS[label]}?cross-company=true"
            headers = {**await world._bearer(), "Content-Type": "application/json"}
            answer = await world.http.post(address, content=row_json(row), headers=headers)
            assert answer.is_success, answer.text
    await world.sim("jobs/validate", {})
    return {one["rule"] for one in (await world.sim("state"))["validation_errors"]}


async def held_for(world: PostingWorld, document: dict[str, Any]) -> set[str]:
    """Let a till send a receipt, and posting run; give D365's names of the rules that the causes tell."""
    (verdict,) = await ingest_transactions(world.services, SENDER, ADAPTERS["canonical"], call_of(document))
    await world.drive(20, jobs=False)
    assert set((await world.statuses()).values()) <= {"held"}, verdict
    with world.looking():
        rows = [
            row async for row in world.services.tables.causes.query(None) if row.text("What") == "receipt"
        ]
    told = {name for row in rows for name in re.findall("“([^”]+)”", row.text("WhatHappened"))}
    assert {row.text("Reason") for row in rows} <= {"does_not_balance", "d365_rule"}
    return told

"""The same receipts by data package and by changeset, into two fresh environments: the same rows, the same ledger.

Both golden receipts (D365 facts §3.1) and one of every other kind; the figures are written by hand.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from shared.d365.batch import Outcome
from shared.d365.entities import CHILDREN, HEADER
from shared.d365.package import build_package
from shared.d365.rows import transaction_rows
from shared.retail.mapped import MappedTransaction
from tests.contract.posting_world import PostingWorld, posting_world
from tests.contract.receipts_of_every_kind import EVERY_KIND_SETUP, EXPECTED, every_kind
from tests.unit.flow_services import run

SETS = (HEADER.odata_set, *(entity.odata_set for entity in CHILDREN))
Send = Callable[[PostingWorld, list[MappedTransaction]], Awaitable[None]]


async def by_package(world: PostingWorld, receipts: list[MappedTransaction]) -> None:
    d365 = world.services.d365
    built = build_package("Tillpost", "P1", receipts)
    target = await d365.write_url("P1-1.zip")
    await d365.upload(target.url, built.content)
    await d365.import_package(target.url, "P1-1", "usrt")
    status = None
    for _ in range(500):
        status = await d365.execution_status("P1-1")
        if status not in (None, "NotRun", "Executing"):
            break
        world.hand.turn(seconds=2)
        await asyncio.sleep(0.004)
    assert status == "Succeeded", await d365.execution_errors("P1-1")


async def by_changeset(world: PostingWorld, receipts: list[MappedTransaction]) -> None:
    rows = [transaction_rows(one, "P1") for one in receipts]
    results = await world.services.d365.write_changesets(rows)
    assert {one.outcome for one in results} == {Outcome.CREATED}, results


async def stored(world: PostingWorld) -> dict[str, dict[str, dict[str, Any]]]:
    """Give every row of every set, all fields, by what names it; an ETag says how often something was written."""
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for odata_set in SETS:
        keys = next(one.keys for one in (HEADER, *CHILDREN) if one.odata_set == odata_set)
        rows = await world.rows(odata_set)
        found[odata_set] = {
            " ".join(str(row[name]) for name in keys): {k: v for k, v in row.items() if not k.startswith("@")}
            for row in rows
        }
    return found


async def posted(
    world: PostingWorld,
) -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[dict[str, Any]]]:
    """Let headquarters validate and post; give the ledger's lines, its totals and the stock."""
    await world.headquarters()
    state = await world.sim("state")
    assert state["validation_errors"] == []
    assert {one["state"] for one in state["statements"]} == {"Posted"}
    lines = (await world.sim("ledger"))["lines"]
    for line in lines:
        del line["postedDateTime"]
    lines.sort(key=lambda line: (line["voucher"], line["account"], line["code"]))
    return lines, (await world.sim("totals"))["totals"], (await world.sim("on-hand"))["on_hand"]


def both_routes(folder: Path, receipts: list[MappedTransaction]) -> list[tuple[Any, ...]]:
    async def told() -> list[tuple[Any, ...]]:
        found = []
        for name, send in (("package", by_package), ("changeset", by_changeset)):
            (folder / name).mkdir()
            async with posting_world(folder / name) as world:
                await world.sim("setup", EVERY_KIND_SETUP)
                await send(world, receipts)
                found.append((await stored(world), *await posted(world)))
        return found

    return run(told())


def sorted_by_key(receipts: dict[str, MappedTransaction]) -> list[MappedTransaction]:
    return sorted(receipts.values(), key=lambda one: one.key.transaction_number)


def test_both_golden_receipts_are_stored_to_the_letter_of_the_facts_by_either_route(tmp_path: Path) -> None:
    kinds = every_kind()
    (package, *books), (changeset, *other_books) = both_routes(
        tmp_path, [kinds["golden sale"], kinds["golden return"]]
    )
    assert package == changeset
    assert books == other_books
    sale, back = "usrt NY01-1 east:T1 1 052", "usrt NY01-1 east:T2 1 052"
    assert picked(package["RetailTransactionSalesLinesV2"][sale], LINE) == {
        "Quantity": -2, "Price": 10, "NetAmount": -20, "SalesTaxAmount": -4, "NetAmountInclusiveTax": -24,
        "ReturnTransactionNumber": "", "ReturnLineNumber": 0, "ReturnQuantity": 0, "IsReturnNoSale": "No",
    }  # fmt: skip
    assert picked(package["RetailTransactionSalesLinesV2"][back], LINE) == {
        "Quantity": 1, "Price": 10, "NetAmount": 10, "SalesTaxAmount": 2, "NetAmountInclusiveTax": 12,
        "ReturnTransactionNumber": "east:T1", "ReturnLineNumber": 1, "ReturnQuantity": 1, "IsReturnNoSale": "No",
    }  # fmt: skip
    taxes = package["RetailTransactionTaxLines"].values()
    assert sorted((row["TaxAmount"], row["TaxPercentage"]) for row in taxes) == [(-4, 20), (2, 20)]
    payments = package["RetailTransactionPaymentLinesV2"].values()
    assert sorted((row["AmountTendered"], row["IsChangeLine"]) for row in payments) == [
        (-12, "No"), (-6, "Yes"), (30, "No"),
    ]  # fmt: skip
    assert {name: headers(package)[name] for name in ("east:T1", "east:T2")} == {
        "east:T1": EXPECTED["golden sale"], "east:T2": EXPECTED["golden return"],
    }  # fmt: skip
    (total,) = books[1]
    assert {name: total[name] for name in ("sales", "returns", "tax", "payments", "rounding")} == {
        "sales": "20", "returns": "-10", "tax": {"V20": "2"}, "payments": {"1": "12"}, "rounding": "0",
    }  # fmt: skip
    assert [one["MovedQuantity"] for one in books[2]] == ["-1"]


LINE = (
    "Quantity", "Price", "NetAmount", "SalesTaxAmount", "NetAmountInclusiveTax", "ReturnTransactionNumber",
    "ReturnLineNumber", "ReturnQuantity", "IsReturnNoSale",
)  # fmt: skip
HEADER_FIGURES = (
    "GrossAmount", "NetAmount", "PaymentAmount", "DiscountAmount", "NumberOfItems", "NumberOfItemLines",
    "NumberOfPaymentLines", "SaleIsReturnSale",
)  # fmt: skip


def picked(row: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: row[name] for name in names}


def headers(rows: dict[str, dict[str, dict[str, Any]]]) -> dict[str, tuple[str, ...]]:
    return {
        row["TransactionNumber"]: tuple(_plain(row[name]) for name in HEADER_FIGURES)
        for row in rows["RetailTransactions"].values()
    }


def _plain(value: Any) -> str:
    return f"{Decimal(value).normalize():f}" if isinstance(value, Decimal | int) else str(value)


def test_a_receipt_of_every_kind_is_stored_alike_validated_and_posted_alike_by_either_route(
    tmp_path: Path,
) -> None:
    kinds = every_kind()
    (package, *books), (changeset, *other_books) = both_routes(tmp_path, sorted_by_key(kinds))
    assert package == changeset
    assert books == other_books
    assert headers(package) == {one.key.transaction_number: EXPECTED[name] for name, one in kinds.items()}
    (total,) = books[1]
    names = (
        "transactions",
        "sales",
        "returns",
        "gift_cards",
        "tax",
        "payments",
        "income_expense",
        "discounts",
        "rounding",
    )
    assert {name: total[name] for name in names} == {
        "transactions": 18, "sales": "153.99", "returns": "-78.5", "gift_cards": "35",
        "tax": {"CITY": "0.1", "V20": "14.1"}, "payments": {"1": "31.7", "2": "41", "6": "24", "8": "20"},
        "income_expense": {"EXP1": "-8"}, "discounts": "9.5", "rounding": "0.01",
    }  # fmt: skip


def test_an_environment_that_keeps_taxes_as_the_till_does_takes_them_so_by_setting_and_not_otherwise(
    tmp_path: Path,
) -> None:
    async def errors(receipts: list[MappedTransaction]) -> set[str]:
        async with posting_world(tmp_path) as world:
            await world.sim("setup", EVERY_KIND_SETUP)
            await world.sim("switches", {"tax_sign": "positive"})
            await by_changeset(world, receipts)
            await world.headquarters()
            return {one["rule"] for one in (await world.sim("state"))["validation_errors"]}

    receipts = sorted_by_key(every_kind())
    assert run(errors([replace(one, tax_as_pos=True) for one in receipts])) == set()
    assert "Net + tax" in run(errors(receipts))


def test_the_kinds_are_told_apart_in_their_rows(tmp_path: Path) -> None:
    rows = {name: transaction_rows(one, "P1") for name, one in every_kind().items()}
    lines = {name: found["Sales transactions V2"] for name, found in rows.items()}
    payments = {name: found["Payment transactions V2"] for name, found in rows.items()}
    assert [row["GiftCard"] for row in lines["gift card issued and loaded"]] == ["Yes", "Yes"]
    assert lines["return without its receipt"][0]["IsReturnNoSale"] == "Yes"
    assert [row["Quantity"] for row in lines["a line of nothing"]] == [0, -1]
    assert lines["tax in the price"][0]["NetAmount"] == -10
    assert [row["TaxCode"] for row in rows["two taxes and one exempt"]["Tax transactions"]] == [
        "CITY",
        "V20",
        "FREE",
    ]
    assert [row["IsExempt"] for row in rows["two taxes and one exempt"]["Tax transactions"]] == [
        "No",
        "No",
        "Yes",
    ]
    (euro,) = payments["foreign money"]
    names = ("AmountTendered", "AmountInTenderedCurrency", "CurrencyCode", "ExchangeRateInTenderedCurrency")
    assert [euro[name] for name in names] == [24, 20, "EUR", 120]
    assert rows["cash rounding"]["Transactions"][0]["SalesPaymentDifference"] == Decimal("0.01")
    assert rows["paid out"]["Income/Expense transaction"][0]["Amount"] == 8
    linked = [
        (row["AmountTendered"], row["IsLinkedRefund"], row["LinkedPaymentLineNumber"])
        for row in payments["reversal"]
    ]
    assert linked == [(-10, "Yes", 1), (-20, "Yes", 3), (Decimal("7.20"), "No", 0)]
    assert rows["reversal"]["Discount transactions"][0]["DiscountAmount"] == -1

"""Reversal and replacement, from a person's word to D365's ledger: both proved, nothing twice, money conserved."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.errors import RejectedError
from shared.flows.accept_return import accept_return
from shared.flows.compile_statements import compile_statements
from shared.flows.read_records import read_statement, read_transaction
from shared.flows.read_returns import read_returns
from shared.flows.release_exceptions import release_exceptions
from shared.flows.reverse_transaction import Reversed, reverse_transaction
from shared.storage.due import TRACK, Due, note_due
from tests.contract.posting_world import SETUP, PostingWorld, WorkerDiedError, posting_world
from tests.unit.documents import sale_document, shift_document, totals_of
from tests.unit.flow_services import DESK, run

Story = Callable[[PostingWorld], Awaitable[None]]
DAY = date(2017, 12, 23)
WRONG = {"item": "1001", "item_number": "D1001", "unit": "ea"}
RIGHT = {"item": "1001", "item_number": "D2002", "unit": "ea"}


def tell(story: Story, folder: Path) -> None:
    async def told() -> None:
        async with posting_world(folder) as world:
            items = [*SETUP["items"], {"dataAreaId": "usrt", "ItemNumber": "D2002", "SalesUnitSymbol": "ea"}]
            await world.sim("setup", SETUP | {"items": items})
            await story(world)

    run(told())


async def reverse(
    world: PostingWorld, name: str = "T1", *, replace: bool = True, day: date | None = None
) -> Reversed:
    done = await reverse_transaction(
        world.services, "S1", "east", name, DESK, "the wrong item", with_replacement=replace, business_day=day
    )
    assert done is not None
    return done


async def on_hand(world: PostingWorld) -> dict[str, str]:
    """Give the stock that moved, by item."""
    found = (await world.sim("on-hand"))["on_hand"]
    return {one["ItemNumber"]: str(one["MovedQuantity"]) for one in found}


async def day_statement(world: PostingWorld) -> dict[str, Any]:
    """Compile what is due, and give the statement of the day."""
    await compile_statements(world.services)
    found = await read_statement(world.services, "S1", DAY)
    assert found is not None
    return found


async def posted_wrong(world: PostingWorld, *documents: dict[str, Any]) -> None:
    """Post receipts with the wrong item, then map it right."""
    await world.send(*(documents or (sale_document(1),)))
    await world.drive_until("posted", "excluded")
    await world.map_also("items", RIGHT)


def test_a_receipt_posted_with_the_wrong_item_is_reversed_and_replaced_and_nothing_is_left_of_the_wrong_one(
    tmp_path: Path,
) -> None:
    async def story(world: PostingWorld) -> None:
        await posted_wrong(world)
        done = await reverse(world)
        assert done == Reversed("T1.rev", "T1.new", DAY)
        assert await reverse(world) == done
        assert await world.statuses() == {"T1": "posted", "T1.rev": "mapped", "T1.new": "received"}
        await world.drive_until("posted", "reversed")
        assert await world.statuses() == {"T1": "reversed", "T1.rev": "posted", "T1.new": "posted"}
        assert await on_hand(world) == {"D1001": "0", "D2002": "-2"}
        assert await world.ledger() == (3, {"1": "24"})
        assert await world.in_d365() == ["NY01-1 east:T1", "NY01-1 east:T1.new", "NY01-1 east:T1.rev"]

    tell(story, tmp_path)


def test_the_rows_of_a_reversal_are_the_originals_turned_and_linked_to_it(tmp_path: Path) -> None:
    async def story(world: PostingWorld) -> None:
        await posted_wrong(world)
        await reverse(world)
        await world.drive_until("posted", "reversed")
        (header,) = await of(world, "RetailTransactions", "east:T1.rev")
        names = (
            "GrossAmount",
            "NetAmount",
            "PaymentAmount",
            "SaleIsReturnSale",
            "RefundReceiptId",
            "RreceiptId",
        )
        assert {name: str(header[name]) for name in names} == {
            "GrossAmount": "24", "NetAmount": "20", "PaymentAmount": "-24", "SaleIsReturnSale": "Yes",
            "RefundReceiptId": "S1-1-0001", "RreceiptId": "S1-1-0001",
        }  # fmt: skip
        assert (header["businessDate"], header["TransactionTime"]) == ("2017-12-23T12:00:00Z", 43200)
        (line,) = await of(world, "RetailTransactionSalesLinesV2", "east:T1.rev")
        names = (
            "ItemId",
            "Quantity",
            "ReturnTransactionNumber",
            "ReturnTerminal",
            "ReturnLineNumber",
            "ReturnQuantity",
        )
        assert {name: str(line[name]) for name in names} == {
            "ItemId": "D1001", "Quantity": "2", "ReturnTransactionNumber": "east:T1", "ReturnTerminal": "NY01-1",
            "ReturnLineNumber": "1", "ReturnQuantity": "2",
        }  # fmt: skip
        back, change = await of(world, "RetailTransactionPaymentLinesV2", "east:T1.rev")
        assert (str(back["AmountTendered"]), back["IsLinkedRefund"], back["LinkedPaymentTransactionNumber"]) == (
            "-30", "Yes", "east:T1",
        )  # fmt: skip
        names = (
            "LinkedPaymentStore",
            "LinkedPaymentTerminal",
            "LinkedPaymentLineNumber",
            "LinkedPaymentCurrency",
        )
        assert [str(back[name]) for name in names] == ["NY01", "NY01-1", "1", "USD"]
        assert (str(change["AmountTendered"]), change["IsLinkedRefund"], change["IsChangeLine"]) == (
            "6",
            "No",
            "No",
        )
        (again,) = await of(world, "RetailTransactionSalesLinesV2", "east:T1.new")
        assert (again["ItemId"], str(again["Quantity"]), again["ReturnTransactionNumber"]) == (
            "D2002",
            "-2",
            "",
        )
        headers = await world.rows("RetailTransactions")
        assert {row["BatchID"] for row in headers} == {header["BatchID"]}

    tell(story, tmp_path)


async def of(world: PostingWorld, odata_set: str, number: str) -> list[dict[str, Any]]:
    """Give the rows that D365 has of one receipt, in order."""
    found = [row for row in await world.rows(odata_set) if row["TransactionNumber"] == number]
    return sorted(found, key=lambda row: Decimal(row.get("LineNumber", 0)))


def test_the_statement_agrees_at_every_stage_and_misses_nothing(tmp_path: Path) -> None:
    async def story(world: PostingWorld) -> None:
        opened, closed = "2017-12-23T08:00:00-05:00", "2017-12-23T18:00:00-05:00"
        totals = totals_of(2, "48.00", "40.00", "8.00", 1, 2)
        shift = shift_document(3, "SHIFT_CLOSE", "1", opened, closed, totals)
        sales = [sale_document(number, shift="1") for number in (1, 2)]
        await posted_wrong(world, *sales, shift)
        world.hand.turn(hours=12)
        assert figures(await day_statement(world)) == ("proved", "48.00", "48.00", "48.00", [])
        await reverse(world)
        assert figures(await day_statement(world)) == (
            "not proved", "48.00", "48.00", "48.00", [("not_sent_yet", "24.00"), ("not_sent_yet", "-24.00")],
        )  # fmt: skip
        await world.drive_until("posted", "reversed", "excluded")
        assert figures(await day_statement(world)) == ("proved", "48.00", "48.00", "48.00", [])
        assert await world.causes() == {}
        await world.drive(20)  # the shift goes with the next package
        assert await world.shifts() == {"1": "sent"}

    tell(story, tmp_path)


def figures(statement: dict[str, Any]) -> tuple[object, ...]:
    totals = statement["totals"]
    causes = [(one["code"], one["amount"]) for one in statement["causes"]]
    assert statement["unexplained"] == "0.00"
    assert statement["unexplained_detail"] == {}
    return statement["verdict"], totals["pos_says"], totals["received"], totals["posted"], causes


def test_a_reversal_without_a_replacement_is_a_decided_cause_worth_what_the_till_took(tmp_path: Path) -> None:
    async def story(world: PostingWorld) -> None:
        opened, closed = "2017-12-23T08:00:00-05:00", "2017-12-23T18:00:00-05:00"
        shift = shift_document(
            3, "SHIFT_CLOSE", "1", opened, closed, totals_of(2, "48.00", "40.00", "8.00", 1, 2)
        )
        await posted_wrong(world, *[sale_document(number, shift="1") for number in (1, 2)], shift)
        world.hand.turn(hours=12)
        assert await reverse(world, replace=False) == Reversed("T1.rev", None, DAY)
        assert figures(await day_statement(world)) == (
            "not proved", "48.00", "24.00", "48.00", [("not_sent_yet", "-24.00"), ("reversed", "24.00")],
        )  # fmt: skip
        await world.drive_until("posted", "reversed", "excluded")
        statement = await day_statement(world)
        assert figures(statement) == ("proved", "48.00", "24.00", "24.00", [("reversed", "24.00")])
        (cause,) = statement["causes"]
        assert (cause["decided"]["by"], cause["decided"]["reason"]) == (
            "store operations desk",
            "the wrong item",
        )
        assert cause["receipts"] == ["S1-1-0001 (reversal)"]
        assert await world.ledger() == (3, {"1": "24"})
        assert await on_hand(world) == {"D1001": "-2"}

    tell(story, tmp_path)


def test_a_receipt_that_the_till_voided_afterwards_is_reversed_and_the_day_is_proved(tmp_path: Path) -> None:
    async def story(world: PostingWorld) -> None:
        opened, closed = "2017-12-23T08:00:00-05:00", "2017-12-23T18:00:00-05:00"
        shift = shift_document(
            3, "SHIFT_CLOSE", "1", opened, closed, totals_of(1, "24.00", "20.00", "4.00", 1, 2)
        )
        await posted_wrong(world, *[sale_document(number, shift="1") for number in (1, 2)], shift)
        world.hand.turn(hours=12)
        await reverse(world, replace=False)
        await world.drive_until("posted", "reversed", "excluded")
        assert figures(await day_statement(world)) == (
            "proved",
            "24.00",
            "24.00",
            "24.00",
            [("reversed", "0.00")],
        )

    tell(story, tmp_path)


def test_finance_may_have_a_correction_count_for_today_and_both_days_stay_proved_apart(
    tmp_path: Path,
) -> None:
    async def story(world: PostingWorld) -> None:
        await posted_wrong(world)
        world.hand.turn(days=3)
        await reverse(world, day=date(2017, 12, 26))
        await world.drive_until("posted", "reversed")
        headers = {row["TransactionNumber"]: row for row in await world.rows("RetailTransactions")}
        assert {number: row["businessDate"][:10] for number, row in headers.items()} == {
            "east:T1": "2017-12-23", "east:T1.rev": "2017-12-26", "east:T1.new": "2017-12-26",
        }  # fmt: skip
        assert {row["TransactionDate"][:10] for row in headers.values()} == {"2017-12-23"}
        assert {row["BatchID"] for row in headers.values()} == {headers["east:T1"]["BatchID"]}
        world.hand.turn(days=1)
        statement = await day_statement(world)
        assert (statement["totals"]["received"], statement["totals"]["posted"]) == ("24.00", "24.00")
        today = await read_statement(world.services, "S1", date(2017, 12, 26))
        assert today is not None
        assert (today["totals"]["received"], today["totals"]["posted"], today["receipts"]["posted"]) == (
            "0.00", "0.00", 0,
        )  # fmt: skip

    tell(story, tmp_path)


def test_a_correction_counts_for_today_where_the_receipts_period_is_closed_in_d365(tmp_path: Path) -> None:
    async def story(world: PostingWorld) -> None:
        await posted_wrong(world)
        world.hand.turn(days=3)
        periods = {"legal_entity": "usrt", "there": "yes", "open": "2017-12-25/2018-01-31"}
        await world.map_also("d365_periods", periods)
        assert await reverse(world) == Reversed("T1.rev", "T1.new", date(2017, 12, 26))
        await world.drive_until("posted", "reversed")
        assert await on_hand(world) == {"D1001": "0", "D2002": "-2"}

    tell(story, tmp_path)


@pytest.mark.parametrize("before", [True, False])
def test_a_worker_that_dies_anywhere_in_a_reversal_leaves_nothing_half_done(
    tmp_path: Path, before: bool
) -> None:
    async def story(world: PostingWorld) -> None:
        for number in range(1, 13):
            await world.send(sale_document(number))
        await posted_wrong(world, sale_document(13))
        died = 0
        for number in range(1, 13):
            world.effects.plan_death(number, before=before)
            try:
                await reverse(world, f"T{number}")
            except WorkerDiedError:
                died += 1
            world.effects.dead, world.effects.dies_at = False, 0
            assert await reverse(world, f"T{number}") == Reversed(f"T{number}.rev", f"T{number}.new", DAY)
        assert died >= 6
        await world.drive_until("posted", "reversed")
        assert await world.ledger() == (37, {"1": "312"})
        assert await on_hand(world) == {"D1001": "-2", "D2002": "-24"}

    tell(story, tmp_path)


def test_a_restore_that_forgets_a_reversed_receipt_is_told_and_stops_nothing(tmp_path: Path) -> None:
    async def story(world: PostingWorld) -> None:
        await world.sim("snapshot", {})
        await posted_wrong(world)
        await reverse(world)
        await world.drive_until("posted", "reversed")
        await world.sim("restore", {})
        await note_due(world.services.tables.due, [Due(TRACK, "S1", DAY, world.services.now())])
        await world.drive(40)
        assert await world.statuses() == {"T1": "held", "T1.rev": "held", "T1.new": "held"}
        gone = (await world.causes())["gone_from_d365"]
        await release_exceptions(world.services, str(gone["fingerprint"]), DESK, "they belong there")
        await world.drive_until("posted", "reversed")
        assert await world.statuses() == {"T1": "reversed", "T1.rev": "posted", "T1.new": "posted"}
        assert await world.ledger() == (3, {"1": "24"})

    tell(story, tmp_path)


def test_two_people_who_reverse_at_once_make_one_reversal(tmp_path: Path) -> None:
    async def story(world: PostingWorld) -> None:
        await posted_wrong(world)
        found = await asyncio.gather(*(reverse(world) for _ in range(3)), return_exceptions=True)
        assert any(one == Reversed("T1.rev", "T1.new", DAY) for one in found)
        assert await reverse(world) == Reversed("T1.rev", "T1.new", DAY)
        await world.drive_until("posted", "reversed")
        assert await world.ledger() == (3, {"1": "24"})

    tell(story, tmp_path)


def test_a_return_that_comes_after_a_replacement_gives_back_the_replacement(tmp_path: Path) -> None:
    async def story(world: PostingWorld) -> None:
        await posted_wrong(world)
        await reverse(world)
        await world.drive_until("posted", "reversed")
        await world.send(return_document(2, of="T1"))
        await world.drive_until("posted", "reversed")
        (line,) = await of(world, "RetailTransactionSalesLinesV2", "east:T2")
        assert (line["ReturnTransactionNumber"], line["IsReturnNoSale"]) == ("east:T1.new", "No")
        assert await on_hand(world) == {"D1001": "0", "D2002": "-1"}

    tell(story, tmp_path)


def test_a_receipt_some_of_whose_goods_came_back_goes_back_whole_and_d365_posts_it(tmp_path: Path) -> None:
    async def story(world: PostingWorld) -> None:
        await world.send(sale_document(1))
        await posted_wrong(world, sale_document(3), return_document(2, of="T1"))
        await reverse(world, "T1")
        await world.drive_until("posted", "reversed")
        (line,) = await of(world, "RetailTransactionSalesLinesV2", "east:T1.rev")
        assert (line["IsReturnNoSale"], line["ReturnTransactionNumber"], str(line["Quantity"])) == (
            "Yes",
            "",
            "2",
        )
        assert await on_hand(world) == {"D1001": "-1", "D2002": "-2"}

    tell(story, tmp_path)


def test_a_return_of_what_was_reversed_for_good_is_held_and_goes_without_a_link_once_accepted(
    tmp_path: Path,
) -> None:
    async def story(world: PostingWorld) -> None:
        await posted_wrong(world)
        await reverse(world, replace=False)
        await world.drive_until("posted", "reversed")
        await world.send(return_document(2, of="T1"))
        await world.drive(20)
        assert (await world.statuses())["T2"] == "held"
        assert list(await world.causes()) == ["refund_above_sale"]
        await accept_return(world.services, "S1", "east", "T2", DESK, "the goods are here")
        await world.drive_until("posted", "reversed")
        (line,) = await of(world, "RetailTransactionSalesLinesV2", "east:T2")
        assert (line["ReturnTransactionNumber"], line["IsReturnNoSale"]) == ("", "Yes")

    tell(story, tmp_path)


def return_document(number: int, of: str) -> dict[str, Any]:
    """One of the two brought back, 12.00."""
    (line,) = sale_document(of and 1)["lines"]
    tax = line["taxes"][0] | {"base": "-10.00", "amount": "-2.00"}
    line |= {"quantity": "-1", "gross": "-10.00", "net": "-10.00", "taxes": [tax]}
    line |= {"original": {"transaction_id": of, "terminal": "1", "line_number": 1}}
    tender = {
        "tender_number": 1,
        "type": "CASH",
        "code": "CASH",
        "role": "REFUND",
        "amount": "-12.00",
        "status": "CAPTURED",
    }
    return sale_document(number, lines=[line], tenders=[tender])


def test_a_wrong_return_is_put_right_though_d365_lets_nothing_more_come_back(tmp_path: Path) -> None:
    async def story(world: PostingWorld) -> None:
        await world.send(sale_document(1))
        await posted_wrong(world, sale_document(3), return_document(2, of="T1"))
        await reverse(world, "T2")
        await world.drive_until("posted", "reversed")
        (back,) = await of(world, "RetailTransactionSalesLinesV2", "east:T2.rev")
        (again,) = await of(world, "RetailTransactionSalesLinesV2", "east:T2.new")
        assert (str(back["Quantity"]), back["ReturnTransactionNumber"]) == ("-1", "")
        assert (str(again["Quantity"]), again["IsReturnNoSale"], again["ItemId"]) == ("1", "Yes", "D2002")
        assert await world.ledger() == (5, {"1": "36"})

    tell(story, tmp_path)


def test_a_replacement_that_was_wrong_too_is_reversed_and_replaced_like_any_receipt(tmp_path: Path) -> None:
    async def story(world: PostingWorld) -> None:
        await posted_wrong(world)
        await reverse(world)
        await world.drive_until("posted", "reversed")
        await world.map_also("items", WRONG)
        assert await reverse(world, "T1.new") == Reversed("T1.new.rev", "T1.new.new", DAY)
        await world.drive_until("posted", "reversed")
        assert await on_hand(world) == {"D1001": "-2", "D2002": "0"}
        assert await world.ledger() == (5, {"1": "24"})

    tell(story, tmp_path)


def test_only_what_is_posted_can_be_reversed_and_a_reversal_cannot(tmp_path: Path) -> None:
    async def story(world: PostingWorld) -> None:
        await world.send(sale_document(1))
        with pytest.raises(RejectedError, match="only a posted receipt"):
            await reverse(world)
        await world.drive_until("posted")
        with pytest.raises(RejectedError, match="own business day or for today's"):
            await reverse(world, day=DAY + timedelta(days=9))
        await reverse(world, replace=False)
        with pytest.raises(RejectedError, match="reversed already"):
            await reverse(world, replace=True)
        with pytest.raises(RejectedError, match="a reversal itself"):
            await reverse(world, "T1.rev")
        found = await read_transaction(world.services, "S1", "east", "T1.rev")
        assert found is not None
        assert (found["reversal_of"], found["total"], found["document_sha256"]) == (
            "T1", "-24.00", (await world.receipts())["T1"].text("DocumentSha256"),
        )  # fmt: skip
        assert await reverse_transaction(
            world.services, "S1", "east", "T9", DESK, "no such", with_replacement=True
        ) is None  # fmt: skip

    tell(story, tmp_path)


@st.composite
def any_receipt(draw: st.DrawFn, number: int) -> dict[str, Any]:
    """A sale or a return of some lines, some with a discount, with tax on top, paid in cash with change or by card."""
    is_return = draw(st.booleans())
    sign, lines, due = (-1 if is_return else 1), [], Decimal(0)
    for line_number in range(1, draw(st.integers(1, 3)) + 1):
        quantity, price = draw(st.integers(1, 5)), Decimal(draw(st.integers(1, 5000))) / 100
        gross = sign * quantity * price
        off = sign * min(Decimal(draw(st.integers(0, 300))) / 100, abs(gross))
        net = gross - off
        tax = (net * 20 / 100).quantize(Decimal("0.01"))
        due += net + tax
        (line,) = sale_document()["lines"]
        line |= {"line_number": line_number, "quantity": str(sign * quantity), "unit_price": str(price)}
        line |= {"gross": str(gross), "net": str(net)}
        line["taxes"] = [
            {"code": "VAT20", "rate": "20", "base": str(net), "amount": str(tax), "inclusive": False}
        ]
        line["discounts"] = [{"amount": str(off), "scope": "LINE", "method": "AMOUNT"}] if off else []
        lines.append(line)
    return sale_document(number, lines=lines, tenders=draw(any_tenders(due)))


@st.composite
def any_tenders(draw: st.DrawFn, due: Decimal) -> list[dict[str, Any]]:
    code = draw(st.sampled_from(["CASH", "CARD"]))
    over = Decimal(draw(st.integers(0, 2000))) / 100 if code == "CASH" and due > 0 else Decimal(0)
    tender = {"tender_number": 1, "type": code, "code": code, "status": "CAPTURED", "amount": str(due + over)}
    tender["role"] = "REFUND" if due < 0 else "PAYMENT"
    change = {**tender, "tender_number": 2, "role": "CHANGE", "amount": str(-over)}
    return [tender, change] if over else [tender]


@st.composite
def some_receipts(draw: st.DrawFn) -> list[dict[str, Any]]:
    return [draw(any_receipt(number)) for number in range(1, draw(st.integers(1, 4)) + 1)]


CARDS = {"store": "*", "tender": "CARD", "payment_method": "2"}
WRONGLY_CASH = CARDS | {"payment_method": "1"}


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(some_receipts())
def test_reversal_and_replacement_leave_the_ledger_as_if_it_had_been_posted_right_at_once(
    tmp_path_factory: pytest.TempPathFactory, receipts: list[dict[str, Any]]
) -> None:
    found: list[Any] = []

    async def wrong_first(world: PostingWorld) -> None:
        await world.map_also("tenders", WRONGLY_CASH)
        await world.send(*receipts)
        await world.drive_until("posted")
        await world.map_also("items", RIGHT)
        await world.map_also("tenders", CARDS)
        for one in receipts:
            await reverse(world, one["transaction_id"])
        await world.drive_until("posted", "reversed")
        found.append(await sums(world))

    async def right_at_once(world: PostingWorld) -> None:
        await world.map_also("items", RIGHT)
        await world.map_also("tenders", CARDS)
        await world.send(*receipts)
        await world.drive_until("posted")
        found.append(await sums(world))

    for story in (wrong_first, right_at_once):
        tell(story, tmp_path_factory.mktemp("world"))
    assert found[0] == found[1]


async def sums(world: PostingWorld) -> dict[str, str]:
    """Give what the ledger and the stock add up to: accounts, taxes, payment methods, discounts, items."""
    found: dict[str, Decimal] = {}
    for line in (await world.sim("ledger"))["lines"]:
        by_code = f" {line['code']}" if line["kind"] in ("tax", "payment") else ""
        name = f"{line['businessDate']} {line['account']} {line['kind']}{by_code}"
        found[name] = found.get(name, Decimal(0)) + Decimal(line["amount"])
    for total in (await world.sim("totals"))["totals"]:
        found[f"{total['businessDate']} discounts"] = Decimal(total["discounts"])
    found |= {f"stock {item}": Decimal(moved) for item, moved in (await on_hand(world)).items()}
    return {name: f"{amount:.2f}" for name, amount in sorted(found.items()) if amount}


def test_original_reversal_and_replacement_are_linked_and_in_the_proof_and_the_ledger_follows(
    tmp_path: Path,
) -> None:
    async def story(world: PostingWorld) -> None:
        await posted_wrong(world, sale_document(1), return_document(2, of="T1"))
        await reverse(world, "T1")
        await reverse(world, "T2")
        await world.drive_until("posted", "reversed")
        names = ("reversal_of", "replacement_of", "reversed_by", "replaced_by")
        links = {}
        for name in ("T1", "T1.rev", "T1.new", "T2", "T2.rev", "T2.new"):
            found = await read_transaction(world.services, "S1", "east", name)
            assert found is not None
            links[name] = {one: found[one] for one in names if found.get(one)}
        assert links == {
            "T1": {"reversed_by": "T1.rev", "replaced_by": "T1.new"}, "T1.rev": {"reversal_of": "T1"},
            "T1.new": {"replacement_of": "T1"}, "T2": {"reversed_by": "T2.rev", "replaced_by": "T2.new"},
            "T2.rev": {"reversal_of": "T2"}, "T2.new": {"replacement_of": "T2"},
        }  # fmt: skip
        world.hand.turn(hours=12)
        statement = await day_statement(world)
        # six receipts: 24 - 24 + 24 of the sale, -12 + 12 - 12 of the return
        assert statement["receipts"] == {"pos_says": None, "received": 2, "in_d365": 2, "posted": 2}
        assert (statement["totals"]["received"], statement["totals"]["posted"]) == ("12.00", "12.00")
        assert (statement["unexplained"], statement["totals"]["difference"]) == ("0.00", "0.00")
        assert [one for one in statement["causes"] if one["amount"] != "0.00"] == []
        assert await world.ledger() == (6, {"1": "12"})
        back = await read_returns(world.services, "S1", "east", "T1")
        assert back is not None
        assert (back["back"], [one["transaction_id"] for one in back["refunds"]]) == ("12.00", ["T2"])
        await world.send(return_document(3, of="T1"), return_document(4, of="T1"))
        await world.drive(60)
        found = await world.statuses()
        assert sorted((found["T3"], found["T4"])) == ["held", "posted"]

    tell(story, tmp_path)

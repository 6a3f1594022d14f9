"""A till nobody had read before, connected by docs/pos/connect-a-new-pos.md: read, kept, mapped and posted to the cent."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from scripts.read_receipts import main
from shared.errors import RejectedError
from shared.flows.ingest_transactions import ingest_transactions
from shared.pos.adapter import Arrival
from shared.pos.registry import ADAPTERS
from shared.retail.kinds import Kind, TillStatus
from shared.retail.rules import problems_of
from shared.retail.transaction import Transaction
from tests.contract.adapter_contract import CHECKS, ROOT, Tried, registered
from tests.contract.kassiopeia.adapter import KassiopeiaAdapter
from tests.contract.posting_world import PostingWorld, posting_world
from tests.unit.flow_services import SENDER, run

TILL = KassiopeiaAdapter()
HERE = Path(__file__).resolve().parent / "kassiopeia"
TRIED = Tried(TILL, HERE / "journals", HERE / "README.md", typed=frozenset({"KASSIOPEIA2", "KASSIOPEIA3"}))
DAY, BACK, NIGHT = (
    TRIED.fixtures[name]
    for name in (
        "day__every_kind_of_record",
        "return__of_an_earlier_sale",
        "sale__tax_within_and_cash_rounded",
    )
)


def receipts(body: bytes) -> list[Transaction]:
    found = TILL.read(body, "east")
    assert [one.reason for one in found] == [""] * len(found)
    return [one.transaction for one in found if one.transaction is not None]


def refusal(body: bytes) -> str:
    with pytest.raises(RejectedError) as caught:
        TILL.read(body, "east")
    return str(caught.value)


def without_end(body: bytes, *changes: tuple[bytes, bytes]) -> Arrival:
    """Give what the first receipt of a journal is read as after some changes."""
    for old, new in changes:
        assert old in body
        body = body.replace(old, new)
    return TILL.read(body, "east")[0]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_it_keeps_what_every_adapter_must(check: Callable[[Tried], object]) -> None:
    check(TRIED)


def test_a_day_is_read_to_the_cent() -> None:
    day = receipts(DAY)
    assert [(one.transaction_id, one.kind, one.status, one.training) for one in day] == [
        ("1-20171223-1", Kind.SHIFT_OPEN, TillStatus.COMPLETED, False),
        ("1-20171223-2", Kind.SALES, TillStatus.COMPLETED, False),
        ("1-20171223-3", Kind.SALES, TillStatus.COMPLETED, False),
        ("1-20171223-4", Kind.SALES, TillStatus.COMPLETED, True),
        ("1-20171223-5", Kind.SALES, TillStatus.VOIDED, False),
        ("1-20171223-6", Kind.PAID_OUT, TillStatus.COMPLETED, False),
        ("1-20171223-7", Kind.SALES, TillStatus.COMPLETED, False),
        ("1-20171223-8", Kind.SHIFT_CLOSE, TillStatus.COMPLETED, False),
    ]
    assert [str(one.sequence_number) for one in day] == list("12345678")
    _, first, second, _, _, out, _, closed = day
    assert [(str(one.amount), one.role.value) for one in first.tenders] == [
        ("30.00", "PAYMENT"),
        ("-6.00", "CHANGE"),
    ]
    # 3.33 + 3.34 - 1.00 + 5.00 = 10.67, one of 3.33 taken back; 20 per cent, 2.13, by largest remainder: .66 .47 1.00
    assert [(str(one.net), str(one.tax)) for one in second.lines] == [
        ("3.33", "0.66"),
        ("2.34", "0.47"),
        ("5.00", "1.00"),
    ]
    assert [str(one.net) for one in second.voided_lines] == ["3.33"]
    assert (second.amount_due, second.amount_paid) == (Decimal("12.80"), Decimal("12.80"))
    assert out.cash_movement is not None
    assert (str(out.cash_movement.amount), out.cash_movement.reason_code) == ("-20.00", "WINDOW")
    record = closed.shift_record
    assert record is not None
    assert record.totals is not None
    assert [(one.tender, str(one.amount)) for one in record.counted] == [
        ("CASH", "94.80"),
        ("CARD", "10.00"),
    ]
    assert (record.totals.transactions, str(record.totals.total)) == (3, "24.80")  # 24.00 + 12.80 - 12.00


def test_what_comes_back_is_negative_and_names_its_sale() -> None:
    (back,) = receipts(BACK)
    line = back.lines[0]
    assert (str(line.quantity), str(line.net), str(line.tax), str(back.amount_paid)) == (
        "-1",
        "-10.00",
        "-2.00",
        "-12.00",
    )
    assert line.original is not None
    assert line.original.transaction_id == back.links[0].transaction_id == "1-20171223-2"


def test_after_midnight_it_is_still_the_business_day_but_the_next_date_and_cash_is_rounded_apart() -> None:
    (one,) = receipts(NIGHT)
    assert one.completed_at == datetime(2017, 12, 24, 0, 15, tzinfo=UTC)
    assert str(one.business_day) == "2017-12-23"
    assert (str(one.lines[0].net), str(one.lines[0].tax), str(one.amount_rounded)) == ("9.98", "1.66", "0.02")
    assert problems_of(one) == ()


def test_a_receipt_that_does_not_come_to_its_own_total_is_held_with_the_difference() -> None:
    one = without_end(BACK, (b"E|1200", b"E|1201")).transaction
    assert one is not None
    assert [(each.field, each.found) for each in problems_of(one)] == [("control_totals.total", "-12.01")]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ([(b"I|1001|1|", b"I|1001|one|")], "record 4, cell 3: expected a whole number, found one"),
        ([(b"|BACK|", b"|SWAP|")], "record 2, cell 4: expected one of SALE, BACK, PRACTICE, found SWAP"),
        ([(b"P|CASH", b"P|SHELLS")], "record 6, cell 2: expected one of CASH, CARD, GIFT, found SHELLS"),
        ([(b"X|VAT20", b"X|VAT10")], "record 2, cell 1: expected items of the tax class VAT10, found B"),
        (
            [(b"1400", b"1460")],
            "record 2, cell 2: expected a time such as 1804, after midnight 2404, found 1460",
        ),
        ([(b"L|2|20171223", b"Q|2|20171223")], "record 3, cell 1: expected a known record, found Q"),
        (
            [(b"E|1200\nK|8", b"G|0\nK|8")],
            "record 7, cell 1: expected E or V, the end of the receipt, found G",
        ),
    ],
)
def test_what_cannot_be_read_is_told_by_record_and_cell_and_still_says_whose_it_is(
    changes: list[tuple[bytes, bytes]], expected: str
) -> None:
    one = without_end(BACK, *changes)
    assert one.reason == expected
    assert (one.store, one.transaction_id) == ("S1", "1-20171226-2")


def test_a_journal_that_was_cut_off_is_refused_also_at_a_receipts_end() -> None:
    cut = DAY[: DAY.index(b"B|1100")]
    assert refusal(cut) == "the last record: expected K, the end of the journal, found none"
    assert refusal(cut + b"K|36\n") == "the last record: expected a journal of 36 records, found 20 records"


def test_sellers_are_not_kept() -> None:
    assert b"Otto" in DAY
    assert b"Otto" not in b"".join(one.document for one in TILL.read(DAY, "east"))


def test_it_is_not_in_the_product_and_files_can_be_tried_before_it_is(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert "kassiopeia" not in ADAPTERS
    path = HERE / "journals" / "sale__tax_within_and_cash_rounded.txt"
    with registered(TILL):
        assert main(["kassiopeia", str(path)]) == 0
    assert "S1 2-20171223-1: goes to D365, 10.00 USD" in capsys.readouterr().out
    assert "kassiopeia" not in ADAPTERS


async def sent(world: PostingWorld, body: bytes) -> list[str]:
    found = await ingest_transactions(world.services, SENDER, ADAPTERS["kassiopeia"], body)
    await world.deliver()
    return [one.verdict for one in found]


def test_a_day_of_it_is_posted_once_and_to_the_cent(tmp_path: Path) -> None:
    async def go() -> None:
        async with posting_world(tmp_path) as world:
            await world.map_also("tenders", {"store": "*", "tender": "CARD", "payment_method": "2"})
            assert await sent(world, DAY) == ["accepted"] * 8
            assert await sent(world, DAY) == ["duplicate"] * 8
            await world.drive_until("posted", "excluded")
            assert await world.statuses() == {
                "1-20171223-1": "excluded",
                "1-20171223-2": "posted",
                "1-20171223-3": "posted",
                "1-20171223-4": "excluded",
                "1-20171223-5": "excluded",
                "1-20171223-6": "posted",
                "1-20171223-7": "posted",
                "1-20171223-8": "excluded",
            }
            # cash 24.00 + 2.80 - 12.00 - 20.00 paid out, card 10.00
            assert await world.ledger() == (4, {"1": "-5.2", "2": "10"})
            assert await world.causes() == {}
            assert await world.shifts() == {"7": "closed"}

    with registered(TILL):
        run(go())


def test_the_trial_is_told_beside_the_page() -> None:
    page = (ROOT / "docs" / "pos" / "connect-a-new-pos.md").read_text("utf-8")
    assert "../../tests/contract/kassiopeia/README.md" in page
    assert "test_adapters.py" in page

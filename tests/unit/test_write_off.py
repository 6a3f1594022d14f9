"""A held receipt is written off by two people of finance, and stands in the proof as their decision."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import pytest

from shared.errors import AnotherWasFirstError, D365NotNowError, ForbiddenError, RejectedError, RetryableError
from shared.flows.check_readiness import check_readiness
from shared.flows.compile_statements import compile_statements
from shared.flows.decide_write_off import decide_write_off
from shared.flows.declare_terminal import declare_terminal
from shared.flows.end_empty_causes import end_empty_causes
from shared.flows.ingest_transactions import ingest_transactions
from shared.flows.map_transactions import map_transactions
from shared.flows.preview_release import preview_release
from shared.flows.propose_write_off import propose_write_off
from shared.flows.read_records import list_causes, read_statement
from shared.flows.rebuild_storeday import rebuild_storeday
from shared.flows.release_exceptions import release_exceptions
from shared.flows.trace_receipt import trace_receipt
from shared.pos.registry import ADAPTERS
from shared.retail.mapped import D365Key
from shared.retail.status import Status
from shared.services import Services
from shared.settings import Person
from shared.storage.audit import audit_of
from shared.storage.due import MAP, due_key
from shared.storage.mappings import import_rows
from shared.storage.protocols import Row
from shared.storage.receipts import advanced
from tests.unit.documents import call_of, paid_with, sale_document, shift_document, totals_of
from tests.unit.flow_services import SENDER, Hand, flow_services, run

DAY = date(2017, 12, 23)
FINANCE = frozenset({"finance"})
FIRST, SECOND = Person("First clerk", FINANCE, "1" * 64), Person("Second clerk", FINANCE, "2" * 64)
VOUCHER, PROPOSED = "tender_unmapped~VOUCHER", "write_off_proposed~S1"


async def _world(hand: Hand, d365: Any = None) -> Services:
    """A sale for cash and one for a voucher nobody has mapped, in one closed shift whose totals say 48.00."""
    services = await flow_services(hand, d365)
    totals = totals_of(2, "48.00", "40.00", "8.00", 1, 3)
    totals["tenders"] = [{"code": "CASH", "amount": "24.00"}, {"code": "VOUCHER", "amount": "24.00"}]
    documents = (
        sale_document(1, shift="1"), {**paid_with("VOUCHER", 2), "shift": "1"},
        shift_document(3, "SHIFT_CLOSE", "1", "2017-12-23T09:00:00-05:00", "2017-12-23T20:00:00-05:00", totals),
    )  # fmt: skip
    await ingest_transactions(services, SENDER, ADAPTERS["canonical"], call_of(*documents))
    await map_transactions(services, due_key(MAP, "S1", DAY))
    hand.turn(hours=16)
    return services


async def _row(services: Services, name: str = "T2") -> Row:
    row = await services.tables.transactions.read("S1", f"day~S1~2017-12-23~1~east~{name}")
    assert row is not None
    return row


async def _propose(services: Services, who: Person = FIRST, name: str = "T2") -> dict[str, Any]:
    found = await propose_write_off(services, "S1", "east", name, who, "a test receipt of the installer")
    assert found is not None
    return found


async def _decide(services: Services, who: Person, *, approve: bool = True) -> dict[str, Any]:
    found = await decide_write_off(services, "S1", "east", "T2", who, "seen the paper", approve=approve)
    assert found is not None
    return found


async def _open(services: Services) -> set[str]:
    return {one["fingerprint"] for one in await list_causes(services, "open", None)}


async def _statement(services: Services, hand: Hand) -> dict[str, Any]:
    hand.turn(minutes=5)
    await compile_statements(services)
    found = await read_statement(services, "S1", DAY)
    assert found is not None
    return found


async def _post(services: Services, name: str) -> None:
    row = await _row(services, name)
    etag = row.etag
    for status in (Status.SENDING, Status.SENT, Status.VALIDATED, Status.POSTED):
        row = advanced(row, status, services.now())
    await services.tables.transactions.replace(row.with_values(PostedAt=services.now()), etag)


def test_a_written_off_receipt_is_a_decided_difference_of_the_proof_and_the_sum_stays_exact() -> None:
    async def story() -> None:
        hand = Hand()
        services = await _world(hand)
        await _post(services, "T1")
        before = await _statement(services, hand)
        assert (before["totals"]["difference"], before["verdict"]) == ("24.00", "not proved")
        await _propose(services)
        held = await _statement(services, hand)
        assert [(one["code"], one["amount"]) for one in held["causes"]] == [("tender_unmapped", "24.00")]
        assert await _open(services) == {VOUCHER, PROPOSED}

        assert await _decide(services, SECOND) == {
            "transaction_id": "T2", "state": "written off", "proposed_by": "First clerk", "approved_by": "Second clerk",
        }  # fmt: skip
        after = await _statement(services, hand)
        (one,) = after["causes"]
        assert (one["code"], one["amount"], one["receipts"]) == ("written_off", "24.00", ["S1-1-0002"])
        assert one["decided"]["by"] == "Second clerk"
        assert one["decided"]["reason"] == (
            "a test receipt of the installer (proposed by First clerk; approved: seen the paper)"
        )
        assert (after["totals"]["difference"], after["unexplained"], after["verdict"]) == (
            "24.00",
            "0.00",
            "proved",
        )
        assert {one["code"]: one["difference"] for one in after["tenders"]} == {
            "CASH": "0.00",
            "VOUCHER": "24.00",
        }
        assert {one["code"]: one["unexplained"] for one in after["tenders"]} == {
            "CASH": "0.00",
            "VOUCHER": "0.00",
        }
        assert await _open(services) == set()

    run(story())


def test_nobody_approves_their_own_write_off() -> None:
    async def story() -> None:
        services = await _world(Hand())
        await _propose(services)
        for name in ("First clerk", " first clerk ", "FIRST CLERK"):
            with pytest.raises(ForbiddenError, match="their own") as refused:
                await _decide(services, Person(name, FINANCE, "3" * 64))
            assert refused.value.status == 403
        assert (await _row(services)).text("Status") == "held"
        decided = [row.text("Did") async for row in audit_of(services.tables.audit, "S1")]
        assert decided == ["proposed to write off T2 of east"]

    run(story())


def test_nobody_approves_their_own_write_off_under_a_name_that_they_were_given_since() -> None:
    async def story() -> None:
        services, object_id = await _world(Hand()), "12121212-3434-5656-7878-909090909090"
        await _propose(services, Person(f"person {object_id}", FINANCE, "", object_id))
        with pytest.raises(ForbiddenError, match="second person"):
            await _decide(services, Person("Third clerk", FINANCE, "", object_id))
        other = Person("Third clerk", FINANCE, "", object_id.replace("1212", "1213"))
        assert (await _decide(services, other))["approved_by"] == "Third clerk"

    run(story())


def test_both_decisions_are_written_down_and_asking_again_changes_nothing() -> None:
    async def story() -> None:
        services = await _world(Hand())
        first, again = await _propose(services), await _propose(services)
        assert first == again == {"transaction_id": "T2", "state": "proposed", "proposed_by": "First clerk"}
        with pytest.raises(RejectedError, match="proposed already"):
            await _propose(services, SECOND)
        assert await _decide(services, SECOND) == await _decide(services, SECOND)
        decided = [(row.text("Who"), row.text("Did")) async for row in audit_of(services.tables.audit, "S1")]
        assert decided == [
            ("First clerk", "proposed to write off T2 of east"),
            ("Second clerk", "approved to write off T2 of east, proposed by First clerk"),
        ]
        history = (await _row(services)).text("History").split("\n")
        assert history[-2].endswith("write-off proposed by First clerk: a test receipt of the installer")
        assert history[-1].endswith(
            "written off: proposed by First clerk, approved by Second clerk: seen the paper"
        )

    run(story())


def test_a_proposal_is_withdrawn_and_may_be_made_anew() -> None:
    async def story() -> None:
        services = await _world(Hand())
        with pytest.raises(RejectedError, match="nobody proposes"):
            await _decide(services, SECOND)
        await _propose(services)
        told = await _decide(services, FIRST, approve=False)
        assert (told["state"], told["proposed_by"]) == ("withdrawn", "First clerk")
        assert await _open(services) == {VOUCHER}
        with pytest.raises(RejectedError, match="nobody proposes"):
            await _decide(services, SECOND)
        await _propose(services, SECOND)
        assert (await _decide(services, FIRST))["approved_by"] == "First clerk"

    run(story())


def test_a_receipt_that_goes_on_meanwhile_takes_its_proposal_with_it() -> None:
    """Held anew for something else, the old proposal does not stand: it was made for another reason."""

    async def story() -> None:
        hand = Hand()
        services = await _world(hand)
        await _propose(services)
        rows = [{"item": "1001", "item_number": "", "unit": "ea"}]
        await import_rows(services.tables.mappings, "items", rows, who="x", reason="y", at=hand())
        rows = [{"store": "*", "tender": "VOUCHER", "payment_method": "1"}]
        await import_rows(services.tables.mappings, "tenders", rows, who="x", reason="y", at=hand())
        hand.turn(minutes=1)
        await release_exceptions(services, VOUCHER, FIRST, "mapped", map_day=map_transactions)
        assert (await _row(services)).text("CauseValue") == "1001"
        assert await _open(services) == {"item_unmapped~1001"}
        with pytest.raises(RejectedError, match="nobody proposes"):
            await _decide(services, SECOND)

    run(story())


def test_a_release_tells_of_a_proposal_that_was_made_since_its_preview() -> None:
    async def story(hand: Hand) -> None:
        services = await _world(hand)
        rows = [{"store": "*", "tender": "VOUCHER", "payment_method": "1"}]
        await import_rows(services.tables.mappings, "tenders", rows, who="x", reason="y", at=hand())
        before = await preview_release(services, VOUCHER, map_transactions)
        assert before is not None
        await _propose(services)
        with pytest.raises(AnotherWasFirstError) as refused:
            await release_exceptions(
                services, VOUCHER, SECOND, "mapped", seen=before["hash"], map_day=map_transactions
            )
        assert refused.value.changes == ("proposed to be written off: 0, now 1",)
        now = await preview_release(services, VOUCHER, map_transactions)
        assert now is not None
        assert now["proposed_to_be_written_off"] == {"receipts": 1, "amounts": {"USD": "24.00"}}

    run(story(Hand()))


def test_a_receipt_that_turns_out_to_be_the_new_tills_leaves_no_proposal_behind() -> None:
    """Under its new name it is judged anew, and held for what it was held for; nobody is asked for a receipt that is gone."""

    async def story() -> None:
        services = await _world(Hand())
        await _propose(services)
        assert await _open(services) == {VOUCHER, PROPOSED}
        since = datetime.fromisoformat("2017-12-23T08:00:00-05:00")
        await declare_terminal(services, "S1", "1", DAY, since, FIRST, "it broke in the night")
        await map_transactions(services, due_key(MAP, "S1", DAY))
        assert await _open(services) == {VOUCHER}

    run(story())


def test_a_proposal_is_no_cause_to_release_and_does_not_end_by_itself() -> None:
    async def story() -> None:
        hand = Hand()
        services = await _world(hand)
        await _propose(services)
        with pytest.raises(RejectedError, match="approving or withdrawing"):
            await release_exceptions(services, PROPOSED, SECOND, "let it go", map_day=map_transactions)
        hand.turn(hours=8)
        await end_empty_causes(services)
        assert await _open(services) == {VOUCHER, PROPOSED}
        assert (await _decide(services, SECOND))["state"] == "written off"

    run(story())


def test_only_what_is_held_is_written_off() -> None:
    async def story() -> None:
        services = await _world(Hand())
        with pytest.raises(RejectedError, match="only a receipt that is held"):
            await _propose(services, name="T1")
        assert await propose_write_off(services, "S1", "east", "T99", FIRST, "so") is None

    run(story())


class D365:
    """D365 as somebody is asked about keys."""

    def __init__(self, there: Sequence[str], error: Exception | None = None) -> None:
        self.there, self.error = set(there), error
        self.asked: list[str] = []

    async def headers_by_key(self, keys: Sequence[D365Key]) -> list[object]:
        if self.error is not None:
            raise self.error
        self.asked += [one.transaction_number for one in keys]
        return [one for one in keys if one.transaction_number in self.there]


async def _was_in_a_package(services: Services) -> None:
    row = await _row(services)
    frozen = {"LegalEntity": "usrt", "OperatingUnit": "052", "Register": "HOUSTON-1", "D365Number": "east:T2"}
    await services.tables.transactions.replace(row.with_values(**frozen), row.etag)


def test_what_was_in_a_package_is_asked_about_at_the_proposal_and_at_the_approval() -> None:
    async def story() -> None:
        d365 = D365([])
        services = await _world(Hand(), d365)
        await _was_in_a_package(services)
        await _propose(services)
        d365.there.add("east:T2")  # somebody typed it in meanwhile
        with pytest.raises(RejectedError, match="D365 has this receipt"):
            await _decide(services, SECOND)
        d365.there.clear()
        d365.error = RetryableError("no answer")
        with pytest.raises(D365NotNowError):
            await _decide(services, SECOND)
        assert (await _row(services)).text("Status") == "held"
        d365.error = None
        assert (await _decide(services, SECOND))["state"] == "written off"
        assert d365.asked == ["east:T2"] * 3

    run(story())


def test_month_end_names_what_was_written_off_and_waits_for_what_is_only_proposed() -> None:
    async def story() -> None:
        hand = Hand()
        services = await _world(hand)
        await _post(services, "T1")
        await _propose(services)
        await _statement(services, hand)
        report = await check_readiness(services, "usrt", "2017-12-23..2017-12-23")
        assert report is not None
        kinds = {(one.kind, str(one.amount)) for one in report.readiness.blockers}
        assert ("not posted", "24.00") in kinds
        assert "Receipts of store S1 are proposed to be written off." in {
            one.what for one in report.readiness.blockers
        }
        await _decide(services, SECOND)
        await _statement(services, hand)
        report = await check_readiness(services, "usrt", "2017-12-23..2017-12-23")
        assert report is not None
        assert not {one.kind for one in report.readiness.blockers} & {
            "not posted",
            "open cause",
            "store-day not proved",
        }
        assert (
            "1 receipts of 24.00 USD are written off by decision: no ledger has them, and no accrual (S1 2017-12-23)."
            in report.readiness.notes
        )

    run(story())


def test_rebuilding_finds_the_same_and_names_a_write_off_that_nobody_decided() -> None:
    async def story() -> None:
        hand = Hand()
        services = await _world(hand)
        await _propose(services)
        await _decide(services, SECOND)
        await _statement(services, hand)
        hand.turn(minutes=5)
        await compile_statements(services)
        report = await rebuild_storeday(services, "S1", DAY)
        assert report.findings == ()
        (trail,) = await trace_receipt(services, "S1", DAY, "S1-1-0002")
        assert trail["write_off"]["proposed_by"] == "First clerk"
        assert trail["write_off"]["approved_by"] == "Second clerk"
        row = await _row(services)
        await services.tables.transactions.replace(row.with_values(WrittenOffBy="Carl"), row.etag)
        report = await rebuild_storeday(services, "S1", DAY)
        assert [one.field for one in report.findings if one.what == "receipt"] == ["write-off"]

    run(story())

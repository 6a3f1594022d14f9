"""Erasing at request: what is refused, that a death anywhere leaves nothing half done, and that nothing comes back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from shared.errors import RejectedError
from shared.flows.erase_personal import Wanted, erase_personal
from shared.flows.find_personal import find_personal
from shared.flows.ingest_transactions import ingest_transactions
from shared.flows.posting.kept import read_kept
from shared.flows.verify_audit import verify_audit
from shared.pos.registry import ADAPTERS
from shared.retail.completeness import Decision
from shared.retail.reasons import cause
from shared.services import Services
from shared.storage.causes import cause_row, fingerprint_of, receipt_member
from shared.storage.corrections import correction_of
from shared.storage.protocols import Insert, Replace, Row
from shared.storage.receipts import identity_key
from shared.storage.tasks import head_key
from tests.contract.test_erasure import everything
from tests.unit.builders import DAY
from tests.unit.documents import call_of, sale_document
from tests.unit.flow_services import DESK, SENDER, Hand, flow_services, run

TEXT = "engraved for Antonia"
WANTED = [Wanted("S1", "east", "T1")]
WHY = "request 17"


class DiedError(BaseException):
    """The process went away."""


def personal(number: int = 1, text: str = TEXT, **changes: Any) -> dict[str, Any]:
    document = sale_document(number, **changes)
    document["lines"][0]["description"] = text
    return document


async def arrive(services: Services, *documents: dict[str, Any]) -> list[str]:
    found = await ingest_transactions(services, SENDER, ADAPTERS["canonical"], call_of(*documents))
    return [one.verdict for one in found]


async def row_of(services: Services, name: str = "T1") -> Row:
    identity = await services.tables.transactions.read("S1", identity_key("S1", "east", name))
    assert identity is not None
    row = await services.tables.transactions.read("S1", identity.text("DayKey"))
    assert row is not None
    return row


async def posted(services: Services, name: str = "T1", status: str = "posted", **more: Any) -> Row:
    """Let a receipt be where it goes, without a D365."""
    row = await row_of(services, name)
    at_rest = row.with_values(
        Status=status, History=f"{row.text('History')}\n2017-12-23T19:00:00Z {status}", **more
    )
    await services.tables.transactions.replace(at_rest, row.etag)
    return await row_of(services, name)


async def erase(
    services: Services,
    wanted: Sequence[Wanted] = WANTED,
    *,
    operator: bool = False,
    check: bool = False,
    why: str = WHY,
) -> list[str]:
    done = await erase_personal(services, DESK, why, wanted, operator=operator, check=check)
    return [one["outcome"] for one in done["receipts"]]


async def a_receipt_with_everything(services: Services) -> None:
    """Posted, with a second version beside it and a cause that repeats what it says."""
    await arrive(services, personal())
    await arrive(services, personal(receipt_number="another"))
    row = await posted(services)
    why = cause("cannot_be_read", "S1", problem=f"lines[0].description: found {TEXT}")
    await services.tables.causes.upsert(cause_row(why, receipt_member(row), services.now()))
    fingerprint = fingerprint_of(why)
    told = {"Record": "head", "Fingerprint": fingerprint, "Active": True, "WhatHappened": f"found {TEXT}"}
    await services.tables.tasks.upsert(Row("causes", head_key(fingerprint), told))
    noted = row.with_values(
        History=f"{row.text('History')}\n2017-12-23T19:00:00Z posted: said {TEXT} at the till"
    )
    await services.tables.transactions.replace(noted, row.etag)


@pytest.mark.parametrize("after", [False, True])
def test_a_death_before_or_after_any_write_leaves_the_same_when_it_is_asked_again(after: bool) -> None:
    async def story(death: int) -> bool:
        """Die at the write of that number, ask again; say whether there was such a write."""
        hand, counts = Hand(), {"writes": 0, "armed": False}

        async def hook(kind: str, _: str) -> None:
            if not counts["armed"] or kind in ("read", "query"):
                return
            counts["writes"] += 1
            if counts["writes"] == death:
                counts["armed"] = False
                raise DiedError

        services = await flow_services(hand, before_effect=None if after else hook)
        if after:
            for name in ("transactions", "audit", "causes", "tasks"):
                table: Any = getattr(services.tables, name)
                table.after_effect = hook
        await a_receipt_with_everything(services)
        counts["armed"] = True
        try:
            await erase(services)
        except DiedError:
            died = True
        else:
            died = False
        counts["armed"] = False
        before = await everything(services)
        assert (TEXT in before) == died or after
        await erase(services)
        left = await everything(services)
        assert TEXT not in left
        assert left.count("said [erased] at the till") == 1
        assert await erase(services) == ["nothing left to erase"]
        assert await everything(services) == left
        assert all(one.broken is None for one in await verify_audit(services))
        return died

    deaths = 0
    while run(story(deaths + 1)):
        deaths += 1
    assert (
        deaths == 4
    )  # the decision, what the cause tells, what it tells of the receipt, the receipt with its second version


def test_a_receipt_on_its_way_stays_whole_and_one_that_is_nowhere_is_named() -> None:
    async def story() -> None:
        services = await flow_services(Hand())
        await arrive(services, personal())
        before = await everything(services)
        assert await erase(services) == ["still on its way"]
        assert (
            await erase(services, [Wanted("S1", "east", "T9"), Wanted("S9", "east", "T1")])
            == ["not known here"] * 2
        )
        assert await everything(services) == before

    run(story())


@pytest.mark.parametrize("status", ["sent", "validated", "posted", "reversed", "excluded", "written off"])
def test_wherever_a_receipt_rests_it_can_be_erased(status: str) -> None:
    async def story() -> None:
        services = await flow_services(Hand())
        await arrive(services, personal())
        await posted(services, status=status)
        assert await erase(services, check=True) == ["would be erased"]
        assert TEXT in await everything(services)
        assert await erase(services) == ["erased"]
        assert TEXT not in await everything(services)

    run(story())


def test_a_reason_that_repeats_what_goes_is_refused_before_anything_is_written() -> None:
    async def story() -> None:
        services = await flow_services(Hand())
        await arrive(services, personal(text="Antonia Marlowe"))
        await posted(services)
        before = await everything(services)
        with pytest.raises(RejectedError, match="keep it for ever"):
            await erase(services, why="letter of antonia  MARLOWE of 3 December")
        assert await everything(services) == before
        assert await erase(services, why="letter 3 of December") == ["erased"]

    run(story())


def test_reversal_and_replacement_hold_the_same_document_and_are_erased_with_it() -> None:
    async def story() -> None:
        services = await flow_services(Hand())
        await arrive(services, personal())
        codes = {"LegalEntity": "usrt", "OperatingUnit": "052", "Register": "NY01-1", "D365Number": "east:T1",
                 "MappingVersion": 7, "ShiftNumber": 1}  # fmt: skip
        row = await posted(services, **codes)
        identity = await services.tables.transactions.read("S1", identity_key("S1", "east", "T1"))
        transaction = read_kept(row)
        assert identity is not None
        assert transaction is not None
        decided = Decision("reversal", "a person", "finance", "wrong tender", services.now().isoformat())
        made = correction_of(row, identity, transaction, DAY, decided, with_replacement=True)
        marks = [Replace(one, one.etag) for one in made.marked]
        await services.tables.transactions.write_group([*map(Insert, made.new), *marks])
        for name in ("T1.rev", "T1.new"):
            await posted(services, name)
        for asked in ("T1", "T1.new", "T1.rev"):
            table = services.tables.transactions
            copies = [
                one
                async for one in table.query("S1")
                if TEXT in str(read_kept(one) if "Document" in one.values else "")
            ]
            assert len(copies) == (3 if asked == "T1" else 0)
            assert await erase(services, [Wanted("S1", "east", asked)]) == (
                ["erased"] if asked == "T1" else ["nothing left to erase"]
            )
        assert TEXT not in await everything(services)
        # A correction that is made after the erasing says so itself, and what arrives under its name brings nothing back.
        again = correction_of(
            await row_of(services), identity, transaction, DAY, decided, with_replacement=False
        )
        assert [one.text("ErasedBy") for one in again.new] == [DESK.name, DESK.name]
        assert again.new[0].text("ErasedHash") == again.new[0].text("ContentHash")

    run(story())


def test_the_cashier_goes_where_asked_but_not_where_a_statement_names_them() -> None:
    async def story() -> None:
        services = await flow_services(Hand())
        await arrive(services, personal(1, operator="0817"), personal(2, operator="0817"))
        await posted(services, "T1")
        await posted(services, "T2", NoReceipt="-12.00")
        both = [*WANTED, Wanted("S1", "east", "T2")]
        await erase(services, both)
        assert [(await row_of(services, one)).text("Operator") for one in ("T1", "T2")] == ["0817", "0817"]
        assert await erase(services, both, operator=True) == ["erased", "erased"]
        assert [(await row_of(services, one)).text("Operator") for one in ("T1", "T2")] == ["", "0817"]
        assert await erase(services, both, operator=True) == ["nothing left to erase"] * 2
        assert await arrive(services, personal(1, operator="0817")) == ["duplicate"]

    run(story())


def test_a_later_revision_of_what_the_till_had_not_finished_is_kept_without_the_person() -> None:
    async def story() -> None:
        services = await flow_services(Hand())
        await arrive(services, personal(status="SUSPENDED", revision="1"))
        await posted(services, status="excluded")
        assert await erase(services) == ["erased"]
        assert await arrive(services, personal(text="now for Beatrix", revision="2")) == ["accepted"]
        row = await row_of(services)
        assert (row.text("Status"), row.text("Total"), row.text("Revision")) == ("received", "24.00", "2")
        left = await everything(services)
        assert "Beatrix" not in left
        assert TEXT not in left
        assert await arrive(services, personal(text="now for Beatrix", revision="2")) == ["duplicate"]

    run(story())


def test_a_second_version_that_is_written_while_the_first_is_erased_is_erased_behind_it() -> None:
    async def story() -> None:
        hand, under_way = Hand(), {"at": False}
        services = await flow_services(hand)
        await arrive(services, personal())
        await posted(services)
        table: Any = services.tables.transactions

        async def meanwhile(kind: str, _: str) -> None:
            if kind == "insert" and not under_way["at"]:
                under_way["at"] = True
                assert await erase(services) == ["erased"]

        table.before_effect = meanwhile
        assert await arrive(services, personal(text="now for Beatrix", receipt_number="another")) == [
            "conflict"
        ]
        assert under_way["at"]
        left = await everything(services)
        assert "Beatrix" not in left
        assert TEXT not in left
        assert "another" in left

    run(story())


def test_what_is_kept_of_a_person_is_found_by_a_whole_number_in_a_stretch_of_days() -> None:
    async def story() -> None:
        services = await flow_services(Hand())
        extra = {"order": "5123", "customer_number": "K-9"}
        await arrive(services, personal(1, extra=extra), personal(2, extra={"order": "51234"}))
        found = await find_personal(services, "east", ["5123"], DAY, DAY, [])
        assert [one["transaction_id"] for one in found["receipts"]] == ["T1"]
        assert found["receipts"][0]["kept"] == {
            "lines[0].description": TEXT, "extra.order": "5123", "extra.customer_number": "K-9",
        }  # fmt: skip
        assert (await find_personal(services, "west", ["5123"], DAY, DAY, []))["receipts"] == []
        with pytest.raises(RejectedError, match="days"):
            await find_personal(services, "east", ["5123"], DAY, DAY.replace(year=2019), [])

    run(story())


def test_serial_numbers_that_d365_was_sent_are_named_in_the_answer() -> None:
    async def story() -> None:
        services = await flow_services(Hand())
        document = personal(operator="0817")
        document["lines"][0]["serial"] = "SN-31"
        await arrive(services, document)
        await posted(services, D365Number="east:T1", LegalEntity="usrt", Register="NY01-1", D365Gross="24.00")
        done = await erase_personal(services, DESK, WHY, WANTED, operator=False, check=True)
        assert done["receipts"][0]["in_d365"] == [
            {
                "legal_entity": "usrt", "register": "NY01-1", "number": "east:T1",
                "holds": ["Staff 0817", "SerialNumber SN-31 on line 1"],
            }
        ]  # fmt: skip
        assert "SN-31" in json.dumps(done)

    run(story())

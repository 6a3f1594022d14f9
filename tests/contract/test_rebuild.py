"""A traded day, derived again from its sources, is the same byte for byte; whatever was altered is named."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from scripts.rebuild import main, rebuild_and_tell
from shared.flows.compile_statements import compile_statements
from shared.flows.ingest_transactions import ingest_transactions
from shared.flows.rebuild_storeday import Report, list_store_days, rebuild_storeday
from shared.pos.registry import ADAPTERS
from shared.storage.memory import memory_tables
from shared.storage.protocols import Row, Upsert
from shared.storage.receipts import document_of, document_values
from shared.storage.statements import statement_key, statement_text
from tests.contract.posting_world import ENVIRONMENT, PostingWorld, posting_world
from tests.unit.builders import DAY
from tests.unit.documents import call_of, paid_with, sale_document, shift_document, totals_of
from tests.unit.flow_services import SENDER, run

MORNING, EVENING = "2017-12-23T08:00:00-05:00", "2017-12-23T20:00:00-05:00"


async def a_day(world: PostingWorld) -> None:
    """Three sales within a shift, one held, one that came again changed, one in training: posted and compiled."""
    totals = totals_of(3, "72.00", "60.00", "12.00", 2, 4)
    await world.send(
        shift_document(1, "SHIFT_OPEN", "1", MORNING),
        *(sale_document(number, shift="1") for number in (2, 3, 4)),
        paid_with("VOUCHER", 5),
        sale_document(6, training=True),
    )
    changed = sale_document(3, shift="1", receipt_number="another")
    await ingest_transactions(world.services, SENDER, ADAPTERS["canonical"], call_of(changed))
    world.hand.turn(hours=8)
    await world.send(shift_document(7, "SHIFT_CLOSE", "1", MORNING, EVENING, totals))
    await world.drive_until("posted", "held", "excluded", beat_minutes=10)
    world.hand.turn(hours=12)
    for _ in range(3):
        await compile_statements(world.services)
        world.hand.turn(minutes=5)


async def rebuilt(world: PostingWorld) -> Report:
    return await rebuild_storeday(world.services, "S1", DAY)


def told(report: Report) -> set[str]:
    return {f"{one.what} | {one.field}" for one in report.findings}


async def receipt_row(world: PostingWorld, name: str) -> Row:
    return (await world.receipts())[name]


async def altered_document(world: PostingWorld) -> None:
    row = await receipt_row(world, "T2")
    document = document_of(row).replace(b'"30.00"', b'"30.01"')
    await world.services.tables.transactions.upsert(row.with_values(**document_values(document)))


async def damaged_document(world: PostingWorld) -> None:
    row = await receipt_row(world, "T2")
    kept = bytearray(row.data("Document"))
    kept[len(kept) // 2] ^= 1
    await world.services.tables.transactions.upsert(row.with_values(Document=bytes(kept)))


async def column(world: PostingWorld, name: str, value: Any) -> None:
    row = await receipt_row(world, "T2")
    await world.services.tables.transactions.upsert(row.with_values(**{name: value}))


async def altered_statement(world: PostingWorld) -> None:
    table = world.services.tables.statements
    row = await table.read("S1", statement_key("S1", DAY))
    assert row is not None
    text = statement_text(row).replace('"received":"72.00"', '"received":"73.00"')
    await table.upsert(row.with_values(Statement0=zlib.compress(text.encode())))


async def altered_package(world: PostingWorld, name: str, value: str) -> None:
    row = (await world.packages())[0]
    await world.services.tables.packages.upsert(row.with_values(**{name: value}))


async def altered_shift(world: PostingWorld) -> None:
    (row,) = [one async for one in world.services.tables.shifts.query("S1") if one.text("Record") == "shift"]
    await world.services.tables.shifts.upsert(row.with_values(LastSequence=5))


async def altered_identity(world: PostingWorld) -> None:
    row = await world.services.tables.transactions.read("S1", "id~S1~east~T2")
    assert row is not None
    await world.services.tables.transactions.upsert(row.with_values(ContentHash="h1:0"))


async def altered_storeday(world: PostingWorld) -> None:
    (row,) = [one async for one in world.services.tables.storedays.query()]
    await world.services.tables.storedays.upsert(row.with_values(Posted="0.00"))


ALTERATIONS: dict[str, tuple[Callable[[PostingWorld], Awaitable[None]], str]] = {
    "a byte of a document": (altered_document, "receipt | kept document (SHA-256)"),
    "a damaged document": (damaged_document, "receipt | kept document"),
    "the figures of a receipt": (
        lambda world: column(world, "Figures", '[1,"25.00","20.00","0","0","0","0",{},{}]'), "receipt | Figures",
    ),
    "the total of a receipt": (lambda world: column(world, "Total", "24.01"), "receipt | Total"),
    "the content hash": (lambda world: column(world, "ContentHash", "h1:0"), "receipt | ContentHash"),
    "the identity": (altered_identity, "identity of receipt | ContentHash"),
    "the key in D365": (lambda world: column(world, "Register", "NY01-2"), "receipt | Register"),
    "D365's answer": (lambda world: column(world, "D365Gross", "-25"), "receipt | D365Gross, as D365 answered"),
    "the status": (lambda world: column(world, "Status", "sent"), "receipt | status"),
    "the shift": (altered_shift, "shift | LastSequence"),
    "a figure of the statement": (altered_statement, "statement | tenders"),
    "the store-day's line": (altered_storeday, "store-day | Posted"),
    "the package's bytes": (lambda world: altered_package(world, "Sha256", "0" * 64), "package | Sha256"),
    "the package's control totals": (lambda world: altered_package(world, "Control", "{}"), "package | Control"),
}  # fmt: skip


def test_an_untouched_day_is_the_same_again_and_each_alteration_is_named(tmp_path: Path) -> None:
    async def story() -> None:
        async with posting_world(tmp_path) as world:
            await a_day(world)
            statuses = await world.statuses()
            assert statuses == {
                "T1": "excluded", "T2": "posted", "T3": "posted", "T4": "posted", "T5": "held", "T6": "excluded",
                "T7": "excluded",
            }  # fmt: skip
            report = await rebuilt(world)
            assert report.findings == ()
            assert report.not_compared == ()
            assert (report.receipts, report.packages) == (7, len(await world.packages()))
            assert await list_store_days(world.services) == [("S1", DAY)]
            for name, (alter, finding) in ALTERATIONS.items():
                spoilt = await copied(world)
                await alter(spoilt)
                found = await rebuilt(spoilt)
                assert finding in told(found), (name, found.findings)
                if finding.startswith("receipt"):
                    assert "S1-1-0002 (east T2) of store S1, 2017-12-23, till 1" in found.findings[0].name
            assert (await rebuilt(world)).findings == ()

    run(story())


async def copied(world: PostingWorld) -> PostingWorld:
    """Give the same world over a copy of its tables."""
    tables = memory_tables(world.hand)
    with world.looking():
        for name in (
            "transactions",
            "due",
            "packages",
            "shifts",
            "statements",
            "storedays",
            "audit",
            "mappings",
        ):
            async for row in getattr(world.services.tables, name).query():
                await getattr(tables, name).write_group([Upsert(row)])
    return replace(world, services=replace(world.services, tables=tables))


@pytest.mark.parametrize("gone", ["package~", "members~"])
def test_a_package_that_is_gone_is_named(gone: str, tmp_path: Path) -> None:
    async def story() -> None:
        async with posting_world(tmp_path) as world:
            await world.send(sale_document(1))
            await world.drive_until("posted")
            table = world.services.tables.packages
            for row in [one async for one in table.query(ENVIRONMENT) if one.key.startswith(gone)]:
                await table.delete(row.partition, row.key)
            assert any(one.what == "package" for one in (await rebuilt(world)).findings)

    run(story())


def test_the_command_tells_what_differs_and_ends_with_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def story() -> tuple[int, int, int]:
        async with posting_world(tmp_path) as world:
            await world.send(sale_document(2))
            await world.drive_until("posted")
            before = await rebuild_and_tell(world.services, "S1", DAY)
            every = await rebuild_and_tell(world.services, None, None)
            await altered_document(world)
            return before, every, await rebuild_and_tell(world.services, None, None)

    assert asyncio.run(story()) == (0, 0, 1)
    told = capsys.readouterr().out
    assert "1 store-days, 1 receipts, 1 packages derived again: no differences" in told
    assert "receipt S1-1-0002 (east T2) of store S1, 2017-12-23, till 1: kept document (SHA-256) is" in told
    assert "not compared: statement: no statement was compiled yet" in told


@pytest.mark.parametrize("words", [[], ["--store", "1"], ["--day", "2017-12-23"], ["--all", "--store", "1"]])
def test_the_command_is_told_what_to_rebuild(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(words)
    assert "give --store and --day, or --all" in capsys.readouterr().err

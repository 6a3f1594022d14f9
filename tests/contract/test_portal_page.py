"""docs/portal.md is true: its filters find what they say over real rows, its tables and queues are there, its doorbell rings."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import pytest

from scripts.runbook import Step, steps_of
from shared.flows.compile_statements import compile_statements
from shared.flows.import_mapping import import_mapping
from shared.flows.keep_given_up import keep_given_up
from shared.flows.release_exceptions import release_exceptions
from shared.flows.run_checks import keep_checks
from shared.settings import Person
from shared.storage.due import read_doorbell
from shared.storage.filters import filter_text
from shared.storage.protocols import Condition, Row
from shared.storage.tables import DEAD_LETTERS, POISON_SUFFIX, QUEUE_NAMES, TABLE_NAMES
from tests.contract.posting_in_process import posting_in_process
from tests.contract.posting_world import PostingWorld
from tests.contract.runbook_rules import mistakes_of
from tests.unit.documents import paid_with, sale_document, shift_document
from tests.unit.flow_services import run

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "portal.md").read_text(encoding="utf-8")
FILTERS = [one for one in steps_of(PAGE) if one.place == "odata"]
COMPARISON = re.compile(r"(\w+) (eq|ne|gt|ge|lt|le) ('(?:[^']|'')*'|datetime'[^']+'|\d+L|true|false)")
PERSON = Person("finance desk", frozenset({"finance", "retail_systems"}), "")


def conditions(text: str) -> tuple[Condition, ...]:
    """Read a filter of the page; refuse one that is more than comparisons joined by and."""
    found = COMPARISON.findall(text)
    assert text == " and ".join(" ".join(one) for one in found), text
    return tuple(Condition(name, op, value_of(literal)) for name, op, literal in found)


def value_of(literal: str) -> str | int | bool | datetime:
    if literal.startswith("datetime"):
        return datetime.fromisoformat(literal[9:-1])
    if literal.startswith("'"):
        return literal[1:-1].replace("''", "'")
    return literal == "true" if literal in ("true", "false") else int(literal[:-1])


async def a_world_with_troubles(world: PostingWorld) -> None:
    """Two receipts sent, one held by a tender nobody mapped, a shift nobody closed, the day compiled, a check kept."""
    opening = shift_document(8, "SHIFT_OPEN", "A", "2017-12-23T09:00:00-05:00")
    await world.send(
        opening, sale_document(1, shift="A"), paid_with("KLARNA", 2), sale_document(3, shift="A")
    )
    await world.drive(30, jobs=False)
    await keep_given_up(world.services, "mapping-due", "what no app of ours wrote")
    csv = b"store,tender,payment_method\n*,VISA,2\n"
    await import_mapping(world.services, "tenders", csv, PERSON, "a card")
    await release_exceptions(
        world.services, "tender_unmapped~KLARNA", PERSON, "too early: nobody has mapped it"
    )
    await world.deliver()
    world.hand.turn(hours=14)
    await compile_statements(world.services)
    await keep_checks(world.services, "daily", "usrt", "2017-12-23", PERSON, "")
    await world.services.tables.due.upsert(await overdue(world))


async def overdue(world: PostingWorld) -> Row:
    row = next(
        iter([row async for row in world.services.tables.due.query("due") if row.text("Stage") == "track"])
    )
    return Row("due", "post~S1~2017-12-23", {**row.values, "Stage": "post"})


def matches(row: Row, wanted: Sequence[Condition]) -> bool:
    own = {**row.values, "PartitionKey": row.partition, "RowKey": row.key}
    ways = {
        "eq": lambda a, b: a == b, "ne": lambda a, b: a != b, "gt": lambda a, b: a > b, "ge": lambda a, b: a >= b,
        "lt": lambda a, b: a < b, "le": lambda a, b: a <= b,
    }  # fmt: skip
    return all(
        type(own.get(one.name)) is type(one.value) and ways[one.op](own[one.name], one.value)
        for one in wanted
    )


def test_every_filter_of_the_page_finds_rows_and_is_written_as_the_app_writes_filters() -> None:
    assert len(FILTERS) >= 18

    async def story() -> None:
        async with posting_in_process() as world:
            await a_world_with_troubles(world)
            for one in FILTERS:
                wanted = conditions(one.text)
                plain = tuple(each for each in wanted if each.name not in ("PartitionKey", "RowKey"))
                assert filter_text(where=plain) in one.text
                table = getattr(world.services.tables, one.role)
                rows = [row async for row in table.query()]
                found = [row for row in rows if matches(row, wanted)]
                assert found, f"{one.role}: {one.text} finds nothing"
                assert (
                    len(wanted) > 1 or len(found) < len(rows) or one.role in ("causes", "audit", "storedays")
                )

    run(story())


def test_the_page_names_every_table_and_every_queue_and_no_other() -> None:
    assert {one.role for one in FILTERS} <= set(TABLE_NAMES)
    tables = PAGE.partition("| table |")[2].partition("\n\n")[0]
    named = {
        name
        for row in re.findall(r"^\| (`[^|]+) \|", tables, flags=re.MULTILINE)
        for name in re.findall(r"`([a-z]+)`", row)
    }
    assert named == set(TABLE_NAMES)
    queues = PAGE.partition("| queue |")[2].partition("\n\n")[0]
    told = {
        name
        for row in re.findall(r"^\| (`[^|]+) \|", queues, flags=re.MULTILINE)
        for name in re.findall(r"`([a-z-]+)`", row)
    }
    assert told == {*QUEUE_NAMES, *(name + POISON_SUFFIX for name in QUEUE_NAMES), DEAD_LETTERS}


def test_the_doorbell_of_the_page_names_a_due_row() -> None:
    (doorbell,) = [one.text for one in steps_of(PAGE) if one.place == "doorbell"]
    assert read_doorbell(doorbell) == "map~S1~2017-12-23"


@pytest.mark.parametrize(
    "step", [one for one in steps_of(PAGE) if one.place == "http"], ids=lambda one: one.text
)
def test_the_calls_of_the_page_are_there(step: Step) -> None:
    assert mistakes_of(step, "finance") == []

"""Decisions are chained: whatever is altered, taken away or put in is found, by its number."""

from __future__ import annotations

import asyncio
import hashlib
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from scripts.verify_audit import note_of, read_noted, tell
from shared.errors import UnknownOutcomeError
from shared.flows.verify_audit import read_audit, verify_audit
from shared.retail.audit_chain import Entry, Verified
from shared.storage.audit import HEAD_GONE, append_audit, audit_of, verify_area
from shared.storage.memory import MemoryTable
from shared.storage.protocols import Row
from tests.unit.flow_services import Hand, flow_services, run

AT = datetime(2017, 12, 23, 18, 0, tzinfo=UTC)


def _table(**hooks: Any) -> MemoryTable:
    return MemoryTable("audit", lambda: AT, **hooks)


async def _decide(table: MemoryTable, number: int, area: str = "S1") -> None:
    await append_audit(
        table, area, AT + timedelta(minutes=number), who=f"person {number}", did=f"did {number}",
        reason="it had to be", evidence="",
    )  # fmt: skip


async def _chain(count: int = 6) -> MemoryTable:
    table = _table()
    for number in range(1, count + 1):
        await _decide(table, number)
    return table


def _key(number: int) -> str:
    return f"S1~n{number:010d}"


def _broken(found: Verified) -> tuple[int, str] | None:
    return (found.broken.number, found.broken.what) if found.broken is not None else None


async def _put(table: MemoryTable, row: Row) -> None:
    await table.upsert(row)


async def _row(table: MemoryTable, number: int) -> Row:
    row = await table.read("S1", _key(number))
    assert row is not None
    return row


def test_a_decision_is_kept_with_who_what_when_why_and_on_what_evidence() -> None:
    async def story() -> list[dict[str, Any]]:
        table = _table()
        await append_audit(
            table, "S1", AT, who="A. Finance", did="signed the statement off", reason="agrees", evidence="abc"
        )
        return [dict(row.values) async for row in audit_of(table, "S1")]

    (row,) = run(story())
    assert (row["Who"], row["Did"], row["Reason"], row["Evidence"]) == (
        "A. Finance", "signed the statement off", "agrees", "abc",
    )  # fmt: skip
    assert (row["At"], row["Number"]) == (AT, 1)


def test_the_hash_of_a_decision_is_the_one_that_is_computed_by_hand() -> None:
    entry = Entry("S1", 7, "ff", "A", "did", "why", "on what", AT, "t0")
    text = '["S1",7,"ff","A","did","why","on what","2017-12-23T18:00:00.000000+00:00","t0",""]'
    assert entry.hash == hashlib.sha256(text.encode()).hexdigest()


def test_an_untouched_chain_is_unbroken() -> None:
    async def story() -> Verified:
        return await verify_area(await _chain(), "S1")

    found = run(story())
    assert (found.decisions, found.before_the_chain, found.broken) == (6, 0, None)
    assert found.head is not None
    assert found.head.number == 6


@pytest.mark.parametrize("number", [1, 2, 3, 4, 5, 6])
@pytest.mark.parametrize(
    "change",
    [
        {"Who": "somebody else"}, {"Did": "nothing"}, {"Reason": ""}, {"Evidence": "other"},
        {"At": AT - timedelta(days=1)}, {"Previous": "0" * 64}, {"Hash": "0" * 64}, {"Number": 99}, {"Area": "S2"},
        {"Token": "x"}, {"Note": "so"}, {"Who": 5}, {"Record": "head"}, {"Record": None}, {"Record": 1}, {"Approved": "by me"},
    ],
    ids=lambda one: f"{next(iter(one))} {next(iter(one.values()))}"[:24],
)  # fmt: skip
def test_one_altered_decision_is_found_at_its_number(number: int, change: dict[str, Any]) -> None:
    async def story() -> Verified:
        table = await _chain()
        await _put(table, (await _row(table, number)).with_values(**change))
        return await verify_area(table, "S1")

    assert _broken(run(story())) == (number, "it was altered")


@pytest.mark.parametrize("number", [1, 2, 3, 4, 5, 6])
def test_one_decision_that_was_taken_away_is_found_at_its_number(number: int) -> None:
    async def story() -> Verified:
        table = await _chain()
        await table.delete("S1", _key(number))
        return await verify_area(table, "S1")

    assert _broken(run(story())) == (number, "it is gone")


@pytest.mark.parametrize("number", [1, 2, 3, 4, 5, 6])
def test_one_decision_that_was_written_anew_with_its_hash_is_found_at_its_number(number: int) -> None:
    """Whoever knows how the hash is made writes it anew as well: its neighbours give it away."""

    async def story() -> Verified:
        table = await _chain()
        row = await _row(table, number)
        forged = Entry(
            "S1", number, row.text("Previous"), "somebody else", row.text("Did"), row.text("Reason"),
            "", row.instant("At"), row.text("Token"),
        )  # fmt: skip
        await _put(table, row.with_values(Who="somebody else", Hash=forged.hash))
        return await verify_area(table, "S1")

    assert _broken(run(story())) == (number, "it was replaced by another")


@pytest.mark.parametrize("number", [2, 3, 4, 5, 6])
def test_one_decision_with_another_one_before_it_is_found_at_its_number(number: int) -> None:
    async def story() -> Verified:
        table = await _chain()
        row = await _row(table, number)
        forged = Entry("S1", number, "0" * 64, "a stranger", "did", "so", "", AT, "t")
        values: dict[str, Any] = {
            "Record": "decision", "Number": number, "Who": "a stranger", "Did": "did", "Reason": "so", "Evidence": "",
            "At": AT, "Area": "S1", "Previous": "0" * 64, "Hash": forged.hash, "Token": "t",
        }  # fmt: skip
        await _put(table, Row("S1", row.key, values))
        return await verify_area(table, "S1")

    assert _broken(run(story())) == (number, "it was replaced by another")


def test_a_decision_put_in_behind_the_end_is_found_at_its_number() -> None:
    async def story() -> Verified:
        table = await _chain()
        last = await _row(table, 6)
        forged = Entry("S1", 7, last.text("Hash"), "a stranger", "did", "so", "", AT, "t")
        values: dict[str, Any] = {
            "Record": "decision", "Number": 7, "Who": "a stranger", "Did": "did", "Reason": "so", "Evidence": "",
            "At": AT, "Area": "S1", "Previous": last.text("Hash"), "Hash": forged.hash, "Token": "t",
        }  # fmt: skip
        await _put(table, Row("S1", _key(7), values))
        return await verify_area(table, "S1")

    assert _broken(run(story())) == (7, "it was put in behind the end of the chain")


def test_a_chain_whose_end_was_cut_off_with_its_head_set_back_is_found_by_where_it_was_noted() -> None:
    async def story() -> tuple[Verified, Verified]:
        table = await _chain()
        noted = (await verify_area(table, "S1")).head
        await table.delete("S1", _key(6))
        fifth, head = await _row(table, 5), await table.read("S1", "head~S1")
        assert head is not None
        await _put(table, head.with_values(Number=5, Hash=fifth.text("Hash")))
        return await verify_area(table, "S1"), await verify_area(table, "S1", noted)

    alone, noted = run(story())
    assert alone.broken is None  # nothing within the table can tell
    assert _broken(noted) == (6, "it is not the decision that was noted under this number")


def test_a_head_that_is_gone_is_told_and_the_chain_goes_on_and_says_so() -> None:
    async def story() -> tuple[Verified, Verified]:
        table = await _chain(3)
        await table.delete("S1", "head~S1")
        without = await verify_area(table, "S1")
        await _decide(table, 4)
        return without, await verify_area(table, "S1")

    without, after = run(story())
    assert _broken(without) == (
        3, "the head of the chain is gone: nobody can say whether more were taken away behind it",
    )  # fmt: skip
    assert (after.decisions, _broken(after)) == (4, (4, HEAD_GONE))


def _old_row(number: int, who: str = "A. Desk") -> Row:
    key = f"S1~20171201T1200000000{number:02d}~abcd"
    return Row("S1", key, {"Who": who, "Did": "ended a cause", "Reason": "so", "Evidence": "", "At": AT})


def test_what_was_decided_before_there_was_a_chain_is_told_as_such_and_covered_from_then_on() -> None:
    async def story() -> list[Verified]:
        table = _table()
        for number in (1, 2):
            await table.insert(_old_row(number))
        only_old = await verify_area(table, "S1")
        await _decide(table, 1)
        await _decide(table, 2)
        chained = await verify_area(table, "S1")
        await _put(table, _old_row(2, "somebody else"))
        return [only_old, chained, await verify_area(table, "S1")]

    only_old, chained, altered = run(story())
    assert (only_old.decisions, only_old.before_the_chain, only_old.broken) == (0, 2, None)
    assert (chained.decisions, chained.before_the_chain, chained.broken) == (2, 2, None)
    assert _broken(altered) == (
        0, "what was written down before the chain began was altered, removed or added to",
    )  # fmt: skip


def test_two_who_decide_at_once_follow_one_another() -> None:
    """Between reading the head and writing, another decision comes: the chain does not fork."""

    async def story() -> Verified:
        came: list[int] = []

        async def somebody_else(kind: str, _: str) -> None:
            if kind == "group" and not came:
                came.append(1)
                await _decide(table, 9)

        table = _table(before_effect=somebody_else)
        await _decide(table, 1)
        await _decide(table, 2)
        assert [row.text("Who") async for row in audit_of(table, "S1")] == [
            "person 9",
            "person 1",
            "person 2",
        ]
        return await verify_area(table, "S1")

    found = run(story())
    assert (found.decisions, found.broken) == (3, None)


def test_a_hundred_decisions_at_once_make_one_chain() -> None:
    async def story() -> Verified:
        async def wait(_: str, __: str) -> None:
            await asyncio.sleep(0)

        table = _table(before_effect=wait)
        for start in range(0, 100, 10):
            await asyncio.gather(*(_decide(table, start + one) for one in range(10)))
        return await verify_area(table, "S1")

    found = run(story())
    assert (found.decisions, found.broken) == (100, None)


@pytest.mark.parametrize("happened", [True, False])
def test_a_decision_whose_answer_got_lost_is_written_once(happened: bool) -> None:
    async def story() -> Verified:
        lost: list[str] = []

        async def lose(kind: str, _: str) -> None:
            if kind == "group" and not lost:
                lost.append(kind)
                raise UnknownOutcomeError("the answer did not come")

        table = _table(**{"after_effect" if happened else "before_effect": lose})
        await _decide(table, 1)
        await _decide(table, 2)
        return await verify_area(table, "S1")

    found = run(story())
    assert (found.decisions, found.broken) == (2, None)


def test_each_area_has_a_chain_of_its_own_and_the_command_tells_of_all(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def story() -> tuple[list[Verified], list[Verified]]:
        services = await flow_services(Hand())
        table = services.tables.audit
        for area in ("S1", "store 2"):
            await append_audit(table, area, AT, who="A", did="did", reason="so")
        good = await verify_audit(services)
        row = await table.read("S1", _key(1))
        assert row is not None
        await table.upsert(row.with_values(Who="B"))
        return good, await verify_audit(services)

    good, bad = run(story())
    (tmp_path / "heads.json").write_text(note_of(good))
    noted = read_noted(tmp_path / "heads.json")
    assert {area: one.number for area, one in noted.items()} == {"S1": 1, "store=202": 1}
    tell(good)
    assert "2 stores and areas, 2 decisions: none broken" in capsys.readouterr().out
    tell(bad)
    assert "S1: 1 decisions: BROKEN at 1: it was altered" in capsys.readouterr().out


def test_a_file_that_is_no_note_is_refused(tmp_path: Path) -> None:
    (tmp_path / "heads.json").write_text('{"S1": 5}')
    with pytest.raises(ValueError, match="no note"):
        read_noted(tmp_path / "heads.json")


def test_a_store_s_decisions_are_read_with_their_numbers() -> None:
    async def story() -> dict[str, Any] | None:
        services = await flow_services(Hand())
        await append_audit(services.tables.audit, "S9", AT, who="A", did="did", reason="so", evidence="e")
        return await read_audit(services, "S9")

    found = run(story())
    assert found is not None
    assert (found["unbroken"], found["broken_at"], found["decisions"]) == (True, None, 1)
    (one,) = found["decided"]
    assert {name: one[name] for name in ("number", "who", "did", "why", "evidence", "at")} == {
        "number": 1, "who": "A", "did": "did", "why": "so", "evidence": "e", "at": "2017-12-23T18:00:00+00:00",
    }  # fmt: skip
    assert json.dumps(found)


def test_many_decisions_are_given_a_hundred_at_once_and_none_is_left_out_or_said_twice() -> None:
    async def story() -> list[dict[str, Any]]:
        services = await flow_services(Hand())
        for number in range(1, 202):
            await append_audit(services.tables.audit, "S9", AT, who="A", did=f"no. {number}", reason="so")
        parts: list[dict[str, Any]] = []
        start: int | None = 1
        while start is not None:
            part = await read_audit(services, "S9", start)
            assert part is not None
            parts.append(part)
            start = part["next"]
        return parts

    parts = run(story())
    assert [len(part["decided"]) for part in parts] == [100, 100, 1]
    assert [part["next"] for part in parts] == [101, 201, None]
    assert all((part["unbroken"], part["decisions"], part["rows"]) == (True, 201, 201) for part in parts)
    assert [one["did"] for part in parts for one in part["decided"]] == [f"no. {n}" for n in range(1, 202)]

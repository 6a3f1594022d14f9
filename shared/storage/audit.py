"""Who decided what, when, why and on what evidence: rows that are only ever added, each chained to the one before it.

Partition = store or area. A decision and the head of its chain are written in one group under the head's ETag, so two writers
cannot both follow the same one. Rows from before there was a chain have no number; the first link covers them.
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime

from shared.errors import GroupRefusedError, RetryableError, UnknownOutcomeError
from shared.retail.audit_chain import Entry, Kept, Link, Verified, beginning_of, verify_chain
from shared.storage.keys import join_key
from shared.storage.protocols import Insert, Operation, Replace, Row, Table, Value

TRIES_MAX = 20
EVIDENCE_MAX = 20_000
HEAD, DECISION = "head", "decision"
COLUMNS = frozenset(
    {
        "Record",
        "Number",
        "Who",
        "Did",
        "Reason",
        "Evidence",
        "At",
        "Area",
        "Previous",
        "Hash",
        "Token",
        "Note",
    }
)
HEAD_GONE = (
    "the head of the chain was gone when this was written: what stood behind the one before it may be missing"
)


@dataclass(frozen=True, slots=True)
class Chain:
    """One area's rows as they are kept: those from before the chain, its decisions in their order, and its head."""

    older: tuple[Row, ...]
    decisions: tuple[Row, ...]
    head: Row | None


async def append_audit(
    table: Table, area: str, at: datetime, *, who: str, did: str, reason: str, evidence: str = ""
) -> None:
    """Write one decision down before it takes effect, as the next one of its area's chain.

    Raises:
        RetryableError: others decide for the same area faster than this one gets its turn.
    """
    partition, token = join_key(area), secrets.token_hex(8)
    for _ in range(TRIES_MAX):
        head = await table.read(partition, _head_key(partition))
        before, note = (_link(head), "") if head is not None else await _end_without_head(table, partition)
        entry = Entry(
            area,
            before.number + 1,
            before.hash,
            who,
            did,
            reason[:2000],
            evidence[:EVIDENCE_MAX],
            at,
            token,
            note,
        )
        try:
            await table.write_group(_group(partition, entry, head))
        except (GroupRefusedError, UnknownOutcomeError):
            there = await table.read(partition, _key(partition, entry.number))
            if there is None or there.text("Token") != token:
                continue  # somebody else's decision has this number, or none yet: look again
        return
    raise RetryableError(f"many decisions about {area} are being written down at once")


def _group(partition: str, entry: Entry, head: Row | None) -> list[Operation]:
    link: dict[str, Value] = {"Record": HEAD, "Number": entry.number, "Hash": entry.hash}
    fresh = Row(partition, _head_key(partition), link)
    return [
        Insert(_row(partition, entry)),
        Insert(fresh) if head is None else Replace(head.with_values(**link), head.etag),
    ]


def _row(partition: str, entry: Entry) -> Row:
    values: dict[str, Value] = {
        "Record": DECISION,
        "Number": entry.number,
        "Who": entry.who,
        "Did": entry.did,
        "Reason": entry.reason,
        "Evidence": entry.evidence,
        "At": entry.at,
        "Area": entry.area,
        "Previous": entry.previous,
        "Hash": entry.hash,
        "Token": entry.token,
    }
    if entry.note:
        values["Note"] = entry.note
    return Row(partition=partition, key=_key(partition, entry.number), values=values)


def _key(partition: str, number: int) -> str:
    return f"{partition}~n{number:010d}"  # behind the keys from before the chain, which go on with a year


def _head_key(partition: str) -> str:
    return f"head~{partition}"


def _link(row: Row) -> Link:
    return Link(row.number("Number"), row.text("Hash"))


async def _end_without_head(table: Table, partition: str) -> tuple[Link, str]:
    """Give what the next decision is chained to where there is no head: the beginning, or the last decision found."""
    chain = await _read(table, partition)
    if chain.decisions:
        last = chain.decisions[-1]
        return Link(_number_of(last), last.text("Hash")), HEAD_GONE
    return Link(0, _beginning(partition, chain)), ""


def _beginning(partition: str, chain: Chain) -> str:
    return beginning_of(partition, ((row.key, row.values) for row in chain.older))


async def _read(table: Table, partition: str) -> Chain:
    older: list[Row] = []
    decisions: list[Row] = []
    head: Row | None = None
    async for row in table.query(partition):
        if row.key == _head_key(partition):
            head = row
        elif _number_of(row):
            decisions.append(row)
        else:
            older.append(row)
    return Chain(tuple(older), tuple(decisions), head)


def _number_of(row: Row) -> int:
    """Read a decision's number from its key; 0 of what is no link of the chain."""
    stem = f"{row.partition}~n"
    digits = row.key.removeprefix(stem)
    is_link = row.key.startswith(stem) and len(digits) == 10 and digits.isascii() and digits.isdecimal()
    return int(digits) if is_link else 0


async def verify_area(table: Table, partition: str, noted: Link | None = None) -> Verified:
    """Look through the chain of one store or area, named as its rows are kept, as `verify_chain` does."""
    before = await table.read(partition, _head_key(partition))
    chain = await _read(table, partition)
    after = await table.read(partition, _head_key(partition))
    kept = [_kept(row) for row in chain.decisions]
    heads = [_link(one) if one is not None else None for one in (before, after)]
    beginning = _beginning(partition, chain)
    return verify_chain(partition, beginning, len(chain.older), kept, heads[0], heads[1], noted)


def _kept(row: Row) -> Kept:
    if (
        row.values.get("Record") != DECISION or not row.values.keys() <= COLUMNS
    ):  # what is in no hash is in no decision
        return Kept(_number_of(row), None, "")
    try:
        entry = Entry(
            row.text("Area"), row.number("Number"), row.text("Previous"), row.text("Who"), row.text("Did"),
            row.text("Reason"), row.text("Evidence"), row.instant("At"), row.text("Token"), row.text("Note"),
        )  # fmt: skip
        return Kept(_number_of(row), entry, row.text("Hash"))
    except (TypeError, KeyError):  # a value of another kind, or none: nobody here wrote that
        return Kept(_number_of(row), None, "")


async def areas_of(table: Table) -> list[str]:
    """Give every store or area that anything was decided for, named as its rows are kept."""
    found: set[str] = set()
    async for row in table.query(select=("Record",)):
        found.add(row.partition)
    return sorted(found)


async def audit_of(table: Table, area: str) -> AsyncIterator[Row]:
    """Read what was decided for a store or an area, oldest first."""
    partition = join_key(area)
    async for row in table.query(partition):
        if row.key != _head_key(partition):
            yield row

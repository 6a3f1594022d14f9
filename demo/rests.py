"""What posted receipts rest on, as the app says it: each part confirmed by a set of D365's, or unknown. API only."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Any

from demo.chain import ACCOUNT
from demo.documents import Message
from demo.tables import Column, count, item, table
from demo.web import Desk

Json = dict[str, Any]
PARTS = ("posted", "invoice", "credit note", "stock receipt", "vouchers")
READS_AT_ONCE = 8


async def read_receipts(desk: Desk, messages: Sequence[Message]) -> list[Json]:
    """Read where receipts stand; those that never arrived are left out."""
    gate = asyncio.Semaphore(READS_AT_ONCE)

    async def read(one: Message) -> Json | None:
        async with gate:
            return await desk.read("transactions", one.store, ACCOUNT, one.name)

    found = await asyncio.gather(*(read(one) for one in messages))
    return [one for one in found if one is not None]


def rests_table(receipts: Sequence[Json]) -> str:
    """Count what is confirmed and what is unknown, and show the lines of one receipt that gave money back."""
    posted = [one for one in receipts if one["status"] == "posted"]
    lines = [line for one in posted for line in one["evidence"]]
    kinds = Counter((line.partition(":")[0], _how(line)) for line in lines)
    rows = [
        [part, *(count(kinds[part, how]) for how in ("confirmed", "shared", "unknown"))] for part in PARTS
    ]
    columns = [
        Column("Of each posted receipt"), Column("Confirmed by D365", True), Column("Within an invoice that also sells", True),
        Column("Unknown", True),
    ]  # fmt: skip
    title = f"WHAT {count(len(posted))} POSTED RECEIPTS REST ON"
    example = next((one for one in posted if one.get("credit_note")), None) or next(
        (one for one in posted if "credit note" in " ".join(one["evidence"])), None
    )
    shown = [f"One of them, {example['receipt_number']}:"] if example else []
    shown += [item(line) for line in example["evidence"]] if example else []
    return "\n".join([table(title, columns, rows), "", *shown])


def _how(line: str) -> str:
    if "unknown" in line.partition(":")[2].partition(";")[0]:
        return "unknown"
    return "shared" if "not confirmed by itself" in line else "confirmed"

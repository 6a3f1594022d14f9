"""Alerts as rows: what is still to be delivered, through which channel, and what became of the rest.

Table `alerts`. Partition `waiting`: one row an alert and channel, written before anything is sent. Partition `done~<month>`: the
same rows afterwards, with how it ended. A row is written as done before it is taken from the waiting ones; whoever finds it
in both takes it away and sends nothing.
"""

from __future__ import annotations

import contextlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from shared.errors import AlreadyThereError, ChangedMeanwhileError, NotThereError
from shared.retail.alert import Alert
from shared.storage.keys import join_key
from shared.storage.protocols import Condition, Row, Table, Value

WAITING, DONE = "waiting", "done"
DELIVERED, NOT_KNOWN, GIVEN_UP, NOT_NEEDED = "delivered", "not known", "given up", "not needed"
WAITING_MAX = 500  # of one channel, looked at in one beat
DONE_SHOWN_MAX = 1_000


@dataclass(frozen=True, slots=True)
class Delivery:
    """One alert on its way through one channel.

    not_before: when it may go out. held_by_quiet: it waits for quiet hours to end; passes: it is not to. tries: begun; unknown:
    of these, those of which nobody knows whether they arrived; begun_at: when a try began of which nothing is written yet. to:
    addresses instead of the channel's own.
    """

    row: Row
    alert_id: str
    channel: str
    event: str
    owner: str
    fingerprint: str
    at: datetime
    not_before: datetime
    held_by_quiet: bool
    passes: bool
    tries: int
    unknown: int
    begun_at: datetime | None
    body: Mapping[str, Any]
    to: tuple[str, ...] = ()


async def add_delivery(
    table: Table, alert: Alert, channel: str, not_before: datetime, to: Sequence[str] = ()
) -> None:
    """Write down that an alert is to be delivered; what is written already stays as it is. to: instead of the channel's own."""
    values: dict[str, Value] = {
        "Alert": alert.id, "Channel": channel, "Event": alert.event, "Owner": alert.owner,
        "Title": str(alert.body["title"]), "At": alert.at, "NotBefore": not_before,
        "HeldByQuiet": not_before > alert.at, "Passes": alert.passes, "Tries": 0, "Unknown": 0,
        "Body": json.dumps(alert.body, ensure_ascii=False, separators=(",", ":")),
    }  # fmt: skip
    if to:
        values["To"] = ";".join(to)
    if alert.fingerprint:
        values["Fingerprint"] = alert.fingerprint
    with contextlib.suppress(AlreadyThereError):
        await table.insert(Row(WAITING, delivery_key(alert.id, channel), values))


def delivery_key(alert_id: str, channel: str) -> str:
    return join_key(alert_id, channel)


def delivery_from(row: Row) -> Delivery:
    """Read a row."""
    return Delivery(
        row=row, alert_id=row.text("Alert"), channel=row.text("Channel"), event=row.text("Event"),
        owner=row.text("Owner"), fingerprint=row.text("Fingerprint"), at=row.instant("At"),
        not_before=row.instant("NotBefore"), held_by_quiet=row.flag("HeldByQuiet"), passes=row.flag("Passes"),
        tries=row.number("Tries"),
        unknown=row.number("Unknown"), begun_at=row.instant("BegunAt") if "BegunAt" in row.values else None,
        body=json.loads(row.text("Body")), to=tuple(one for one in row.text("To").split(";") if one),
    )  # fmt: skip


async def waiting_deliveries(table: Table, due_at: datetime | None = None) -> list[Delivery]:
    """Read what is still to be delivered, or of that what is due at an instant: of each channel as many as one beat looks at.

    What piles up for a channel that does not work hides no other's.
    """
    where = (Condition("NotBefore", "le", due_at),) if due_at is not None else ()
    found: list[Delivery] = []
    counts: Counter[str] = Counter()
    async for row in table.query(WAITING, where=where):
        counts[row.text("Channel")] += 1
        if counts[row.text("Channel")] <= WAITING_MAX:
            found.append(delivery_from(row))
    return found


async def is_done(table: Table, delivery: Delivery) -> bool:
    """Say whether a delivery came to its end already."""
    return await table.read(_done_partition(delivery.at), delivery.row.key) is not None


async def keep(table: Table, delivery: Delivery, **changes: Value | None) -> Delivery | None:
    """Write changes on a waiting delivery; None where another worker was quicker."""
    row = delivery.row.with_values(**changes)
    try:
        etag = await table.replace(row, delivery.row.etag)
    except (ChangedMeanwhileError, NotThereError):
        return None
    return delivery_from(replace(row, etag=etag))


async def finish(table: Table, delivery: Delivery, how: str, at: datetime, words: str = "") -> None:
    """Write how a delivery ended, then take it from the waiting ones."""
    row = delivery.row.with_values(How=how, EndedAt=at, Words=words or None, BegunAt=None)
    await table.upsert(replace(row, partition=_done_partition(delivery.at)))
    await drop(table, delivery)


async def drop(table: Table, delivery: Delivery) -> None:
    """Take a delivery from the waiting ones."""
    with contextlib.suppress(NotThereError):
        await table.delete(WAITING, delivery.row.key)


async def done_in(table: Table, month: str) -> Sequence[Row]:
    """Read what became of the alerts made in a month (2017-12), the first thousand."""
    found: list[Row] = []
    async for row in table.query(join_key(DONE, month)):
        found.append(row)
        if len(found) >= DONE_SHOWN_MAX:
            break
    return found


def _done_partition(at: datetime) -> str:
    return join_key(DONE, f"{at:%Y-%m}")

"""Which receipts a cause lets go, and in which order: a sale before its refund, one store-day after the other."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date

from shared.errors import RejectedError
from shared.flows.mapping.release_held import held_receipts, may_go, receipt_of
from shared.retail.figures import figures_from
from shared.retail.status import Status
from shared.services import Services
from shared.storage.causes import OPEN, RECEIPT
from shared.storage.protocols import Row
from shared.storage.receipts import receipts_of_day

RECEIPTS_PER_PART = 200
READ_WHOLE_FROM = 4  # from so many of one store-day on, one query is less than two reads for each
QUERIES_AT_ONCE = 16
# These hold no receipt that could go on; a person's word ends them.
ENDED_BY_WORD = frozenset(
    {
        "cannot_be_read",
        "content_conflict",
        "counted_twice",
        "credit_not_confirmed",
        "d365_went_back",
        "receipt_not_fetched",
        "personal_data_asked",
        "shift_closed_twice",
        "shift_counted_twice",
        "shift_never_opened",
        "till_maybe_replaced",
        "webhook_not_used",
        "work_given_up",
    }
)
DECIDED_OTHERWISE = frozenset({"write_off_proposed"})
Name = tuple[str, str]


def name_of(row: Row) -> Name:
    """Name a receipt, or what a cause says of one."""
    return row.text("Account"), row.text("TransactionId")


async def read_held(services: Services, members: Sequence[Row]) -> list[Row]:
    """Read the receipts that a cause holds and a release may move, in the order in which they go."""
    days: dict[tuple[str, str], list[Row]] = {}
    for one in members:
        days.setdefault((one.text("Store"), one.text("BusinessDay")), []).append(one)
    many = {day: some for day, some in days.items() if len(some) >= READ_WHOLE_FROM and day[1]}
    found: dict[tuple[str, Name], Row] = {}
    pending = sorted(many)
    for start in range(0, len(pending), QUERIES_AT_ONCE):
        part = pending[start : start + QUERIES_AT_ONCE]
        for rows in await services.together(*(_held_of_day(services, *day) for day in part)):
            found |= {(row.partition, name_of(row)): row for row in rows}
    named = {(one.text("Store"), name_of(one)) for one in members}
    rest = [one for one in members if (one.text("Store"), name_of(one)) not in found]
    rows = [row for place, row in found.items() if place in named and may_go(row)]
    return sorted([*rows, *await held_receipts(services, rest)], key=_order)


async def _held_of_day(services: Services, store: str, day: str) -> list[Row]:
    return await receipts_of_day(services.tables.transactions, store, date.fromisoformat(day), Status.HELD)


def _order(row: Row) -> tuple[bool, str, str, str, str]:
    """Sales first, then what gives something back, as it happened: so a refund finds its sale on its way."""
    at = row.instant("CompletedAt").isoformat() if gives_back(row) else ""
    return gives_back(row), at, row.text("BusinessDay"), row.partition, row.key


def gives_back(row: Row) -> bool:
    """Say whether something came back on a receipt."""
    return bool(figures_from(row.text("Figures")).returns)


def parts_of(rows: Sequence[Row]) -> list[list[Row]]:
    """Cut receipts, in their order, into parts: none holds sales and refunds, none more than so many."""
    parts: list[list[Row]] = []
    for row in rows:
        fits = parts and len(parts[-1]) < RECEIPTS_PER_PART and gives_back(parts[-1][0]) == gives_back(row)
        if fits:
            parts[-1].append(row)
        else:
            parts.append([row])
    return parts


def refuse_what_is_decided_otherwise(member: Row) -> None:
    """Refuse a cause that no release can end.

    Raises:
        RejectedError: it waits for another decision.
    """
    if member.text("Reason") in DECIDED_OTHERWISE:
        raise RejectedError(
            "this cause is ended by approving or withdrawing what is proposed; a release of what holds the receipts sends them",
            field="fingerprint", expected="what holds the receipts", found=member.text("Reason"),
        )  # fmt: skip


async def ends_by_word(services: Services, members: Sequence[Row]) -> bool:
    """Say whether a person's word ends a cause. Not while it holds a receipt after all, such as one whose kept document can no
    longer be read: its release tries again, and nobody would be told of it any more.
    """
    if members[0].text("Reason") not in ENDED_BY_WORD:
        return False
    for member in members:
        if member.text("State") == OPEN and member.text("What") == RECEIPT:
            row = await receipt_of(services, member)
            if row is not None and is_held_for(row, member.partition):
                return False
    return True


def is_held_for(row: Row, fingerprint: str) -> bool:
    """Say whether a receipt is held, and for this among others."""
    named = json.loads(row.text("Fingerprints", "[]"))
    return row.text("Status") == Status.HELD and fingerprint in (row.text("Fingerprint"), *named)

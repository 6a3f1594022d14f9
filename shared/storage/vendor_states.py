"""How each account at a vendor is: one row of `wanted` an account, `state`, beside what it named."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime

from shared.errors import AlreadyThereError, ChangedMeanwhileError, NotThereError, RetryableError
from shared.retail.vendor_state import VendorState
from shared.storage.keys import join_key
from shared.storage.protocols import Row, Table, Value

STATE = "state"
TRIES = 20
_INSTANTS = {
    "heard_at": "HeardAt", "swept_at": "SweptAt", "failing_since": "FailingSince", "rests_until": "RestsUntil",
    "deaf_since": "DeafSince",
}  # fmt: skip


async def read_state(table: Table, account: str) -> VendorState:
    """Read how an account is; one of which nothing is known yet begins with nothing."""
    row = await table.read(account, join_key(STATE, "account"))
    return _from(row) if row is not None else VendorState(account)


async def change_state(
    table: Table, known: VendorState, change: Callable[[VendorState], VendorState]
) -> VendorState:
    """Change how an account is, and give it as it is then; what somebody else wrote meanwhile is changed instead.

    Nothing is written where nothing changes.
    """
    for _ in range(TRIES):
        after = change(known)
        if after == known:
            return known
        row = _row(after)
        try:
            etag = await (table.replace(row, known.etag) if known.etag else table.insert(row))
        except (AlreadyThereError, ChangedMeanwhileError, NotThereError):
            known = await read_state(table, known.account)
            continue
        return _from(Row(row.partition, row.key, row.values, etag=etag))
    raise RetryableError(f"the state of {known.account} is written by others all the time")


def _row(state: VendorState) -> Row:
    values: dict[str, Value] = {
        "Record": STATE, "Problem": state.problem, "Refused": state.refused, "Missed": state.missed,
        "FoundBySweep": state.found_by_sweep, "Told": json.dumps(state.told),
    }  # fmt: skip
    for name, column in _INSTANTS.items():
        at = getattr(state, name)
        if isinstance(at, datetime):
            values[column] = at
    return Row(state.account, join_key(STATE, "account"), values)


def _from(row: Row) -> VendorState:
    def at(column: str) -> datetime | None:
        return row.instant(column) if column in row.values else None

    return VendorState(
        row.partition, at("HeardAt"), at("SweptAt"), at("FailingSince"), row.text("Problem"), row.flag("Refused"),
        at("RestsUntil"), at("DeafSince"), row.number("Missed"), row.number("FoundBySweep"),
        tuple(json.loads(row.text("Told", "[]"))), row.etag,
    )  # fmt: skip

"""What vendors named and the app has not fetched yet, one row each; and how far each vendor's lists have been swept.

Partition = the vendor's account. `want~kind~id` waits to be fetched; once it is, it becomes `done~kind~id`, in one group
under its ETag, so that what was named anew during the fetch stays wanted. `list~name` is a list's sweep.

- `want(table, account, naming, now)`: keep that something was named; done before the vendor gets its answer.
- `wanted_now(table, account, now, at_most)`: what to fetch, longest wanted first.
- `fetched(table, wanted, now, seen)`: it is fetched and what came of it is kept.
- `failed(table, wanted, now, problem, wait_seconds)`: it could not be, and is tried later.
- `given_up(table, wanted, now, problem)`: it is no longer tried, until it is named anew.
- `note_told(table, wanted, told)`: people are told that it is not here; kept until it is (`is_fetched`).
- `read_swept`, `save_swept`: a list's mark, with `shared.retail.wanted.page_kept` between the two.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime

from shared.errors import (
    AlreadyThereError,
    ChangedMeanwhileError,
    GroupRefusedError,
    NotThereError,
    RetryableError,
)
from shared.retail.wanted import (
    Naming,
    Swept,
    Wanted,
    after_failure,
    filled,
    heard,
    heard_again,
    is_news,
    newer,
)
from shared.storage.keys import join_key, prefix_end
from shared.storage.protocols import Condition, Remove, Row, Table, Upsert, Value

WANT, DONE, LIST = "want", "done", "list"
TRIES = 20
_REMOVED_AT_ONCE = 100


async def want(table: Table, account: str, naming: Naming, now: datetime) -> bool:
    """Keep that something is to be fetched; False where that is no news. Three round trips at most, where nobody interferes.

    Raises:
        RetryableError: it is not kept, for others wrote the same row again and again, or storage did not answer.
    """
    for _ in range(TRIES):
        row = await table.read(account, _key(WANT, naming))
        try:
            if row is not None:
                wanted = _wanted_from(row)
                is_new = is_news(naming, wanted.at, wanted.events)
                after = heard_again(wanted, naming, now) if is_new else filled(wanted, naming)
                if is_new or after != wanted:
                    await table.replace(_row(after), row.etag)
                return is_new
            done = await table.read(account, _key(DONE, naming))
            at, events = (_at(done), _events(done)) if done is not None else (None, ())
            if not is_news(naming, at, events):
                return False
            wanted = heard(naming, now, account, at, events)
            if done is not None and "GivenUpAt" in done.values:
                wanted = replace(filled(wanted, _facts_in(done)), told=done.text("Told"))
            await table.insert(_row(wanted))
            return True
        except (AlreadyThereError, ChangedMeanwhileError, NotThereError):
            continue  # somebody named or fetched it meanwhile: look again
    raise RetryableError(f"the {naming.kind} that was named is written by others all the time")


async def wanted_now(table: Table, account: str, now: datetime, at_most: int = 100) -> list[Wanted]:
    """Read what is to be fetched and may be tried by now, so many at most; of those, longest wanted first."""
    found: list[Wanted] = []
    due = (Condition("NextAt", "le", now),)
    async for row in table.query(account, key_from=f"{WANT}~", key_before=prefix_end(f"{WANT}~"), where=due):
        found.append(_wanted_from(row))
        if len(found) >= at_most:
            break
    return sorted(found, key=lambda one: one.wanted_at)


async def all_wanted(table: Table, account: str) -> list[Wanted]:
    """Read all that is not fetched yet, longest wanted first."""
    rows = table.query(account, key_from=f"{WANT}~", key_before=prefix_end(f"{WANT}~"))
    return sorted([_wanted_from(row) async for row in rows], key=lambda one: one.wanted_at)


async def fetched(table: Table, wanted: Wanted, now: datetime, seen: datetime | None = None) -> bool:
    """Say that it is fetched, once what came of it is kept; False where it was named anew meanwhile and stays wanted.

    seen: the vendor's time in what was fetched, of its last change.
    """
    return await _end(table, wanted, now, newer(wanted.at, seen), {"FetchedAt": now})


async def given_up(table: Table, wanted: Wanted, now: datetime, problem: str) -> bool:
    """Try no longer, until it is named anew; False where it was meanwhile and stays wanted."""
    values: dict[str, Value] = {
        "GivenUpAt": now, "Problem": problem[:300], "Attempts": wanted.attempts, "Told": wanted.told, **_facts_of(wanted),
    }  # fmt: skip
    return await _end(table, wanted, now, wanted.at, values)


async def failed(
    table: Table, wanted: Wanted, now: datetime, problem: str, wait_seconds: float | None = None
) -> None:
    """Say that it could not be fetched; it is tried later, also where it was named anew meanwhile."""
    for _ in range(TRIES):
        row = await table.read(wanted.account, _key(WANT, wanted))
        if row is None:
            return
        later = after_failure(_wanted_from(row), now, problem, wait_seconds)
        try:
            await table.replace(_row(later), row.etag)
        except ChangedMeanwhileError:
            continue
        except NotThereError:
            pass
        return


async def note_told(table: Table, wanted: Wanted, told: str) -> Wanted | None:
    """Remember where people are told that it is not here; None where nobody waits for it any more.

    Where the row was written meanwhile, what is given back is as it was read before, so that it ends nothing.
    """
    noted = replace(wanted, told=told)
    try:
        return replace(noted, etag=await table.replace(_row(noted), wanted.etag))
    except (ChangedMeanwhileError, NotThereError):
        pass
    for _ in range(TRIES):
        row = await table.read(wanted.account, _key(WANT, wanted))
        if row is None:
            return None
        try:
            await table.replace(_row(replace(_wanted_from(row), told=told)), row.etag)
        except (ChangedMeanwhileError, NotThereError):
            continue
        return noted
    raise RetryableError(f"the {wanted.kind} that is told is written by others all the time")


async def is_fetched(table: Table, wanted: Wanted) -> bool:
    """Say whether it is neither wanted nor given up, but here."""
    done = await table.read(wanted.account, _key(DONE, wanted))
    return done is not None and "FetchedAt" in done.values


async def forget_fetched(table: Table, account: str, before: datetime) -> int:
    """Take away what was fetched or given up before an instant; give how many rows went."""
    rows = [row async for row in table.query(account, key_from=f"{DONE}~", key_before=prefix_end(f"{DONE}~"))]
    old = [row for row in rows if row.instant("EndedAt") < before]
    for at in range(0, len(old), _REMOVED_AT_ONCE):
        group = [Remove(row.partition, row.key) for row in old[at : at + _REMOVED_AT_ONCE]]
        await table.write_group(group)
    return len(old)


async def read_swept(table: Table, account: str, name: str) -> Swept:
    """Read how far a list has been swept; one that never was begins with nothing."""
    row = await table.read(account, join_key(LIST, name))
    if row is None:
        return Swept(account, name)
    return Swept(
        account, name, row.text("Mark"), row.text("Page"), row.text("Reach"),
        row.instant("NextAt") if "NextAt" in row.values else None, row.etag,
    )  # fmt: skip


async def save_swept(table: Table, swept: Swept) -> bool:
    """Write how far a list has been swept; False where somebody else has written it since it was read."""
    values: dict[str, Value] = {
        "Record": LIST, "List": swept.list, "Mark": swept.mark, "Page": swept.page, "Reach": swept.reach,
    }  # fmt: skip
    if swept.next_at is not None:
        values["NextAt"] = swept.next_at
    row = Row(swept.account, join_key(LIST, swept.list), values)
    try:
        await (table.replace(row, swept.etag) if swept.etag else table.insert(row))
    except (AlreadyThereError, ChangedMeanwhileError, NotThereError):
        return False
    return True


async def _end(
    table: Table, wanted: Wanted, now: datetime, at: datetime | None, values: dict[str, Value]
) -> bool:
    ended: dict[str, Value] = {
        "Record": DONE, "Kind": wanted.kind, "Id": wanted.id, "Events": json.dumps(wanted.events), "EndedAt": now, **values,
    }  # fmt: skip
    if at is not None:
        ended["At"] = at
    done = Row(wanted.account, _key(DONE, wanted), ended)
    try:
        await table.write_group([Remove(wanted.account, _key(WANT, wanted), wanted.etag), Upsert(done)])
    except GroupRefusedError:
        return False
    return True


def _facts_of(wanted: Wanted) -> dict[str, Value]:
    """Write what a vendor told of a thing, for whoever names it anew without saying it again."""
    facts: dict[str, Value] = {
        name: value
        for name, value in (
            ("Location", wanted.location),
            ("Amount", wanted.amount),
            ("Currency", wanted.currency),
        )
        if value
    }
    return facts if wanted.happened_at is None else {**facts, "HappenedAt": wanted.happened_at}


def _facts_in(row: Row) -> Naming:
    return Naming(
        row.text("Kind"), row.text("Id"), location=row.text("Location"), amount=row.text("Amount"),
        currency=row.text("Currency"), happened_at=row.instant("HappenedAt") if "HappenedAt" in row.values else None,
    )  # fmt: skip


def _key(state: str, named: Naming | Wanted) -> str:
    return join_key(state, named.kind, named.id)


def _row(wanted: Wanted) -> Row:
    values: dict[str, Value] = {
        "Record": WANT, "Kind": wanted.kind, "Id": wanted.id, "WantedAt": wanted.wanted_at, "NextAt": wanted.next_at,
        "Events": json.dumps(wanted.events), "Location": wanted.location, "HeardBy": wanted.heard_by,
        "Attempts": wanted.attempts, "Problem": wanted.problem,
    }  # fmt: skip
    told = {
        "Amount": wanted.amount,
        "Currency": wanted.currency,
        "Told": wanted.told,
        "Payload": wanted.payload,
    }
    values.update({name: one for name, one in told.items() if one})
    if wanted.at is not None:
        values["At"] = wanted.at
    if wanted.happened_at is not None:
        values["HappenedAt"] = wanted.happened_at
    return Row(wanted.account, _key(WANT, wanted), values)


def _wanted_from(row: Row) -> Wanted:
    return Wanted(
        row.partition, row.text("Kind"), row.text("Id"), row.instant("WantedAt"), row.instant("NextAt"), _at(row),
        _events(row), row.text("Location"), row.text("HeardBy"), row.number("Attempts"), row.text("Problem"), row.etag,
        row.instant("HappenedAt") if "HappenedAt" in row.values else None, row.text("Amount"), row.text("Currency"),
        row.text("Told"), row.text("Payload"),
    )  # fmt: skip


def _at(row: Row) -> datetime | None:
    return row.instant("At") if "At" in row.values else None


def _events(row: Row) -> tuple[str, ...]:
    return tuple(str(one) for one in json.loads(row.text("Events", "[]")))

"""What people are told of vendors: an account that fails, and receipts that a vendor lists and that are not here."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation

from shared.flows.fetching.not_here import not_fetched
from shared.retail.business_day import business_day_of, closing_hour, store_zone
from shared.retail.money import ZERO
from shared.retail.reasons import cause
from shared.retail.vendor_state import VendorState, is_deaf, is_silent
from shared.retail.wanted import Wanted
from shared.services import Services
from shared.settings_vendors import VendorAccount, is_of_another
from shared.storage.causes import (
    OPEN,
    Member,
    cause_key,
    cause_row,
    end_cause_rows,
    fingerprint_of,
    open_causes,
)
from shared.storage.due import STATEMENT, Due, note_due
from shared.storage.protocols import Row
from shared.storage.vendor_states import change_state
from shared.storage.wanted import is_fetched, note_told

ACCOUNT, AT_VENDOR = "account", "receipt at the vendor"
OVERDUE = timedelta(minutes=30)
MORE_IS_KNOWN, FETCHED = "more is known of it", "it was fetched"
REFUSES, SILENT, DEAF = "vendor_refuses", "vendor_silent", "vendor_webhooks_dead"


async def tell_state(services: Services, account: VendorAccount, state: VendorState) -> VendorState:
    """Open and end the causes of an account, by how it is now. What is told stands on the state, so nothing is asked twice."""
    now = services.now()
    problem = state.problem or "no answer"
    since = f"{state.failing_since:%Y-%m-%d %H:%M} UTC" if state.failing_since else "now"
    minutes = str(account.sweep_minutes)
    found = {
        REFUSES: (state.refused, {"problem": problem}),
        SILENT: (
            is_silent(state, now, account.sweep_minutes) and not state.refused,
            {"since": since, "problem": problem},
        ),
        DEAF: (is_deaf(state, now), {"found": str(state.missed), "minutes": minutes}),
    }
    for code, (holds, words) in found.items():
        why = cause(code, account.account, **words)
        if holds and code not in state.told:
            member = Member(ACCOUNT, "", account.account, account=account.account, receipts=0)
            await open_causes(services.tables.causes, [cause_row(why, member, now)])
        if not holds and code in state.told:
            await _end(services, fingerprint_of(why), "", account.account, "the vendor answers as it should")
    told = tuple(code for code, (holds, _) in found.items() if holds)
    return await change_state(services.tables.wanted, state, lambda one: replace(one, told=told))


async def tell_not_here(services: Services, wanted: Wanted, problem: str) -> Wanted:
    """Put a receipt that a vendor named, and that is not here, before the store's people; the day's statement shows it.

    Told once, and again where the vendor has told more of it since. Where that is remembered comes last: told twice is one
    row. What was fetched while it was told is here. What another account of the same seller reads is that account's to tell.
    """
    account = services.settings.vendors.get(wanted.account)
    if is_told(wanted) or (
        account is not None and is_of_another(services.settings.vendors, account, wanted.location)
    ):
        return wanted
    row, day = await _row(services, wanted, problem)
    before = await _told_before(services, wanted)
    if before is not None and _is_ended_by_a_person(before):
        return await note_told(services.tables.wanted, wanted, _place(wanted, row)) or wanted
    if day is not None:
        await note_due(services.tables.due, [Due(STATEMENT, row.text("Store"), day, services.now())])
    await open_causes(services.tables.causes, [row])
    if before is not None and (before.partition, before.key) != (row.partition, row.key):
        await _end_told(services, before, MORE_IS_KNOWN)
    place = _place(wanted, row)
    noted = await note_told(services.tables.wanted, wanted, place)
    if noted is not None:
        return noted
    unwanted = replace(wanted, told=place)
    if await is_fetched(services.tables.wanted, wanted):
        await end_not_here(services, unwanted)
    return unwanted


def is_told(wanted: Wanted) -> bool:
    """Say whether people are told all that the vendor told of a receipt that is not here."""
    return wanted.told.split("\n", 2)[2:] == [_facts(wanted)]


def _place(wanted: Wanted, row: Row) -> str:
    """Write where people are told of a receipt, and what."""
    return f"{row.partition}\n{row.key}\n{_facts(wanted)}"


def _facts(wanted: Wanted) -> str:
    at = wanted.happened_at.isoformat() if wanted.happened_at else ""
    return f"{wanted.amount} {wanted.currency} {wanted.location} {at}"


async def _told_before(services: Services, wanted: Wanted) -> Row | None:
    """Read the row by which people were told; None where they never were, or that was long ago."""
    if not wanted.told:
        return None
    partition, key, *_ = wanted.told.split("\n", 2)
    return await services.tables.causes.read(partition, key)


def _is_ended_by_a_person(row: Row) -> bool:
    """Say whether a person said that there is nothing to fetch; what the app ended itself, it may tell anew."""
    return row.text("State") != OPEN and row.text("EndedHow") not in (MORE_IS_KNOWN, FETCHED)


async def end_not_here(services: Services, wanted: Wanted) -> None:
    """End what was told of a receipt, for it is here now; also where a crash fell between telling and noting that."""
    before = await _told_before(services, wanted)
    found = {} if before is None else {(before.partition, before.key): before}
    if wanted.attempts or services.now() - wanted.wanted_at >= OVERDUE:
        told, _ = await _row(services, wanted, "")
        row = await services.tables.causes.read(told.partition, told.key)
        if row is not None:
            found[row.partition, row.key] = row
    for row in found.values():
        await _end_told(services, row, FETCHED)


async def _end_told(services: Services, row: Row, how: str) -> None:
    """End what is told, and have its store-day compiled again, where its store is known."""
    if row.text("State") != OPEN:
        return
    store, day = row.text("Store"), row.text("BusinessDay")
    if day and await services.mappings.store(store, date.fromisoformat(day)) is not None:
        await note_due(services.tables.due, [Due(STATEMENT, store, date.fromisoformat(day), services.now())])
    await end_cause_rows(services.tables.causes, [row], services.now(), how)


async def _row(services: Services, wanted: Wanted, problem: str) -> tuple[Row, date | None]:
    """Give the row that tells of a receipt, and its business day where its store is known."""
    store, day, is_known = await _place_of(services, wanted)
    name = f"{wanted.account} {wanted.kind} {wanted.id}"
    member = Member(
        AT_VENDOR, store, name, business_day=day.isoformat(), account=wanted.account, transaction_id=wanted.id,
        amount=_amount(wanted), currency=wanted.currency if _amount(wanted) else "",
    )  # fmt: skip
    row = cause_row(not_fetched(store, day, problem), member, wanted.wanted_at)
    return row, day if is_known else None


async def _place_of(services: Services, wanted: Wanted) -> tuple[str, date, bool]:
    """Give store and business day, as far as the vendor told them; a store nobody knows goes by the day in UTC."""
    store = wanted.location or "unknown"
    at: datetime = wanted.happened_at or wanted.at or wanted.wanted_at
    setup = await services.mappings.store(store, at.date())
    if setup is None:
        return store, at.date(), False
    day = business_day_of(at, store_zone(setup.time_zone), closing_hour(setup.closing_time))
    return store, day, True


def _amount(wanted: Wanted) -> Decimal:
    try:
        return Decimal(wanted.amount) if wanted.amount and wanted.currency else ZERO
    except InvalidOperation:
        return ZERO


async def _end(services: Services, fingerprint: str, store: str, name: str, how: str) -> None:
    row = await services.tables.causes.read(fingerprint, cause_key(fingerprint, store, name))
    if row is not None:
        await end_cause_rows(services.tables.causes, [row], services.now(), how)

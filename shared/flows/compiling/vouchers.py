"""Compare what is kept of a store-day's vouchers with what was posted, and write the outcome for the statement's body."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from shared.retail.ledger import Accounts, Entry
from shared.retail.mapped import StoreSetup
from shared.retail.money import money_text
from shared.retail.statement import ReceiptRecord, StoreDay
from shared.retail.vouchers import (
    Compared,
    VoucherCheck,
    check_vouchers,
    expected_of,
    place_text,
    said_of,
    verdict_with,
)
from shared.services import Services
from shared.storage.late import days_posted_on
from shared.storage.protocols import Row
from shared.storage.receipt_record import records_of_day
from shared.storage.vouchers import vouchers_from, vouchers_of_day

PLACES_SAID_MAX = 5


async def voucher_check(
    services: Services,
    store: StoreSetup,
    day: date,
    receipts: Sequence[ReceiptRecord],
    kept: Mapping[str, Row] | None = None,
) -> VoucherCheck:
    """Compare a store-day's statements with what D365 was last seen to have. receipts: the day's, as they stand.

    kept: what was read of each statement; None for what is in storage. Each is compared by the accounts of its own mapping
    version, so that the same kept answers always give the same outcome.
    """
    statements = {one.d365_statement for one in receipts if one.d365_statement}
    if not statements:
        return check_vouchers({}, {})
    if kept is None:
        kept = await vouchers_of_day(services.tables.statements, store.store, day)
    everything = await _all_in(services, store, day, receipts)
    version_of = {
        number: kept[number].number("MappingVersion") if number in kept else 0 for number in statements
    }
    expected: dict[str, list[Entry]] = {}
    for version in sorted(set(version_of.values())):
        newest = await services.mappings.at_least(
            version
        )  # another worker may have read it by mappings that are new here
        mappings = newest.at_version(version) if version else newest
        found = expected_of(
            (one, Accounts(mappings, mappings.store(store.store, of_day) or store, of_day))
            for of_day, one in everything
        )
        expected |= {
            number: entries for number, entries in found.items() if version_of.get(number) == version
        }
    return check_vouchers(expected, {number: vouchers_from(row) for number, row in kept.items()})


async def _all_in(
    services: Services, store: StoreSetup, day: date, receipts: Sequence[ReceiptRecord]
) -> list[tuple[date, ReceiptRecord]]:
    """Give every receipt that may be in the day's statements: a late one of another day may be among them, or the reverse."""
    table, entity = services.tables.storedays, store.legal_entity
    others: set[date] = set()
    for in_d365 in sorted({day, *(one.posts_on for one in receipts if one.posts_on is not None)}):
        others |= {in_d365, *await days_posted_on(table, entity, store.store, in_d365)}
    found = [(day, one) for one in receipts]
    for other in sorted(others - {day}):
        records = await records_of_day(services.tables.transactions, store.store, other)
        found += [(other, one) for one in records]
    return found


def with_vouchers(body: dict[str, Any], day: StoreDay, check: VoucherCheck) -> dict[str, Any]:
    """Give a statement's body with what its vouchers say, and the verdict that follows."""
    verdict = verdict_with(body["verdict"], check)
    return {**body, "verdict": verdict, "vouchers": vouchers_json(verdict, check, day.currency)}


def vouchers_json(verdict: str, check: VoucherCheck, currency: str) -> dict[str, Any]:
    """Write the comparison: its outcome, a line that says it, every account, and the places where it differs."""
    places = [place_text(one, _amounts(one, currency)) for one in check.places]
    more = f"; and {len(places) - PLACES_SAID_MAX} more" if len(places) > PLACES_SAID_MAX else ""
    return {
        "state": check.state,
        "said": said_of(verdict, check, "; ".join(places[:PLACES_SAID_MAX]) + more),
        "accounts": [
            {"statement": one.statement, "account": one.account, "what": list(one.what), **_amounts(one, currency)}
            for one in check.accounts
        ],
        "places": [
            {
                "statement": one.statement, "account": one.account, "vouchers": list(one.vouchers),
                **_amounts(one, currency), "difference": money_text(one.found - one.expected, currency),
            }
            for one in check.places
        ],
        "not_compared": [
            {
                "statement": statement, "what": f"{one.what} {one.code}".strip(),
                "expected": money_text(one.amount, currency),
            }
            for statement, one in check.not_compared
        ],
        "why": list(check.why),
    }  # fmt: skip


def _amounts(one: Compared, currency: str) -> dict[str, str]:
    return {"expected": money_text(one.expected, currency), "found": money_text(one.found, currency)}

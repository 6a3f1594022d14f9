"""Derive a store-day again from what is kept for good, and compare it byte for byte with what was made of it.

Sources: documents, decisions, mapping versions with D365's reference rows, and what D365 answered. Nothing is written.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from shared.flows.posting.build import Material
from shared.flows.posting.kept import read_kept
from shared.flows.rebuilding.days import rebuild_shifts, rebuild_statement
from shared.flows.rebuilding.decided import undecided
from shared.flows.rebuilding.findings import Finding, receipt_name
from shared.flows.rebuilding.packages import rebuild_package
from shared.flows.rebuilding.receipts import Rebuilt, rebuild_receipt
from shared.pos.adapter import localised
from shared.retail.business_day import store_zone
from shared.retail.mapped import StoreSetup
from shared.retail.status import Status
from shared.retail.transaction import Transaction
from shared.services import Services
from shared.storage.amendments import as_amended
from shared.storage.corrections import CORRECTION
from shared.storage.erasures import AT, BY, GONE, is_gone
from shared.storage.keys import join_key, prefix_end
from shared.storage.protocols import Row
from shared.storage.receipts import identity_key, receipts_of_day
from shared.storage.shifts import shifts_of_day

READS_AT_ONCE = 32


@dataclass(frozen=True, slots=True)
class Report:
    """What was derived again, where it differs, and what could not be compared and why."""

    store: str
    business_day: date
    receipts: int
    packages: int
    findings: tuple[Finding, ...]
    not_compared: tuple[str, ...]

    def as_json(self) -> dict[str, object]:
        """Give it as the API does."""
        return {
            "store": self.store,
            "business_day": self.business_day.isoformat(),
            "receipts": self.receipts,
            "packages": self.packages,
            "alike": not self.findings,
            "findings": [
                {
                    "what": one.what,
                    "name": one.name,
                    "field": one.field,
                    "rebuilt": one.rebuilt,
                    "kept": one.kept,
                }
                for one in self.findings
            ],
            "not_compared": list(self.not_compared),
        }


async def rebuild_storeday(
    services: Services, store_id: str, day: date, known_packages: set[str] | None = None
) -> Report:
    """Rebuild one store-day and every package its receipts are in. known_packages: those looked at before, added to."""
    rows = await receipts_of_day(services.tables.transactions, store_id, day)
    rebuilt = await _receipts(services, store_id, day, rows)
    findings = [finding for one in rebuilt for finding in one.findings]
    findings += await undecided(services, store_id, rows)
    skipped = [one for row in rows if (one := _not_as_it_came(row))]
    mappings = await services.mappings.at_least(0)
    store = mappings.store(store_id, day)
    if store is None:
        skipped.append(f"shifts and statement: {store_id} is no store we know")
    else:
        if any(is_gone(row) for row in rows):
            skipped.append("shifts: documents that told of them were let go")
        else:
            findings += await rebuild_shifts(services, store, day, _rung_up(store, rows))
        day_rows = [one.row for one in rebuilt if one.row.key.startswith("day~")]
        more, why = await rebuild_statement(services, store, day, day_rows)
        findings += more
        skipped += [f"statement: {why}"] if why else []
    seen = known_packages if known_packages is not None else set()
    sent = [*rows, *await shifts_of_day(services.tables.shifts, store_id, day)]
    packages = sorted({row.text("Package") for row in sent if row.text("Package")} - seen)
    for package in packages:
        more, why = await rebuild_package(services, package)
        findings += more
        skipped += [f"package {package}: {why}"] if why else []
        seen.add(package)
    return Report(store_id, day, len(rows), len(packages), tuple(findings), tuple(skipped))


def _not_as_it_came(row: Row) -> str:
    """Say of what is left of a receipt why it is not what arrived; "" where it is."""
    name = f"what arrived as receipt {receipt_name(row)}"
    if is_gone(row):
        return f"{name}: its document was let go on {row.instant(GONE):%Y-%m-%d} by retention"
    if AT in row.values:
        return f"{name}: personal data was erased on {row.instant(AT):%Y-%m-%d} by {row.text(BY)}"
    return ""


async def list_store_days(services: Services) -> list[tuple[str, date]]:
    """Give every store-day that has a receipt."""
    found = set()
    async for row in services.tables.transactions.query(
        key_from="day~", key_before=prefix_end("day~"), select=("BusinessDay",)
    ):
        found.add((row.partition, date.fromisoformat(row.text("BusinessDay"))))
    return sorted(found)


async def _receipts(services: Services, store: str, day: date, rows: Sequence[Row]) -> list[Rebuilt]:
    """Derive every receipt of the day, and every second version that stands beside one."""
    table = services.tables.transactions
    prefix = f"{join_key('conflict', store, day.isoformat())}~"
    conflicts = [row async for row in table.query(store, key_from=prefix, key_before=prefix_end(prefix))]
    mappings = await services.mappings.at_least(max([row.number("MappingVersion") for row in rows] or [0]))
    material = Material(services.settings.d365, mappings, {})
    rebuilt = [rebuild_receipt(row, None, mappings, material) for row in conflicts]
    for at in range(0, len(rows), READS_AT_ONCE):
        part = rows[at : at + READS_AT_ONCE]
        keys = [identity_key(store, row.text("Account"), row.text("TransactionId")) for row in part]
        found = await services.together(*(table.read(store, key) for key in keys))
        rebuilt += [
            rebuild_receipt(row, identity, mappings, material)
            for row, identity in zip(part, found, strict=True)
        ]
    return rebuilt


def _rung_up(store: StoreSetup, rows: Sequence[Row]) -> list[Transaction]:
    """Give the transactions that shifts were kept from: mapped at least once, rung up at a till."""
    zone, found = store_zone(store.time_zone), []
    for row in rows:
        if row.text(CORRECTION) or row.text("Status") == Status.RECEIVED:
            continue
        transaction = read_kept(row)
        if transaction is not None:
            transaction = as_amended(row, replace(transaction, store=row.partition))
            found.append(localised(transaction, zone))
    return found

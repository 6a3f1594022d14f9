"""Trace one receipt from its printed number: document, changes, mapping, package, validation, D365, statement, on one page.

Everything is read as it is kept, and every hash is checked on the way: what was altered since is named.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from datetime import date
from typing import Any

from shared.flows.posting.kept import read_kept
from shared.pos.adapter import localised
from shared.retail.business_day import store_zone
from shared.retail.identity import content_hash
from shared.services import Services
from shared.storage.amendments import amendments_of
from shared.storage.causes import cause_rows
from shared.storage.erasures import AT, BY, GONE, ORIGINAL, WHY, is_erased, is_gone
from shared.storage.erasures import HASH as ERASED_HASH
from shared.storage.keys import join_key, prefix_end
from shared.storage.mappings import import_of_version
from shared.storage.packages import package_key
from shared.storage.protocols import Condition, Row
from shared.storage.receipts import document_of, receipt_label
from shared.storage.signed import is_unaltered, signed_from, signed_of_day

RECEIPTS_MAX = 20  # tills of one store that printed the same number on one day
CAUSES_MAX = 20
_PACKAGE_SHOWN = {
    "execution": "ExecutionId", "attempt": "Attempt", "stage": "Stage", "final_status": "FinalStatus", "sha256": "Sha256",
    "receipts": "Receipts", "started_at": "StartedAt", "ended_at": "EndedAt",
}  # fmt: skip


async def trace_receipt(services: Services, store: str, day: date, number: str) -> list[dict[str, Any]]:
    """Give the trail of each receipt of a store-day that has this printed number, or this transaction id; [] for none.

    A reversal and a replacement carry their original's printed number, so the trail of a corrected receipt has all three.
    """
    rows = await _find(services, store, day, number)
    signed = await signed_of_day(services.tables.statements, store, day) if rows else []
    return [await _trail(services, row, signed) for row in rows[:RECEIPTS_MAX]]


async def _find(services: Services, store: str, day: date, number: str) -> list[Row]:
    table = services.tables.transactions
    found: dict[str, Row] = {}
    for kind in ("day", "conflict"):
        prefix = f"{join_key(kind, store, day.isoformat())}~"
        for column in ("ReceiptNumber", "TransactionId"):
            where = (Condition(column, "eq", number),)
            async for row in table.query(store, key_from=prefix, key_before=prefix_end(prefix), where=where):
                found[row.key] = row
    return [found[key] for key in sorted(found)]


async def _trail(services: Services, row: Row, signed: list[Row]) -> dict[str, Any]:
    document, package = await _document(services, row), await _package(services, row)
    signatures = _signatures(row, signed)
    altered = [f"the {what}" for what, good in document.pop("checks").items() if not good]
    altered += [f"the signed {one['what']}" for one in signatures if not one["unaltered"]]
    return {
        "receipt": receipt_label(row),
        "is_second_version": row.text("Record") == "conflict",
        "store": row.partition,
        "business_day": row.text("BusinessDay"),
        "terminal": row.text("Terminal"),
        "account": row.text("Account"),
        "transaction_id": row.text("TransactionId"),
        "status": row.text("Status"),
        "total": row.text("Total"),
        "currency": row.text("Currency"),
        "document": document,
        "history": row.text("History").split("\n"),
        "causes": await _causes(services, row),
        "mapping": await _mapping(services, row),
        "package": package,
        "d365": _in_d365(row),
        "corrections": _corrections(row),
        "erased": _erased(row),
        "amendments": [
            {"what": one.words, "by": one.by, "why": one.reason, "at": one.at} for one in amendments_of(row)
        ],
        "write_off": _write_off(row),
        "signed": signatures,
        "altered": altered,
    }


async def _document(services: Services, row: Row) -> dict[str, Any]:
    """Say what arrived, when and how, and whether it still is what it was; what retention let go was not altered."""
    try:
        kept = b"" if is_gone(row) else document_of(row)
        unaltered = is_gone(row) or hashlib.sha256(kept).hexdigest() == row.text("DocumentSha256")
    except zlib.error:
        kept, unaltered = b"", False
    return {
        "received_at": row.instant("ReceivedAt").isoformat(),
        "completed_at": row.instant("CompletedAt").isoformat(),
        "adapter": row.text("Adapter"),
        "revision": row.text("Revision") or None,
        "bytes": len(kept),
        "sha256": row.text("DocumentSha256"),
        "content_hash": row.text("ContentHash"),
        "let_go_at": row.instant(GONE).isoformat() if is_gone(row) else None,
        "checks": {
            "kept document": unaltered,
            "content hash": is_gone(row) or (unaltered and await _same_content(services, row)),
        },
    }


async def _same_content(services: Services, row: Row) -> bool:
    """Derive the content's hash again; that of a correction is its own, and is looked at when a day is rebuilt."""
    transaction = read_kept(row)
    if transaction is None or row.text("Correction"):
        return transaction is not None
    # A store's time zone may have been corrected since: what counts is the one the receipt was kept with.
    zones = (await services.mappings.at_least(0)).time_zones(row.partition)
    read = [localised(transaction, store_zone(zone)) for zone in sorted(zones)] or [transaction]
    return row.text(ERASED_HASH if is_erased(row) else "ContentHash") in {content_hash(one) for one in read}


def _erased(row: Row) -> dict[str, str] | None:
    """Say who erased what may speak of a person, when and why: the document is what is left of it."""
    if AT not in row.values:
        return None
    at = row.instant(AT).isoformat()
    return {"at": at, "by": row.text(BY), "why": row.text(WHY), "sha256_before": row.text(ORIGINAL)}


async def _causes(services: Services, row: Row) -> list[dict[str, Any]]:
    """Give what held the receipt, open or ended, as far as its row names it."""
    found: list[Row] = []
    for fingerprint in dict.fromkeys(_fingerprints(row)):
        found += [one async for one in cause_rows(services.tables.causes, fingerprint)]
    mine = (row.text("Account"), row.text("TransactionId"))
    return [
        {
            "reason": one.text("Reason"),
            "value": one.text("Value"),
            "owner": one.text("Owner"),
            "state": one.text("State"),
            "ended": one.text("EndedHow") or None,
        }
        for one in found
        if (one.text("Account"), one.text("TransactionId")) == mine
    ][:CAUSES_MAX]


def _fingerprints(row: Row) -> list[str]:
    listed: list[str] = json.loads(row.text("Fingerprints", "[]"))
    return [one for one in (*listed, row.text("Fingerprint")) if one]


async def _mapping(services: Services, row: Row) -> dict[str, Any] | None:
    """Give the version the receipt was mapped with, and the last import that is in it."""
    version = row.number("MappingVersion") if "MappingVersion" in row.values else 0
    if not version:
        return None
    last = await import_of_version(services.tables.mappings, version)
    by = {"kind": last.text("Kind"), "by": last.text("By"), "reason": last.text("Reason")} if last else {}
    return {"version": version, **by, "shift": row.text("Shift") or None}


async def _package(services: Services, row: Row) -> dict[str, Any] | None:
    name = row.text("Package")
    if not name:
        return None
    environment = services.settings.d365.environment_id
    kept = await services.tables.packages.read(environment, package_key(environment, name))
    shown = {} if kept is None else {key: _plain(kept, column) for key, column in _PACKAGE_SHOWN.items()}
    history = kept.text("History").split("\n") if kept is not None else []
    return {"package": name, **shown, "history": history}


def _plain(row: Row, column: str) -> object:
    value = row.values.get(column)
    return value if isinstance(value, str | int | None) else str(value)


def _in_d365(row: Row) -> dict[str, Any]:
    names = {
        "legal_entity": "LegalEntity", "operating_unit": "OperatingUnit", "register": "Register", "number": "D365Number",
        "statement": "D365Statement", "sales_order": "SalesOrder", "invoice": "Invoice", "credit_note": "CreditNote",
    }  # fmt: skip
    evidence = [line for line in row.text("Evidence").split("\n") if line]
    return {key: row.text(column) or None for key, column in names.items()} | {"evidence": evidence}


def _corrections(row: Row) -> dict[str, str]:
    names = {
        "reversal_of": "ReversalOf", "replacement_of": "ReplacementOf", "reversed_by": "ReversedBy",
        "replaced_by": "ReplacedBy",
    }  # fmt: skip
    return {key: row.text(column) for key, column in names.items() if row.text(column)}


def _write_off(row: Row) -> dict[str, str] | None:
    """Say who proposed that it never goes, and who agreed."""
    names = {
        "proposed_by": "ProposedBy", "proposed_why": "ProposedWhy", "approved_by": "WrittenOffBy", "why": "WrittenOffWhy",
        "at": "WrittenOffAt",
    }  # fmt: skip
    return {key: row.text(column) for key, column in names.items() if row.text(column)} or None


def _signatures(row: Row, signed: list[Row]) -> list[dict[str, Any]]:
    """Give every signature under a statement or supplement that knew the receipt, and its status then."""
    found = []
    for kept in signed:
        one = signed_from(kept)
        status = one.statuses.get(f"{row.text('Account')} {row.text('TransactionId')}")
        if status is not None:
            unaltered = is_unaltered(kept)
            found.append(
                {"what": one.name, "by": one.by, "at": one.at, "status_then": status, "unaltered": unaltered}
            )
    return found

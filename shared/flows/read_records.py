"""Read what people and tills ask for: one transaction and where it stands, statements, store-days, causes."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any

from shared.flows.telling.shown import with_history, with_states
from shared.retail.money import ZERO, money_text
from shared.retail.runbooks import runbook_of
from shared.services import Services
from shared.settings import Sender
from shared.storage.causes import cause_rows
from shared.storage.protocols import Row
from shared.storage.receipts import UNKNOWN_STORE, identity_key
from shared.storage.signed import is_unaltered, signed_from, signed_key, signed_text
from shared.storage.statements import statement_key, statement_text, storedays_of

_SHOWN = {
    "status": "Status", "store": "Store", "terminal": "Terminal", "account": "Account", "transaction_id": "TransactionId",
    "business_day": "BusinessDay", "receipt_number": "ReceiptNumber", "sequence_number": "SequenceNumber", "kind": "Kind",
    "shape": "Shape", "shift": "Shift", "currency": "Currency", "total": "Total", "content_hash": "ContentHash",
    "revision": "Revision", "adapter": "Adapter", "document_sha256": "DocumentSha256", "mapping_version": "MappingVersion",
    "late": "Late", "package": "Package", "legal_entity": "LegalEntity", "operating_unit": "OperatingUnit",
    "register": "Register", "d365_number": "D365Number", "d365_statement": "D365Statement", "sales_order": "SalesOrder",
    "invoice": "Invoice", "credit_note": "CreditNote", "cause": "Cause", "cause_value": "CauseValue",
    "fingerprint": "Fingerprint", "excluded_because": "ExcludedBecause", "reversal_of": "ReversalOf",
    "replacement_of": "ReplacementOf", "posts_on": "PostsOn", "reversed_by": "ReversedBy", "replaced_by": "ReplacedBy",
}  # fmt: skip


async def read_transaction(
    services: Services, store: str, account: str, transaction_id: str
) -> dict[str, Any] | None:
    """Give one transaction and where it stands, with its history; None when it never arrived."""
    table = services.tables.transactions
    identity = await table.read(store, identity_key(store, account, transaction_id))
    row = await table.read(store, identity.text("DayKey")) if identity is not None else None
    if row is None:
        return None
    body: dict[str, Any] = {
        name: row.values.get(column) for name, column in _SHOWN.items() if column in row.values
    }
    body["received_at"] = row.instant("ReceivedAt").isoformat()
    body["completed_at"] = row.instant("CompletedAt").isoformat()
    body["evidence"] = [line for line in row.text("Evidence").split("\n") if line]
    body["history"] = row.text("History").split("\n")
    return body


def may_read(sender: Sender, store: str, account: str) -> bool:
    """Say whether a sender may see a transaction: its own, of its stores or kept under the unknown one."""
    return sender.account == account and (store == UNKNOWN_STORE or sender.may_send_for(store))


async def read_statement(services: Services, store: str, day: date) -> dict[str, Any] | None:
    """Give a store-day's statement as it was last compiled; None when it has not been."""
    row = await services.tables.statements.read(store, statement_key(store, day))
    if row is None:
        return None
    body: dict[str, Any] = json.loads(statement_text(row))
    return body | {
        "revision": row.number("Revision"),
        "compiled_at": row.instant("CompiledAt").isoformat(),
        "ended": True,
    }


async def read_signed(services: Services, store: str, day: date, number: int) -> dict[str, Any] | None:
    """Give what was signed, as it was signed, and whether it still has the hashes it was signed under."""
    row = await services.tables.statements.read(store, signed_key(store, day, number))
    if row is None:
        return None
    signed, text = signed_from(row), signed_text(row)
    return {
        "signed": signed.name,
        "by": signed.by,
        "role": signed.role,
        "reason": signed.reason,
        "at": signed.at,
        "sha256": signed.sha256,
        "unaltered": is_unaltered(row),
        "text": text,
    }


async def list_storedays(services: Services, legal_entity: str, day: date) -> list[dict[str, Any]]:
    """Give the summaries of a legal entity's business day, by store."""
    names = {
        "store": "Store", "business_day": "BusinessDay", "verdict": "Verdict", "currency": "Currency", "pos_says": "PosSays",
        "received": "Received", "in_d365": "InD365", "posted": "Posted", "difference": "Difference",
        "unexplained": "Unexplained", "receipts": "Receipts", "receipts_posted": "ReceiptsPosted",
        "signed_by": "SignedBy", "signed_at": "SignedAt", "open_supplement": "Supplement",
        "vouchers": "Vouchers",
    }  # fmt: skip
    found = []
    async for row in storedays_of(services.tables.storedays, legal_entity, day):
        body: dict[str, Any] = {name: row.values.get(column) for name, column in names.items()}
        body["causes"] = json.loads(row.text("Causes", "[]"))
        body["compiled_at"] = row.instant("CompiledAt").isoformat()
        found.append(body)
    return sorted(found, key=lambda one: str(one["store"]))


async def list_causes(services: Services, state: str | None, day: str | None) -> list[dict[str, Any]]:
    """Give causes, not receipts: one entry a fingerprint, counted now; the most valuable first."""
    groups: dict[str, list[Row]] = {}
    async for row in cause_rows(services.tables.causes, None, state if state == "open" else None):
        if day is None or row.text("BusinessDay") in ("", day):
            groups.setdefault(row.partition, []).append(row)
    causes = await with_states(services, [_cause_body(rows) for rows in groups.values()])
    return sorted(
        (one for one in causes if state in (None, one["state"])),
        key=lambda one: (-abs(Decimal(one["amount"])), one["fingerprint"]),
    )


async def read_cause(services: Services, fingerprint: str) -> dict[str, Any] | None:
    """Give one cause with everything it holds or held."""
    rows = [row async for row in cause_rows(services.tables.causes, fingerprint)]
    if not rows:
        return None
    members = [_member_body(row) for row in sorted(rows, key=lambda row: row.key)]
    return await with_history(services, _cause_body(rows)) | {"members": members}


def _cause_body(rows: list[Row]) -> dict[str, Any]:
    """Count a cause: what is open, or, when nothing is, what it held."""
    still = [row for row in rows if row.text("State") == "open"]
    counted = still or rows
    newest = max(counted, key=lambda row: row.instant("Since"))
    amounts = _amounts(counted)
    currency = max(amounts, key=lambda one: (abs(amounts[one]), one), default="")
    ended = [row.instant("EndedAt") for row in rows if "EndedAt" in row.values]
    return {
        "fingerprint": newest.partition,
        "code": newest.text("Reason"),
        "value": newest.text("Value"),
        "state": "open" if still else "ended",
        "owner": newest.text("Owner"),
        "fault": newest.text("Fault"),
        "what_happened": newest.text("WhatHappened"),
        "why": newest.text("Why"),
        "holds_up": newest.text("HoldsUp"),
        "do_this": newest.text("DoThis"),
        "runbook": runbook_of(newest.text("Reason")),
        "receipts": sum(row.number("Receipts", 1) for row in counted),
        "amount": money_text(amounts.get(currency, ZERO), currency or "USD"),
        "currency": currency,
        "amounts": [
            {"currency": one, "amount": money_text(amount, one or "USD")}
            for one, amount in sorted(amounts.items())
        ],
        "stores": _distinct(row.text("Store") for row in counted),
        "first_seen": min(row.instant("Since") for row in rows).isoformat(),
        "last_seen": newest.instant("Since").isoformat(),
        "ended_at": max(ended).isoformat() if ended and not still else None,
        "ended_how": _distinct(row.text("EndedHow") for row in rows),
    }


def _amounts(rows: Iterable[Row]) -> dict[str, Decimal]:
    """Add up by currency, never across: stores of several currencies may wait for one fix."""
    amounts: dict[str, Decimal] = {}
    for row in rows:
        amount, currency = Decimal(row.text("Amount") or "0"), row.text("Currency")
        if amount or currency:
            amounts[currency] = amounts.get(currency, ZERO) + amount
    return amounts


def _member_body(row: Row) -> dict[str, Any]:
    return {
        "what": row.text("What"),
        "store": row.text("Store"),
        "terminal": row.text("Terminal"),
        "business_day": row.text("BusinessDay"),
        "account": row.text("Account"),
        "transaction_id": row.text("TransactionId"),
        "receipt_number": row.text("ReceiptNumber"),
        "sequence_number": row.number("SequenceNumber") if "SequenceNumber" in row.values else None,
        "amount": row.text("Amount"),
        "currency": row.text("Currency"),
        "state": row.text("State"),
        "since": row.instant("Since").isoformat(),
        "ended_how": row.text("EndedHow") or None,
        "link": row.text("Link") or None,
    }


def _distinct(texts: Iterable[str]) -> list[str]:
    return sorted({text for text in texts if text})

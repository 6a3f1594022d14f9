"""Derive a receipt's rows again from its kept document, its mapping version and its history, and compare."""

from __future__ import annotations

import hashlib
import itertools
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from shared.d365 import entities
from shared.d365.records import header_row
from shared.d365.rows import transaction_rows
from shared.flows.posting.build import Material, mapped_again
from shared.flows.posting.kept import read_kept
from shared.flows.rebuilding.findings import Finding, differences, receipt_name
from shared.pos.adapter import localised
from shared.retail.business_day import business_day_of, closing_hour, store_zone
from shared.retail.figures import figures_of, figures_text
from shared.retail.identity import content_hash
from shared.retail.late import posting_day
from shared.retail.mapped import MappedTransaction
from shared.retail.mapping import SENT_KINDS, Mappings
from shared.retail.reversal import REVERSAL, turned
from shared.retail.status import Status, may_advance
from shared.retail.transaction import Transaction
from shared.storage.amendments import AMENDMENTS, LEDGER_FIGURES, as_amended
from shared.storage.corrections import CORRECTION
from shared.storage.erasures import HASH as ERASED_HASH
from shared.storage.erasures import is_erased, is_gone
from shared.storage.protocols import Row, Value
from shared.storage.receipts import UNKNOWN_STORE, document_of, key_values, receipt_rows

RECEIPT = "receipt"
# What mapping and D365's answers add to a row later is compared by itself, or has no source but itself.
_LATER = frozenset({"Status", "History", "Shift"})
_OF_CORRECTIONS = frozenset({"Figures", "Total"})  # a reversal's are its original's, turned
_SENT_FIGURES = (("D365Gross", "gross"), ("D365Payment", "payment"))
_STATUSES = {str(one): one for one in Status}


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """A receipt derived again. row: as it is kept, its derived columns as they must be. mapped: None where not mapped."""

    row: Row
    findings: tuple[Finding, ...]
    mapped: MappedTransaction | None = None


def rebuild_receipt(row: Row, identity: Row | None, mappings: Mappings, material: Material) -> Rebuilt:
    """Derive one receipt again, from its document to the rows it went to D365 with."""
    name = receipt_name(row)
    if is_gone(row):
        return Rebuilt(row, tuple(_history(row, name)))
    document, findings = _document(row, name)
    transaction = read_kept(row) if document is not None and not findings else None
    if document is None or transaction is None:
        findings = findings or [Finding(RECEIPT, name, "kept document", "readable", "of another format")]
        return Rebuilt(row, tuple(findings))
    transaction, day = as_ingested(row, transaction, mappings)
    fresh_identity, fresh = receipt_rows(
        transaction, day=day, document=document, adapter=row.text("Adapter"), content_hash=content_hash(transaction),
        received_at=row.instant("ReceivedAt"),
    )  # fmt: skip
    if row.key.startswith("conflict~"):
        fresh = fresh.with_values(Record="conflict")
    names = [one for one in fresh.values if one not in _LATER and not one.startswith("Document")]
    fresh_identity, fresh, names = _without_what_was_erased(row, fresh_identity, fresh, names)
    if row.text(CORRECTION):
        names = [one for one in names if one not in _OF_CORRECTIONS]
    findings += differences(RECEIPT, name, fresh.values, row.values, names)
    if row.key.startswith("day~"):
        kept = identity.values if identity is not None else {}
        findings += differences(
            "identity of receipt", name, fresh_identity.values, kept, fresh_identity.values
        )
    if AMENDMENTS in row.values:
        findings += differences(RECEIPT, name, _in_ledger(row, transaction), row.values, [LEDGER_FIGURES])
    findings += _history(row, name)
    derived = row.with_values(**{one: fresh.values[one] for one in names})
    mapped, more = _mapped(row, name, material)
    return Rebuilt(derived, (*findings, *more), mapped)


def _without_what_was_erased(
    row: Row, identity: Row, fresh: Row, names: list[str]
) -> tuple[Row, Row, list[str]]:
    """Of an erased receipt the hash of what is left is derived; that of what arrived has no source any more."""
    if not is_erased(row):
        return identity, fresh, names
    mark = fresh.text("ContentHash")
    marked = identity.with_values(ContentHash=row.text("ContentHash"))
    fresh = fresh.with_values(**{ERASED_HASH: mark})
    return marked, fresh, [*(one for one in names if one != "ContentHash"), ERASED_HASH]


def _in_ledger(row: Row, transaction: Transaction) -> dict[str, Value | None]:
    """Derive the figures by which an amended receipt's ledger goes, from its document and what people said."""
    figures = figures_of(as_amended(row, transaction))
    return {LEDGER_FIGURES: figures_text(figures) if transaction.is_for_the_ledger else None}


def _document(row: Row, name: str) -> tuple[bytes | None, list[Finding]]:
    try:
        document = document_of(row)
    except zlib.error:
        return None, [Finding(RECEIPT, name, "kept document", "as it came", "altered: it cannot be unpacked")]
    digest = hashlib.sha256(document).hexdigest()
    if digest != row.text("DocumentSha256"):
        return document, [
            Finding(RECEIPT, name, "kept document (SHA-256)", row.text("DocumentSha256"), digest)
        ]
    return document, []


def as_ingested(row: Row, transaction: Transaction, mappings: Mappings) -> tuple[Transaction, date]:
    """Give the transaction as the door saw it: its store ours, its times the store's, its day found as then."""
    kept_day = date.fromisoformat(row.text("BusinessDay"))
    store = mappings.store(row.partition, kept_day) if row.partition != UNKNOWN_STORE else None
    if row.text(CORRECTION) == REVERSAL:
        original = replace(transaction, transaction_id=row.text("ReversalOf"))
        transaction = turned(original, row.text("TransactionId"))
    elif row.text(CORRECTION):
        transaction = replace(transaction, sequence_number=None, revision=None)
    transaction = replace(transaction, store=row.partition)
    if store is None:
        return transaction, transaction.business_day or transaction.completed_at.date()
    zone = store_zone(store.time_zone)
    transaction = localised(transaction, zone)
    if row.text(CORRECTION):
        return transaction, kept_day  # a person chose the day a correction counts for
    found = business_day_of(transaction.completed_at, zone, closing_hour(store.closing_time))
    return transaction, transaction.business_day or found


def _history(row: Row, name: str) -> list[Finding]:
    """Follow the history through the table of statuses; one that was shortened is followed from where it goes on."""
    lines = [line.partition(" ")[2] for line in row.text("History").splitlines()]
    told = [_status_in(line) for line in lines]
    statuses = [one for one in told if one is not None]
    findings = []
    if not statuses or str(statuses[-1]) != row.text("Status"):
        last = str(statuses[-1]) if statuses else "nothing"
        findings.append(Finding(RECEIPT, name, "status", f"{last}, by its history", row.text("Status")))
    if "…" in lines or "(revision)" in row.text("History"):
        return findings
    for before, after in itertools.pairwise(statuses):
        if not may_advance(before, after):
            findings.append(
                Finding(RECEIPT, name, "history", f"no move from {before} to {after}", "such a move")
            )
    return findings


def _status_in(line: str) -> Status | None:
    words = line.partition(":")[0].strip()
    return _STATUSES.get(words) or _STATUSES.get(words.partition(" ")[0])


def _mapped(row: Row, name: str, material: Material) -> tuple[MappedTransaction | None, list[Finding]]:
    """Map a receipt again that D365 has or is to have, with its own mapping version, and compare key and figures."""
    if not row.text("D365Number") or not row.number("MappingVersion"):
        return None, []
    frozen = row.with_values(Status=str(Status.SENDING))
    good, _ = mapped_again(replace(material, receipts=[frozen]))
    if not good:
        version = row.number("MappingVersion")
        return None, [Finding(RECEIPT, name, "mapping", f"none with mappings {version}", "mapped")]
    ((_, mapped),) = good
    is_correction = bool(row.text(CORRECTION))
    again = mapped_again(replace(material, receipts=[frozen.with_values(D365Number=None)]))[0]
    derived = again[0][1] if again and not is_correction else mapped
    rebuilt = {
        **key_values(derived), "D365Rows": _rows_of(mapped), "ShiftNumber": mapped.shift_number,
        "PostsOn": _posts_on(row, mapped, material),
    }  # fmt: skip
    fields = [one for one in rebuilt if one != "D365Rows" or not is_correction]
    findings = differences(RECEIPT, name, rebuilt, row.values, fields)
    return mapped, findings + _answers(row, name, mapped)


def _posts_on(row: Row, mapped: MappedTransaction, material: Material) -> str | None:
    """Derive the day D365 has a receipt under, from the policy and the periods it was mapped by; a reversal keeps its own."""
    if row.text(CORRECTION) == REVERSAL or mapped.transaction.kind not in SENT_KINDS:
        return None
    mappings = material.mappings.at_version(row.number("MappingVersion"))
    day = posting_day(mappings, mapped.store.legal_entity, date.fromisoformat(row.text("BusinessDay")))
    return day.isoformat() if day is not None else None


def _rows_of(mapped: MappedTransaction) -> int:
    lines = mapped.transaction.lines
    return 1 + len(lines) + len(mapped.tenders) + sum(len(line.taxes) + len(line.discounts) for line in lines)


def _answers(row: Row, name: str, mapped: MappedTransaction) -> list[Finding]:
    """Compare what D365 answered, as it is recorded, with what was sent."""
    if "D365Gross" not in row.values:
        return []
    sent = header_row(transaction_rows(mapped, row.text("Package"))[entities.HEADERS][0])
    pairs: Sequence[tuple[str, str, str]] = [
        (column, str(getattr(sent, attribute)), row.text(column)) for column, attribute in _SENT_FIGURES
    ]
    return [
        Finding(RECEIPT, name, f"{column}, as D365 answered", was_sent, answered)
        for column, was_sent, answered in pairs
        if _amount(was_sent) != _amount(answered)
    ]


def _amount(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text else text

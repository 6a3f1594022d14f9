"""Believe D365 only after reading back: which receipts of a package it has, which differ, which it refused.

Pure decisions; `post_transactions` applies them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from shared.d365.decoder import decode, normalised
from shared.d365.records import HeaderRow, header_row
from shared.d365.rows import transaction_rows
from shared.retail.mapped import D365Key, MappedTransaction
from shared.retail.reasons import REASONS, Cause, cause
from shared.storage.protocols import Row

ABSENT_TRIES_MAX = 3
_COMPARED = (
    "business_day", "status", "gross", "net", "payment", "discount", "income_expense", "items", "item_lines",
    "payment_lines",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Outcome:
    """What read-back says of one receipt: sent, to go out again, or held for a cause."""

    row: Row
    sent: bool = False
    again: bool = False
    held_for: Cause | None = None
    header: HeaderRow | None = None


def outcomes_of(
    expected: Sequence[tuple[Row, MappedTransaction]],
    headers: Iterable[HeaderRow],
    errors: Mapping[str, Sequence[str]],
    readings: int,
) -> list[Outcome]:
    """Compare what was sent with what D365 has.

    errors: D365's messages by transaction number; "" holds those that name no receipt. readings: how often the package
    has been read back, this time included. A receipt that D365 does not have and says nothing about, or that met another
    job there, goes out again until the third reading; then a person looks. A header alone is no receipt: one of its
    other rows may have been refused.
    """
    by_key = {header.key: header for header in headers}
    return [_outcome(row, mapped, by_key, errors, readings) for row, mapped in expected]


def _outcome(
    row: Row,
    mapped: MappedTransaction,
    by_key: Mapping[D365Key, HeaderRow],
    errors: Mapping[str, Sequence[str]],
    readings: int,
) -> Outcome:
    header = by_key.get(mapped.key)
    messages = errors.get(mapped.key.transaction_number, ())
    if header is not None and header.figures != as_sent(mapped).figures:
        label = row.text("ReceiptNumber") or row.text("TransactionId")
        differing = differences(as_sent(mapped), header)
        return Outcome(row, held_for=cause("changed_in_d365", label, differing=differing))
    if header is not None and not messages:
        return Outcome(row, sent=True, header=header)
    general = errors.get("", ())
    # Of what is absent D365 may name a row that fell with the one that met another job: the whole package's words count.
    passing = any(decode(text).passes for text in (messages if header is not None else general))
    if readings < ABSENT_TRIES_MAX and (passing or not messages):
        return Outcome(row, again=True)
    said = [text for text in (*messages, *general) if text]
    text = said[0] if said else "D365 reported an end of the import but does not have the receipt"
    return Outcome(row, held_for=refusal_cause(text))


def as_sent(mapped: MappedTransaction) -> HeaderRow:
    """Give the header as it was sent, to compare with the one D365 has."""
    return header_row(transaction_rows(mapped, "")["Transactions"][0])


def is_as_sent(mapped: MappedTransaction, header: HeaderRow | None) -> bool:
    """Say whether a receipt may be sent (again): D365 has no header of it, or an unposted one with the same figures."""
    return header is None or (header.status != "Posted" and header.figures == as_sent(mapped).figures)


def differences(sent: HeaderRow, found: HeaderRow) -> str:
    """Say where D365's header is not what was sent; "" where it is."""
    if sent.figures == found.figures:
        return ""
    return "; ".join(
        f"{name} {getattr(found, name)} instead of {getattr(sent, name)}"
        for name in _COMPARED
        if getattr(sent, name) != getattr(found, name)
    )


def errors_by_transaction(
    failed_keys: Iterable[Mapping[str, str]], messages: Sequence[str]
) -> dict[str, list[str]]:
    """Give D365's messages by transaction number: those that name it, else all; "" holds them all.

    failed_keys: rows of D365's error-keys files.
    """
    errors: dict[str, list[str]] = {"": list(messages)}
    for row in failed_keys:
        number = next((value for name, value in row.items() if name.upper() == "TRANSACTIONNUMBER"), "")
        if number:
            naming = [text for text in messages if number in text]
            errors[number] = naming or list(messages) or ["D365 refused it without a reason"]
    return errors


def refusal_cause(text: str) -> Cause:
    """Turn D365's own text into a cause, by the decoder; unknown text stays as it is."""
    decoded = decode(text)
    code = decoded.reason if decoded.reason in REASONS and not decoded.passes else "d365_refused"
    return cause(code, normalised(text)[:200], words=text[:500])

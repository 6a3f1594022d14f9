"""Find what is kept of a person: the receipts whose documents hold an order number, a customer's number or another text.

There is no list of persons here, so a stretch of days is read. Nothing is written.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence
from datetime import date, timedelta
from typing import Any

from shared.errors import RejectedError
from shared.flows.posting.kept import read_as_sent
from shared.retail.erasure import personal_values
from shared.services import Services
from shared.storage.erasures import AT, BY, is_erased, is_gone
from shared.storage.keys import join_key
from shared.storage.protocols import Row
from shared.storage.receipts import UNKNOWN_STORE, document_of

DAYS_MAX, TEXTS_MAX, FOUND_MAX = 400, 10, 200
STORE_DAYS_MAX = 4_000


async def find_personal(
    services: Services, account: str, texts: Sequence[str], first: date, last: date, stores: Sequence[str]
) -> dict[str, Any]:
    """Give the receipts of a source account that hold one of the texts whole, with everything of a person that is kept of them.

    stores: where to look, [] for all. The first 200.

    Raises:
        RejectedError: too many texts, days or stores at once.
    """
    known = sorted(one.store for one in (await services.mappings.at_least(0)).stores())
    where = list(dict.fromkeys([*(stores or known), UNKNOWN_STORE]))
    _refuse_too_much(texts, first, last, where)
    pattern = re.compile("|".join(rf"(?<!\w){re.escape(one)}(?!\w)" for one in texts))
    found: list[dict[str, Any]] = []
    for store in where:
        async for row in _rows(services, store, first, last):
            if row.text("Account") == account and _holds(row, pattern):
                found.append(_told(row))
            if len(found) >= FOUND_MAX:
                return {"receipts": found, "more": True}
    return {"receipts": found, "more": False}


def _refuse_too_much(texts: Sequence[str], first: date, last: date, stores: Sequence[str]) -> None:
    days = (last - first).days + 1
    if not 1 <= len(texts) <= TEXTS_MAX:
        raise RejectedError(
            "so many texts cannot be looked for at once", field="texts", expected=f"1 to {TEXTS_MAX}",
            found=str(len(texts)),
        )  # fmt: skip
    if not 1 <= days <= DAYS_MAX or days * len(stores) > STORE_DAYS_MAX:
        raise RejectedError(
            "so many days of so many stores are not read at once", field="to",
            expected=f"1 to {DAYS_MAX} days, and at most {STORE_DAYS_MAX} store-days",
            found=f"{days} days of {len(stores)} stores",
        )  # fmt: skip


async def _rows(services: Services, store: str, first: date, last: date) -> AsyncIterator[Row]:
    for record in ("day", "conflict"):
        start = f"{join_key(record, store, first.isoformat())}~"
        end = f"{join_key(record, store, (last + timedelta(days=1)).isoformat())}~"
        async for row in services.tables.transactions.query(store, key_from=start, key_before=end):
            yield row


def _holds(row: Row, pattern: re.Pattern[str]) -> bool:
    names = (row.text("TransactionId"), row.text("ReceiptNumber"), row.text("Operator"))
    if any(pattern.search(one) for one in names):
        return True
    if is_gone(row):
        return False
    return pattern.search(document_of(row).decode("utf-8", "replace")) is not None


def _told(row: Row) -> dict[str, Any]:
    transaction = read_as_sent(row)
    kept = personal_values(transaction, operator=True) if transaction is not None else {}
    return {
        "store": row.partition, "account": row.text("Account"), "transaction_id": row.text("TransactionId"),
        "business_day": row.text("BusinessDay"), "receipt_number": row.text("ReceiptNumber") or None,
        "is_second_version": row.text("Record") == "conflict", "status": row.text("Status"),
        "total": row.text("Total"), "currency": row.text("Currency"), "kept": kept,
        "erased_at": row.instant(AT).isoformat() if is_erased(row) and AT in row.values else None,
        "erased_by": row.text(BY) or None,
    }  # fmt: skip

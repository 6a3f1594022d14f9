"""What makes two deliveries the same receipt, and the numbers D365 knows it by. None of it ever expires.

Identity is (source account, store, transaction id). Sameness is a versioned hash of the normalised, masked
transaction, so that a webhook, a poll and a re-send of one receipt are one.
"""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal

from shared.retail.transaction import Transaction

HASH_VERSION = "h1"
D365_NUMBER_MAX = 44  # RetailTransactions.TransactionNumber (D365 facts §2.1)
_NOT_CONTENT = frozenset({"account", "revision", "extra", "drawer_generation"})
_ONLY_IF_SAID = frozenset(
    {"drawer", "drawer_till"}
)  # younger than the first hashes: unsaid, they change none
_PLAIN = re.compile(r"[A-Za-z0-9_.\-]+")
_ONE_CASE = re.compile(r"(?!.*\.[A-Z]+(\.[a-z]+)*$)[A-Z0-9_.\-]+?(\.[a-z]+)*")


def content_hash(transaction: Transaction) -> str:
    """Hash what a transaction says: same content, same text, whatever the order of keys or the spelling of numbers."""
    content = {
        one.name: _plain(getattr(transaction, one.name))
        for one in dataclasses.fields(transaction)
        if one.name not in _NOT_CONTENT
        and not (one.name in _ONLY_IF_SAID and getattr(transaction, one.name) is None)
    }
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return f"{HASH_VERSION}:{hashlib.sha256(text.encode()).hexdigest()}"


def _plain(value: object) -> object:
    if isinstance(value, Decimal):
        return _decimal_text(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(one) for one in value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {one.name: _plain(getattr(value, one.name)) for one in dataclasses.fields(value)}
    return value


def _decimal_text(amount: Decimal) -> str:
    text = f"{amount:f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text) if amount else "0"


def d365_transaction_number(account: str, transaction_id: str) -> str:
    """Derive the number a receipt has in D365 from its identity: readable where it fits, else a 160-bit hash.

    Unique within an operating unit and terminal, since the pair is unique within a store. Never truncated. To D365 `a1` and
    `A1` are one key: an id with small letters, or an account with capitals, is hashed, so that no two are alike to it. Small
    are only the endings of corrections, such as `.new`, and so no id that ends in their likes in capitals stays plain.
    """
    is_plain = _PLAIN.fullmatch(account) and _ONE_CASE.fullmatch(transaction_id)
    if is_plain and account == account.lower() and account != "h":
        text = f"{account}:{transaction_id}"
        if len(text) <= D365_NUMBER_MAX:
            return text
    digest = hashlib.sha256(json.dumps([account, transaction_id]).encode()).digest()[:20]
    return f"H:{base64.b32encode(digest).decode()}"


def d365_shift_number(business_day: date, generation: int, shift: str) -> int:
    """Derive the Int64 shift id of D365, unique for a terminal: day, generation and number, or a 50-bit hash."""
    if shift.isdecimal() and shift.isascii() and len(shift) <= 4 and 0 < generation <= 99:
        return int(f"{business_day:%Y%m%d}{generation:02d}{int(shift):04d}")
    digest = hashlib.sha256(json.dumps([business_day.isoformat(), generation, shift]).encode()).digest()
    return 10**15 + int.from_bytes(digest[:7], "big") % 2**50


def revision_is_higher(new: str | None, old: str | None) -> bool:
    """Say whether a vendor's revision is newer: by number where both are numbers, else by text; none is never newer."""
    if not new:
        return False
    if not old:
        return True
    if new.isdecimal() and old.isdecimal():
        return int(new) > int(old)
    return new > old

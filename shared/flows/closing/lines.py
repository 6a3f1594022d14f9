"""Entries as lines of debit and credit that people read."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from shared.retail.ledger import TAX, Entry
from shared.retail.money import money_text

NO_ACCOUNT = "no account yet"


def lines_json(entries: Iterable[Entry], currency: str) -> list[dict[str, str]]:
    """Write entries as lines of debit and credit."""
    return [
        {
            "account": one.account or NO_ACCOUNT,
            "what": one.what if one.what == TAX or not one.code else f"{one.what} {one.code}",
            "tax_code": one.code if one.what == TAX else "",
            "debit": money_text(max(one.amount, Decimal(0)), currency),
            "credit": money_text(max(-one.amount, Decimal(0)), currency),
        }
        for one in entries
    ]

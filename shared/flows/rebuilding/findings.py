"""What rebuilding finds: where what is kept is not what it is derived from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from shared.storage.protocols import Row, Value
from shared.storage.receipts import receipt_label

SHOWN_MAX = 120


@dataclass(frozen=True, slots=True)
class Finding:
    """One difference. what: receipt, shift, statement, store-day or package; name: which, for people; field: in what.

    rebuilt: what derives from the sources; kept: what is in storage.
    """

    what: str
    name: str
    field: str
    rebuilt: str
    kept: str

    def told(self) -> str:
        """Say it in one line."""
        return f"{self.what} {self.name}: {self.field} is {self.kept}; derived again it is {self.rebuilt}"


def receipt_name(row: Row) -> str:
    """Name a receipt with its store, day and till."""
    return (
        f"{receipt_label(row)} ({row.text('Account')} {row.text('TransactionId')}) of store {row.partition}, "
        f"{row.text('BusinessDay')}, till {row.text('Terminal')}"
    )


def differences(
    what: str,
    name: str,
    rebuilt: Mapping[str, Value | None],
    kept: Mapping[str, Value],
    fields: Iterable[str],
) -> list[Finding]:
    """Compare two rows field by field; one that neither has is alike."""
    return [
        Finding(what, name, field, shown(rebuilt.get(field)), shown(kept.get(field)))
        for field in fields
        if rebuilt.get(field) != kept.get(field)
    ]


def shown(value: object) -> str:
    """Write a value for people, long ones cut."""
    text = "nothing" if value is None else str(value)
    return text if len(text) <= SHOWN_MAX else f"{text[:SHOWN_MAX]}…"

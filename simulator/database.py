"""Headquarters' tables, and each receipt with what validation and statements have made of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from simulator.reference import Reference
from simulator.schema import ENTITIES, HEADERS, Entity
from simulator.values import Value, Values, instant_text

Key = tuple[str | int | Decimal, ...]
ReceiptKey = tuple[str, str, str, str]


@dataclass(slots=True)
class StoredRow:
    """One row. `version` makes its ETag and grows with each write anywhere."""

    values: Values
    version: int

    @property
    def etag(self) -> str:
        """The row's ETag as OData writes it."""
        return f'W/"{self.version}"'


@dataclass(slots=True)
class RuleError:
    """What one validation rule found. line: "" where the whole receipt is meant."""

    rule: str
    line: str
    message: str


@dataclass(slots=True)
class Receipt:
    """One retail transaction: its rows, and how far headquarters is with it. `posted_times` above 1 is a disaster.

    taken: something of it is in the books, though its statement may not be posted yet.
    """

    header: StoredRow | None = None
    children: dict[str, dict[Key, StoredRow]] = field(default_factory=dict)
    validation: str = "None"
    validated_at: datetime | None = None
    errors: list[RuleError] = field(default_factory=list)
    statement: str = ""
    taken: bool = False
    posted: bool = False
    posted_times: int = 0
    reopened_times: int = 0

    def lines(self, odata_set: str) -> list[Values]:
        """Give the rows of one kind."""
        return [row.values for row in self.children.get(odata_set, {}).values()]


class Database:
    """Tables by OData set, rows by folded key. Keys and texts compare without regard to case, as in D365."""

    def __init__(self) -> None:
        self.reference = Reference()
        self.tables: dict[str, dict[Key, StoredRow]] = {name: {} for name in ENTITIES}
        self.receipts: dict[ReceiptKey, Receipt] = {}
        self._version = 0
        self._undo: list[Callable[[], None]] | None = None

    @property
    def version(self) -> int:
        """The version of the row written last."""
        return self._version

    @property
    def reopened(self) -> int:
        """How often a posted receipt was written again, and so made ready to be posted twice."""
        return sum(one.reopened_times for one in self.receipts.values())

    def put(self, entity: Entity, key: Key, values: Values) -> StoredRow:
        """Store a row and hang it on its receipt. Give it back."""
        self._version += 1
        row = StoredRow(values, self._version)
        table = self.tables[entity.odata_set]
        old = table.get(key)
        self._remember(lambda: self._restore(entity, key, old))
        table[key] = row
        self._hang(entity, key, row)
        return row

    def remove(self, entity: Entity, key: Key) -> None:
        """Delete a row; with a header all that belongs to it."""
        old = self.tables[entity.odata_set].pop(key)
        self._remember(lambda: self._restore(entity, key, old))
        if entity.odata_set == HEADERS:
            receipt = self.receipts[receipt_key(old.values)]
            for odata_set, rows in list(receipt.children.items()):
                for child in list(rows):
                    self.remove(ENTITIES[odata_set], child)
        self._hang(entity, key, None, old.values)

    def touch(self, receipt: Receipt, **changes: Value | bool | list[RuleError] | None) -> None:
        """Change a receipt's state, so that an atomic group can take it back."""
        before = {name: getattr(receipt, name) for name in changes}
        self._remember(lambda: _set_all(receipt, before))
        _set_all(receipt, changes)

    @contextmanager
    def all_or_nothing(self) -> Iterator[None]:
        """Take every change of the block back if it raises. Blocks do not nest and never wait."""
        self._undo = []
        try:
            yield
        except BaseException:
            undo, self._undo = self._undo, None
            for step in reversed(undo):
                step()
            raise
        finally:
            self._undo = None

    def _remember(self, step: Callable[[], None]) -> None:
        if self._undo is not None:
            self._undo.append(step)

    def _restore(self, entity: Entity, key: Key, old: StoredRow | None) -> None:
        table = self.tables[entity.odata_set]
        if old is None:
            gone = table.pop(key)
            self._hang(entity, key, None, gone.values)
        else:
            table[key] = old
            self._hang(entity, key, old)

    def _hang(self, entity: Entity, key: Key, row: StoredRow | None, gone: Values | None = None) -> None:
        if entity.odata_set != HEADERS and not entity.is_child:
            return
        owner = receipt_key(row.values if row else gone or {})
        receipt = self.receipts.setdefault(owner, Receipt())
        if entity.odata_set == HEADERS:
            receipt.header = row
        elif row is not None:
            receipt.children.setdefault(entity.odata_set, {})[key] = row
        else:
            receipt.children.get(entity.odata_set, {}).pop(key, None)
        if receipt.header is None and not any(receipt.children.values()):
            self.receipts.pop(owner, None)


def _set_all(receipt: Receipt, values: Mapping[str, object]) -> None:
    for name, value in values.items():
        setattr(receipt, name, value)


def key_of(entity: Entity, values: Values) -> Key:
    """Give a row's key as it is compared: texts without regard to case, instants as texts."""
    return tuple(_compared(values[name]) for name in entity.keys)


def _compared(value: Value) -> str | int | Decimal:
    if isinstance(value, str):
        return value.lower()
    return value if isinstance(value, int | Decimal) else instant_text(value)


def receipt_key(values: Values) -> ReceiptKey:
    """Give the key of the receipt a row belongs to, as it is compared."""
    return (
        str(values["dataAreaId"]).lower(), str(values["OperatingUnitNumber"]).lower(),
        str(values["Terminal"]).lower(), str(values["TransactionNumber"]).lower(),
    )  # fmt: skip

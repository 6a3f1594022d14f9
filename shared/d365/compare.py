"""Compare the rows of one receipt as they were sent with the rows D365 has: what is missing there, and what differs.

Compared is what the ledger, stock and taxes are made of; what D365 fills or rewrites itself (times, defaults) is not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from shared.d365 import entities
from shared.d365.entities import CHILDREN, DECIMAL, Entity
from shared.d365.records import HeaderRow, header_row
from shared.d365.values import Row, as_kept, decimal_text

Rows = Mapping[str, Sequence[Row]]
Found = Mapping[str, Sequence[Mapping[str, object]]]
Cell = Decimal | str
_MEANT: Mapping[str, tuple[str, ...]] = {
    entities.SALES_LINES: (
        "ItemId", "Unit", "Quantity", "Price", "NetAmount", "NetAmountInclusiveTax", "SalesTaxAmount", "CashDiscountAmount",
        "SalesTaxGroup", "ItemSalesTaxGroup", "Warehouse", "GiftCard", "ReturnTransactionNumber", "ReturnLineNumber",
    ),
    entities.PAYMENTS: ("TenderType", "AmountTendered", "AmountInTenderedCurrency", "CurrencyCode", "IsChangeLine"),
    entities.TAXES: ("TaxAmount",),
    entities.DISCOUNTS: ("DiscountAmount",),
    entities.INCOME_EXPENSES: ("AccountNumber", "AccountType", "Amount"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Gaps:
    """What keeps D365 from having the receipt that was sent. missing: rows by entity label, as `transaction_rows` gives
    them. differing: in words, "" where all that is there is as sent.
    """

    missing: dict[str, list[Row]]
    differing: str = ""

    @property
    def is_whole(self) -> bool:
        """Whether D365 has every row, as sent."""
        return not self.missing and not self.differing


def gaps_of(sent: Rows, header: HeaderRow | None, found: Found) -> Gaps:
    """Compare. header None: D365 has none under the receipt's key. A row there that was never sent is a difference.

    Rows of the cash office have no set to be read from: with the header they are missing, and beside it they are in doubt.
    """
    missing: dict[str, list[Row]] = {}
    differing: list[str] = []
    if header is None:
        missing[entities.HEADERS] = list(sent[entities.HEADERS])
    elif header.figures != header_row(sent[entities.HEADERS][0]).figures:
        differing.append("its header")
    unseen = {label: list(rows) for label, rows in sent.items() if rows and label not in entities.ENTITIES}
    if header is None:
        missing |= unseen
    else:
        differing += [f"{label}: D365 does not show what it has of these" for label in unseen]
    for entity in CHILDREN:
        ours = {_line_key(entity, row): row for row in sent.get(entity.label, ())}
        theirs = {_line_key(entity, row): row for row in found.get(entity.label, ())}
        lacking = [row for key, row in ours.items() if key not in theirs]
        if lacking:
            missing[entity.label] = lacking
        differing += [
            _said(entity, key, ours.get(key), row)
            for key, row in theirs.items()
            if _differs(entity, ours.get(key), row)
        ]
    return Gaps(missing, "; ".join(differing))


def _differs(entity: Entity, ours: Mapping[str, object] | None, theirs: Mapping[str, object]) -> bool:
    return ours is None or any(
        _cell(entity, ours, name) != _cell(entity, theirs, name) for name in _MEANT[entity.label]
    )


def _said(
    entity: Entity, key: tuple[Cell, ...], ours: Mapping[str, object] | None, theirs: Mapping[str, object]
) -> str:
    line = " ".join(decimal_text(part) if isinstance(part, Decimal) else part for part in key)
    if ours is None:
        return f"{entity.label} {line} was never sent"
    names = [
        name for name in _MEANT[entity.label] if _cell(entity, ours, name) != _cell(entity, theirs, name)
    ]
    changes = ", ".join(f"{name} {theirs.get(name)} instead of {ours.get(name)}" for name in names)
    return f"{entity.label} {line}: {changes}"


def _line_key(entity: Entity, row: Mapping[str, object]) -> tuple[Cell, ...]:
    return tuple(_cell(entity, row, name) for name in entity.line_keys)


def _cell(entity: Entity, row: Mapping[str, object], name: str) -> Cell:
    """Read a value so that both sides compare: numbers as numbers, texts without regard to case, as in D365."""
    value = row.get(name)
    field = next(one for one in entity.fields if one.name == name)
    if field.edm == DECIMAL:
        return as_kept(Decimal(str(value))) if value not in (None, "") else Decimal(0)
    return "" if value is None else str(value).strip().lower()

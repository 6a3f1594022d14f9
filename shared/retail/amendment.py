"""What a person says of one held receipt: that a code on it means another. Beside the document, never in it.

The till's own figures stay the till's; the ledger's go by the codes as amended.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from shared.errors import FOUND_MAX, RejectedError
from shared.retail.transaction import CashMovement, Line, Transaction

CODES = ("tenders", "taxes", "items", "reasons")
CODES_MAX = 50


@dataclass(frozen=True, slots=True)
class Amendment:
    """One person's word on one receipt. tenders, taxes, items, reasons: the code the till sent -> the code it counts as;
    shift: the shift it belongs to, "" for the till's own.
    """

    by: str
    role: str
    reason: str
    at: str
    tenders: Mapping[str, str] = field(default_factory=dict)
    taxes: Mapping[str, str] = field(default_factory=dict)
    items: Mapping[str, str] = field(default_factory=dict)
    reasons: Mapping[str, str] = field(default_factory=dict)
    shift: str = ""

    @property
    def words(self) -> str:
        """What was changed, in one line."""
        names = {"tenders": "tender", "taxes": "tax", "items": "item", "reasons": "reason"}
        parts = [
            f"{names[kind]} {was} is {now}"
            for kind in CODES
            for was, now in sorted(getattr(self, kind).items())
        ]
        return ", ".join([*parts, *([f"it belongs to shift {self.shift}"] if self.shift else [])])

    @property
    def text(self) -> str:
        """All of it, as it is kept and written down with the decision."""
        changes = {kind: dict(sorted(getattr(self, kind).items())) for kind in CODES if getattr(self, kind)}
        whole = {**changes, **({"shift": self.shift} if self.shift else {})}
        told = {"by": self.by, "role": self.role, "reason": self.reason, "at": self.at}
        return json.dumps({**whole, **told}, separators=(",", ":"))


def amendment_from(text: str) -> Amendment:
    """Read what `text` wrote."""
    return Amendment(**json.loads(text))


def amended(transaction: Transaction, amendments: Iterable[Amendment]) -> Transaction:
    """Give a receipt as it counts, each amendment over the one before."""
    for one in amendments:
        transaction = _amended(transaction, one)
    return transaction


def _amended(transaction: Transaction, one: Amendment) -> Transaction:
    movement = transaction.cash_movement
    return replace(
        transaction,
        lines=tuple(_line(line, one) for line in transaction.lines),
        tenders=tuple(
            replace(tender, code=one.tenders.get(tender.code, tender.code)) for tender in transaction.tenders
        ),
        cash_movement=_movement(movement, one) if movement is not None else None,
        shift=one.shift or transaction.shift,
    )


def _line(line: Line, one: Amendment) -> Line:
    taxes = tuple(replace(tax, code=one.taxes.get(tax.code, tax.code)) for tax in line.taxes)
    named = line.item or line.gtin or ""
    if named in one.items:
        return replace(line, taxes=taxes, item=one.items[named])
    return replace(line, taxes=taxes)


def _movement(movement: CashMovement, one: Amendment) -> CashMovement:
    reason = movement.reason_code or ""
    return replace(
        movement,
        tender=one.tenders.get(movement.tender, movement.tender),
        reason_code=one.reasons.get(reason, movement.reason_code),
    )


def refuse_what_is_not_on_it(transaction: Transaction, one: Amendment, shifts: Sequence[str]) -> None:
    """Refuse an amendment of something that the receipt does not have, or to a shift that its till does not.

    Raises:
        RejectedError: so it is, or it changes nothing.
    """
    there = _codes_of(transaction)
    for kind in CODES:
        changes: Mapping[str, str] = getattr(one, kind)
        wrong = sorted(was for was in changes if was not in there[kind])
        if wrong:
            raise RejectedError(
                f"the receipt has no {', '.join(wrong)} in its {kind}", field=kind,
                expected=", ".join(sorted(there[kind])) or "nothing: it has none", found=", ".join(wrong)[:FOUND_MAX],
            )  # fmt: skip
    if one.shift and one.shift not in shifts:
        raise RejectedError(
            "its till has no such shift on that day", field="shift",
            expected=", ".join(sorted(shifts)) or "nothing: the till told of none", found=one.shift[:FOUND_MAX],
        )  # fmt: skip
    if amended(transaction, [one]) == transaction:
        raise RejectedError(
            "this changes nothing",
            field="body",
            expected="another tender, tax, item, reason or shift",
            found="the same",
        )


def _codes_of(transaction: Transaction) -> Mapping[str, set[str]]:
    movement = transaction.cash_movement
    moved = {movement.tender} if movement is not None else set()
    return {
        "tenders": {one.code for one in transaction.tenders} | moved,
        "taxes": {tax.code for line in transaction.lines for tax in line.taxes},
        "items": {line.item or line.gtin or "" for line in transaction.lines} - {""},
        "reasons": {movement.reason_code or ""} if movement is not None else set(),
    }

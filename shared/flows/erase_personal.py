"""Erase, at a person's request, what may speak of somebody in receipts: free texts, card endings, and what vendors sent beside.

Every figure stays, and every proof: statements, signatures and what D365 has are the same before and after. What D365 and the
record of decisions hold is named in the answer, and touched by nobody here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from shared.errors import RejectedError
from shared.flows.erasing.erase import Plan, erase_receipt, plan_of
from shared.flows.erasing.family import Family, families_of
from shared.flows.posting.kept import read_as_sent
from shared.retail.mapping import Mappings
from shared.retail.transaction import Transaction
from shared.services import Services
from shared.settings import Person
from shared.storage.erasures import Erasure
from shared.storage.protocols import Row

RECEIPTS_MAX = 20
_NAMED = re.compile(r"[^\W\d_]{3,}|\d{4,}")


@dataclass(frozen=True, slots=True)
class Wanted:
    """One receipt that is to be erased."""

    store: str
    account: str
    transaction_id: str


@dataclass(slots=True)
class Told:
    """What was, or would be, erased of one receipt."""

    wanted: Wanted
    outcome: str
    rows: int = 0
    fields: dict[str, int] = field(default_factory=dict)
    status: str = ""
    in_d365: list[dict[str, Any]] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """Give it as the API does."""
        return {
            "store": self.wanted.store, "account": self.wanted.account, "transaction_id": self.wanted.transaction_id,
            "outcome": self.outcome, "status": self.status or None, "versions": self.rows, "fields": self.fields,
            "in_d365": self.in_d365,
        }  # fmt: skip


UNKNOWN, WAITS, UNREAD, NOTHING, WOULD, ERASED = (
    "not known here", "still on its way", "cannot be read", "nothing left to erase", "would be erased", "erased",
)  # fmt: skip


async def erase_personal(
    services: Services, person: Person, reason: str, wanted: Sequence[Wanted], *, operator: bool, check: bool
) -> dict[str, Any]:
    """Erase receipts, each with its versions, corrections and other names; with check, say what would go. Twice is once.

    operator: the cashier's number too, but where a statement names it.

    Raises:
        RejectedError: more than twenty receipts, or a reason that repeats what is to go: it is kept for ever.
        ChangedMeanwhileError: a receipt changes faster than it can be erased.
    """
    if not 1 <= len(wanted) <= RECEIPTS_MAX:
        raise RejectedError(
            "so many cannot be erased at once", field="receipts", expected=f"1 to {RECEIPTS_MAX} receipts",
            found=str(len(wanted)),
        )  # fmt: skip
    erasure = Erasure(services.now(), person.name, reason, operator)
    mappings = await services.mappings.at_least(0)
    told = []
    for one in dict.fromkeys(wanted):
        families = await families_of(services, one.store, one.account, one.transaction_id)
        planned = _planned(one, families, mappings, erasure)
        if planned.outcome == WOULD and not check:
            await erase_receipt(services, one.store, one.account, one.transaction_id, erasure)
            planned.outcome = ERASED
            services.log.info("personal data of %s erased", f"{one.store} {one.account} {one.transaction_id}")
        told.append(planned)
    return {
        "check": check, "reason": reason, "by": person.name,
        "receipts": [one.as_json() for one in told],
        "elsewhere": _ELSEWHERE,
    }  # fmt: skip


_ELSEWHERE = [
    "D365: what in_d365 lists under each receipt; erase it there. This app changes nothing in D365 but what it posts.",
    "The record of decisions: reasons as people wrote them. It is a chain, and is never changed.",
    "Exports, sheets and pages that were taken before, and backups of the storage account.",
    "The vendor of the till, who sent the receipt and sends it again when asked.",
]


def _planned(wanted: Wanted, families: Sequence[Family], mappings: Mappings, erasure: Erasure) -> Told:
    """Say what erasing one receipt means, without writing anything."""
    rows = [row for one in families for row in one.receipts]
    if not rows:
        return Told(wanted, UNKNOWN)
    told = Told(wanted, WOULD, status=_status_of(rows, wanted), in_d365=_in_d365(rows))
    waiting = [row for one in families for row in one.waiting]
    if waiting:
        told.outcome, told.status = WAITS, waiting[0].text("Status")
        return told
    if all(one.is_done(operator=erasure.operator) for one in families):
        told.outcome = NOTHING
        return told
    plans = [plan_of(one, mappings, erasure) for one in families]
    if any(plan.unread for plan in plans):
        told.outcome = UNREAD
        return told
    _refuse_reason_that_repeats(erasure.why, plans)
    told.rows = sum(len(plan.left) for plan in plans)
    for plan in plans:
        for name, count in plan.names.items():
            told.fields[name] = told.fields.get(name, 0) + count
    return told


def _status_of(rows: Sequence[Row], wanted: Wanted) -> str:
    own = [
        row
        for row in rows
        if row.text("TransactionId") == wanted.transaction_id and row.text("Record") != "conflict"
    ]
    return (own or list(rows))[0].text("Status")


def _refuse_reason_that_repeats(reason: str, plans: Sequence[Plan]) -> None:
    """The reason stays in the record for ever: it names the request, not what the request is about."""
    said = {one.casefold() for one in _NAMED.findall(reason)}
    gone = {text for plan in plans for left in plan.left for text in left.gone.values()}
    for text in sorted(gone):
        words = {one.casefold() for one in _NAMED.findall(text)}
        if words and words <= said:
            raise RejectedError(
                "the reason repeats what is to be erased, and would keep it for ever", field="reason",
                expected="the number of the request", found="words of the receipt",
            )  # fmt: skip


def _in_d365(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Name what D365 was sent that may speak of a person: the cashier, and serial numbers of what was bought."""
    found = []
    for row in rows:
        transaction = read_as_sent(row) if row.text("D365Number") and "D365Gross" in row.values else None
        if transaction is None:
            continue
        holds = _sent_of(transaction)
        if holds:
            found.append(
                {
                    "legal_entity": row.text("LegalEntity"), "register": row.text("Register"),
                    "number": row.text("D365Number"), "holds": holds,
                }
            )  # fmt: skip
    return found


def _sent_of(transaction: Transaction) -> list[str]:
    staff = [f"Staff {transaction.operator}"] if transaction.operator else []
    return staff + [
        f"SerialNumber {line.serial} on line {line.line_number}" for line in transaction.lines if line.serial
    ]

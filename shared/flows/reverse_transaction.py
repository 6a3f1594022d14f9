"""Put a posted receipt right: a reversal, and a replacement if it is to be mapped anew, each a receipt of its own.

Both travel the ordinary way to D365. The original becomes `reversed` when D365 has posted the reversal, not before.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from shared.errors import (
    ChangedMeanwhileError,
    GroupRefusedError,
    RejectedError,
    RetryableError,
    ThrottledError,
    not_now,
)
from shared.flows.posting.kept import read_kept
from shared.flows.posting.pace import ASKED_FOR_TIME_SECONDS
from shared.flows.posting.slot import is_throttled
from shared.pos.adapter import localised
from shared.retail.business_day import business_day_of, closing_hour, store_zone
from shared.retail.completeness import Decision
from shared.retail.mapped import StoreSetup
from shared.retail.reference import period_is_closed
from shared.retail.reversal import REPLACEMENT, REVERSAL
from shared.retail.status import Status
from shared.retail.transaction import Transaction
from shared.services import Services
from shared.settings import Person
from shared.storage.audit import append_audit
from shared.storage.corrections import CORRECTION, Correction, correction_of
from shared.storage.due import MAP, POST, STATEMENT, Due, due_key, note_again_after, note_due
from shared.storage.protocols import Insert, Operation, Replace, Row
from shared.storage.receipts import identity_key, key_of


@dataclass(frozen=True, slots=True)
class Reversed:
    """What stands beside the original now: ids of the reversal and, if there is one, the replacement."""

    reversal: str
    replacement: str | None
    business_day: date

    def as_json(self) -> dict[str, str | None]:
        """Give it as the API answers."""
        day = self.business_day.isoformat()
        return {"reversal": self.reversal, "replacement": self.replacement, "business_day": day}


async def reverse_transaction(
    services: Services,
    store: str,
    account: str,
    transaction_id: str,
    person: Person,
    reason: str,
    *,
    with_replacement: bool,
    business_day: date | None = None,
) -> Reversed | None:
    """Reverse a posted receipt; None when there is none of that name. Asked again, the answer is the same.

    business_day: the day both count for, the original's or today's. When it is not given: the original's, unless its
    period is known to be closed in D365, then today's.

    Raises:
        RejectedError: it is not posted, is a reversal itself, holds a gift card, the day is another, or it was reversed
            before with another wish for a replacement.
        D365NotNowError: D365 cannot be asked now whether goods of it have come back.
    """
    if not reason.strip():
        raise RejectedError("a reason is needed", field="reason", expected="a sentence", found="nothing")
    table = services.tables.transactions
    identity = await table.read(store, identity_key(store, account, transaction_id))
    row = await table.read(store, identity.text("DayKey")) if identity is not None else None
    setup = await services.mappings.store(store, date.fromisoformat(row.text("BusinessDay"))) if row else None
    if identity is None or row is None or setup is None:
        return None
    transaction = _read(row, setup)
    if row.text("ReversedBy"):
        return await _again(services, row, with_replacement=with_replacement)
    _refuse_what_cannot_be_reversed(row, transaction)
    day = await _day_it_counts_for(services, row, setup, business_day)
    if await is_throttled(services):
        raise not_now(ThrottledError("D365 has asked for time", wait_seconds=ASKED_FOR_TIME_SECONDS))
    try:
        came_back = await services.d365.lines_that_came_back(key_of(row))
    except RetryableError as error:
        raise not_now(error) from error
    decided = Decision(
        REVERSAL, person.name, ", ".join(sorted(person.roles)), reason, services.now().isoformat()
    )
    correction = correction_of(
        row, identity, transaction, day, decided, with_replacement=with_replacement, came_back=came_back
    )
    await _write(services, row, correction, day, decided)
    if with_replacement:
        await services.ring(services.queues.mapping_due, due_key(MAP, store, day))
    return Reversed(correction.reversal, correction.replacement, day)


def _read(row: Row, setup: StoreSetup) -> Transaction:
    transaction = read_kept(row)
    if transaction is None:
        raise RejectedError(
            "the receipt's kept document can no longer be read", field="transaction_id",
            expected="a document its adapter can read", found=row.text("Adapter"),
        )  # fmt: skip
    transaction = replace(transaction, store=row.partition, transaction_id=row.text("TransactionId"))
    return localised(transaction, store_zone(setup.time_zone))


def _refuse_what_cannot_be_reversed(row: Row, transaction: Transaction) -> None:
    if row.text(CORRECTION) == REVERSAL:
        raise RejectedError(
            "this is a reversal itself", field="transaction_id", expected="the receipt it reversed, or its replacement",
            found="a reversal",
        )  # fmt: skip
    if row.text("Status") != Status.POSTED:
        raise RejectedError(
            "only a posted receipt is reversed; one that is not posted yet is mended and released",
            field="status", expected=str(Status.POSTED), found=row.text("Status"),
        )  # fmt: skip
    if any(line.is_gift_card for line in transaction.lines):
        raise RejectedError(
            "D365 takes no gift card back, so a receipt that issued or loaded one cannot be reversed here",
            field="lines", expected="no gift card line", found="a gift card line",
        )  # fmt: skip


async def _day_it_counts_for(services: Services, row: Row, setup: StoreSetup, wanted: date | None) -> date:
    """Give the original's business day, or today's where that one's period is closed or finance asks for it.

    No other day: nobody could explain it.
    """
    original = date.fromisoformat(row.text("BusinessDay"))
    today = business_day_of(services.now(), store_zone(setup.time_zone), closing_hour(setup.closing_time))
    if wanted not in (None, original, today):
        raise RejectedError(
            "a reversal counts for the receipt's own business day or for today's", field="business_day",
            expected=f"{original} or {today}", found=str(wanted),
        )  # fmt: skip
    mappings = await services.mappings.at_least(0)
    is_closed = period_is_closed(mappings, row.text("LegalEntity"), original)
    return wanted or (today if is_closed else original)


async def _write(services: Services, row: Row, correction: Correction, day: date, decided: Decision) -> None:
    """Note the work, write down who decided, then write everything in one group: all of it is there, or nothing."""
    begun_at = services.now()
    dues = await _note_work(services, row, day, mapping=correction.replacement is not None)
    did = f"reversed {row.text('TransactionId')} of {row.text('Account')}"
    if correction.replacement is not None:
        did = f"{did} and replaced it by {correction.replacement}"
    await append_audit(
        services.tables.audit, row.partition, services.now(), who=decided.by, did=did, reason=decided.reason,
        evidence=row.key,
    )  # fmt: skip
    group: list[Operation] = [
        *(Insert(one) for one in correction.new),
        *(Replace(one, one.etag) for one in correction.marked),
    ]
    try:
        await services.tables.transactions.write_group(group)
    except GroupRefusedError as error:
        raise ChangedMeanwhileError(f"{row.key} was changed while it was being reversed") from error
    took = (services.now() - begun_at) / services.clock.speed
    await note_again_after(services.tables.due, dues, took, services.settings.settle_seconds)


async def _note_work(services: Services, row: Row, day: date, *, mapping: bool) -> list[Due]:
    now, store = services.now(), row.partition
    dues = [Due(POST, store, day, now), Due(STATEMENT, store, day, now)]
    dues.append(Due(STATEMENT, store, date.fromisoformat(row.text("BusinessDay")), now))
    if mapping:
        dues.append(Due(MAP, store, day, now, (await services.mappings.refresh()).version))
    await note_due(services.tables.due, dues)
    return dues


async def _again(services: Services, row: Row, *, with_replacement: bool) -> Reversed:
    """It has been reversed already: say how, if that is what was asked for.

    Its work is noted once more: whoever wrote it may have died before that, long after it was noted first.
    """
    replacement = row.text("ReplacedBy") or None
    if (replacement is not None) is not with_replacement:
        found = f"reversed with a {REPLACEMENT}" if replacement else f"reversed without a {REPLACEMENT}"
        raise RejectedError(
            "it has been reversed already", field="replace", expected="what was asked for then", found=found
        )
    reversal = row.text("ReversedBy")
    identity = await services.tables.transactions.read(
        row.partition, identity_key(row.partition, row.text("Account"), reversal)
    )
    text = identity.text("BusinessDay") if identity is not None else row.text("BusinessDay")
    day = date.fromisoformat(text)
    await _note_work(services, row, day, mapping=replacement is not None)
    return Reversed(reversal, replacement, day)

"""How a receipt moves on by what D365 says of it: validated, posted, refused, changed there, or gone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from shared.d365.records import AuditableRow
from shared.flows.posting.read_back import changed_cause, validation_cause
from shared.flows.posting.taken import TAKEN, is_posted_with_shift, taken_cause
from shared.flows.tracking.absent import ByKey
from shared.flows.tracking.ask import PASSED, REFUSED, News
from shared.flows.tracking.effects import rests_on
from shared.retail.reasons import Cause, cause
from shared.retail.status import IN_D365, IN_THE_LEDGER, Status
from shared.services import Services
from shared.storage.causes import fingerprint_of
from shared.storage.protocols import Row, Value
from shared.storage.receipts import SENT_IN, advanced, d365_day, key_of

# Held for what D365 has, or may have posted: they go on when D365 says otherwise, never by release.
WAITS_FOR_D365 = frozenset({"validation_failed", "changed_in_d365", TAKEN})
WAITS_TO_BE_AS_SENT = frozenset({"changed_in_d365", TAKEN})
EVIDENCE = (
    "D365Statement", "SalesOrder", "Invoice", "CreditNote", "CreditUnknown", "Evidence", "D365Since", "PostedAt",
)  # fmt: skip
CLOCKS_DIFFER = timedelta(minutes=2)
EARLY_AT_MOST = timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class Move:
    """A receipt's next state, and the cause it is held for from now on, if any."""

    row: Row
    held_for: Cause | None = None


def move_of(row: Row, news: News, now: datetime) -> Move | None:
    """Say how a receipt moves on, or None when D365 has no news of it."""
    seen, status = news.receipts.get(key_of(row)), Status(row.text("Status"))
    if seen is None or is_early(row, seen, now):
        return None
    changed = altered(row, seen)
    if changed:
        return None if status is Status.HELD else held(row, changed_cause(row, changed), now, changed)
    if status is Status.HELD:
        return _back_from_hold(row, seen, news, now)
    if seen.validation in REFUSED and not (status is Status.VALIDATED and seen.statement):
        return _refused(row, seen, news, now)  # also what had passed before: headquarters may judge again
    return _forward(row, seen, news, now)


def is_early(row: Row, seen: AuditableRow, now: datetime) -> bool:
    """Say whether a validation is older than the receipt's arrival: it may have judged a receipt that was half in.

    Where D365 judges no second time, its first word counts after two hours.
    """
    if seen.validated_at is None or seen.statement or "ReadBackAt" not in row.values:
        return False
    whole_since = row.instant("ReadBackAt" if seen.validation in REFUSED else "D365Since")
    return seen.validated_at < whole_since - CLOCKS_DIFFER and now < row.instant("ReadBackAt") + EARLY_AT_MOST


def altered(row: Row, seen: AuditableRow) -> str:
    """Say how D365's receipt is not the one that was read back, by day and amounts; "" where it is."""
    if "D365Gross" not in row.values:
        return ""
    day = d365_day(row)
    pairs: tuple[tuple[str, object, object], ...] = (
        ("business day", seen.business_day or day, day),
        ("gross", seen.gross, Decimal(row.text("D365Gross"))),
        ("payment", seen.payment, Decimal(row.text("D365Payment"))),
    )
    return "; ".join(f"{name} {found} instead of {sent}" for name, found, sent in pairs if found != sent)


def held(row: Row, why: Cause, now: datetime, note: str, **changes: Value | None) -> Move:
    """Hold a receipt for what D365 says of it."""
    names = {"Cause": why.code, "CauseValue": why.value, "Fingerprint": fingerprint_of(why)}
    return Move(advanced(row, Status.HELD, now, note[:300], **names, **changes), why)


def _refused(row: Row, seen: AuditableRow, news: News, now: datetime) -> Move:
    text = news.errors.get(seen.key.transaction_number, "no text given")
    why = validation_cause(text)
    return held(row, why, now, text)


def _back_from_hold(row: Row, seen: AuditableRow, news: News, now: datetime) -> Move | None:
    """D365 has put right what it held: refused receipts pass, changed ones are as they were sent."""
    is_right = (
        "D365Gross" in row.values if row.text("Cause") in WAITS_TO_BE_AS_SENT else seen.validation in PASSED
    )
    if not is_right:
        return None
    row = advanced(row, Status.REPAIR, now, "put right in D365")
    row = advanced(row, Status.SENT, now, "", Cause=None, CauseValue=None, Fingerprint=None)
    return _forward(row, seen, news, now) or Move(row)


def _forward(row: Row, seen: AuditableRow, news: News, now: datetime) -> Move | None:
    status, moved = Status(row.text("Status")), False
    if status is Status.SENT and (seen.validation in PASSED or seen.statement):
        row, status, moved = advanced(row, Status.VALIDATED, now, "by headquarters"), Status.VALIDATED, True
    if status is Status.VALIDATED and news.is_posted(seen) and not _contradicts(row, seen, news):
        rests = rests_on(seen, news.evidence[seen.key.legal_entity, seen.statement], row.text("Shape"))
        row = advanced(
            row, Status.POSTED, now, f"in D365 statement {seen.statement}", D365Statement=seen.statement,
            SalesOrder=seen.sales_order or None, Invoice=rests.invoice or None, CreditNote=rests.credit_note or None,
            Evidence="\n".join(rests.lines),
            PostedAt=news.evidence[seen.key.legal_entity, seen.statement].journal.posted_at or now,
            CreditUnknown=True if rests.credit_unknown else None,
        )  # fmt: skip
        moved = True
    return Move(row) if moved else None


def _contradicts(row: Row, seen: AuditableRow, news: News) -> bool:
    """Say whether a statement that was asked about in an earlier turn was posted before the receipt was in D365: then it is
    another one of the same number, as after a restore, and must be asked about again.
    """
    number = (seen.key.legal_entity, seen.statement)
    posted_at = news.evidence[number].journal.posted_at
    if posted_at is None or number in news.fresh or "D365Since" not in row.values:
        return False  # what D365 says now counts, whatever its clock, or a date without a time, makes of it
    if posted_at >= row.instant("D365Since") - CLOCKS_DIFFER:
        return False
    news.contradicted.add(number)
    return True


def unseen(rows: Sequence[Row], news: News) -> list[Row]:
    """Give the receipts that D365 should have and did not show, also those that are held for what it had of them."""
    if not news.is_shown:
        return []
    return [row for row in rows if _should_be_there(row) and key_of(row) not in news.receipts]


def _should_be_there(row: Row) -> bool:
    status = Status(row.text("Status"))
    return status in IN_D365 or (status is Status.HELD and row.text("Cause") in WAITS_FOR_D365)


def unseen_moves(services: Services, missing: Sequence[Row], has: ByKey) -> list[Move]:
    """Say what became of receipts that D365 did not show: gone, or moved to a day that nobody asked about.

    has: what D365 has under their keys. Absence by key is proof; but a movement that is absent may be posted with its shift.
    Nothing is sent again by itself: a person decides, when it is known why it is gone.
    """
    moves = (_unseen(services, row, has) for row in missing)
    return [move for move in moves if move is not None]


def _unseen(services: Services, row: Row, has: ByKey) -> Move | None:
    header, now, status = has.headers.get(key_of(row)), services.now(), Status(row.text("Status"))
    posted, was_held = status in IN_THE_LEDGER, status is Status.HELD
    if header is None:
        return _gone(services, row, has)
    day = d365_day(row)
    if posted or was_held or header.business_day in (None, day):
        return None
    changed = f"business day {header.business_day} instead of {day}"
    return held(row, changed_cause(row, changed), now, changed)


def _gone(services: Services, row: Row, has: ByKey) -> Move | None:
    """Hold what D365 no longer has: as gone, or, where its shift's statement may have posted it, as that.

    Of a movement that is gone, and whose shifts have not posted it, these shifts are forgotten: they may be posted from now on,
    and nothing of it with them.
    """
    now, status = services.now(), Status(row.text("Status"))
    taken = taken_cause(row, has.statements) if is_posted_with_shift(row) else None
    if taken is not None and status is Status.HELD and row.text("Cause") == TAKEN:
        return None
    posted = status in IN_THE_LEDGER
    row = advanced(row, Status.REPAIR, now, "") if status is Status.HELD else row
    evidence = dict.fromkeys(EVIDENCE)
    if taken is not None:
        return held(row, taken, now, f"D365 no longer has it; {taken.words['said']}", **evidence)
    why = cause("gone_from_d365", services.settings.d365.environment_id)
    statement = f"; it had been in D365 statement {row.text('D365Statement')}" if posted else ""
    return held(row, why, now, f"D365 no longer has it{statement}", **{SENT_IN: None}, **evidence)

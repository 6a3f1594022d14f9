"""Set a cause aside until an instant, or take it up again before. It also comes back when it grows, or ends and recurs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from shared.errors import ForbiddenError, RejectedError
from shared.flows.telling.word import read_or_begin, say
from shared.retail.cause_state import ASIDE, OVER, Decided, Head, set_aside, take_up
from shared.services import Services
from shared.settings import Person

ASIDE_DAYS_MAX = 92


async def set_cause_aside(
    services: Services, fingerprint: str, until: datetime | None, person: Person, reason: str
) -> Head | None:
    """Set a cause aside, or take it up again (until is None); None where there is no such cause.

    Raises:
        ForbiddenError: the person does not hold the cause's owner role.
        RejectedError: the instant is past or too far away, or the cause has ended, or was not set aside.
    """
    until = until.astimezone(UTC) if until is not None else None  # as it is told and recorded
    head = await read_or_begin(services, fingerprint)
    if head is None:
        return None
    if head.tally.owner not in person.roles:
        raise ForbiddenError(f"only {head.tally.owner} may set this cause aside", status=403)
    _check(until, services.now())

    def word(known: Head) -> Decided:
        _fits(known, until)
        now = services.now()
        if until is None:
            return take_up(known, person.name, reason, now)
        return set_aside(known, until, person.name, reason, now)

    _fits(head, until)
    did = (
        f"set a cause aside until {until:%Y-%m-%d %H:%M} UTC"
        if until is not None
        else "took a cause up again"
    )
    return await say(services, fingerprint, person, did, reason, word)


def _check(until: datetime | None, now: datetime) -> None:
    if until is None or now < until <= now + timedelta(days=ASIDE_DAYS_MAX):
        return
    expected = f"an instant within the next {ASIDE_DAYS_MAX} days"
    raise RejectedError(
        "a cause cannot be set aside until then", field="until", expected=expected, found=until.isoformat()
    )


def _fits(head: Head, until: datetime | None) -> None:
    if until is not None and head.phase == OVER:
        raise RejectedError(
            "the cause has ended", field="fingerprint", expected="one that is open", found="ended"
        )
    if until is None and head.phase != ASIDE:
        raise RejectedError(
            "the cause is not set aside",
            field="fingerprint",
            expected="one that is set aside",
            found=head.phase,
        )

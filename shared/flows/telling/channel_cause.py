"""A channel that does not work, as a cause in front of IT; it ends by itself when something gets through."""

from __future__ import annotations

from shared.retail.reasons import Cause, cause
from shared.services import Services
from shared.storage.causes import (
    OPEN,
    Member,
    cause_key,
    cause_row,
    end_cause_rows,
    fingerprint_of,
    open_causes,
)
from shared.storage.protocols import Row

CHANNEL = "channel"


def _cause(channel: str, problem: str = "") -> Cause:
    return cause("alerts_failing", channel, problem=problem)


async def channel_failed(services: Services, channel: str, problem: str) -> None:
    """Tell that a channel does not work; once, for as long as it does not."""
    row = await _row(services, channel)
    if row is None or row.text("State") != OPEN:
        member = Member(CHANNEL, "", channel, receipts=0)
        await open_causes(
            services.tables.causes, [cause_row(_cause(channel, problem), member, services.now())]
        )


async def channel_works(services: Services, channel: str) -> None:
    """End what was told of a channel."""
    row = await _row(services, channel)
    if row is not None:
        await end_cause_rows(services.tables.causes, [row], services.now(), "an alert got through")


async def _row(services: Services, channel: str) -> Row | None:
    fingerprint = fingerprint_of(_cause(channel))
    return await services.tables.causes.read(fingerprint, cause_key(fingerprint, "", channel))

"""Decide whether a newer revision takes the place of what is kept, and name the writes that put it there.

What D365 has, or may be about to have, is never replaced. What the till had not finished counts nowhere: it may be replaced
even when the finished one belongs to another business day or another till (ADR 53).
"""

from __future__ import annotations

from datetime import date

from shared.flows.posting.kept import read_kept
from shared.retail.identity import revision_is_higher
from shared.retail.kinds import was_unfinished
from shared.retail.status import Status
from shared.services import Services
from shared.storage.due import STATEMENT, Due, note_due
from shared.storage.protocols import Insert, Operation, Remove, Replace, Row

_UNSENT = frozenset({Status.RECEIVED, Status.WAITING, Status.HELD, Status.MAPPED, Status.EXCLUDED})


def revision_seen(identity: Row) -> str:
    """Give the highest revision that was seen of a receipt, whether or not it changed anything."""
    return identity.text("RevisionSeen") or identity.text("Revision")


async def replacement(
    services: Services, identity: Row, day: Row, known: Row, first: Row
) -> list[Operation] | None:
    """Give the group that puts a newer revision in the place of the first one; None where it may not go there.

    identity, day: the new revision's rows. known, first: the rows there are. Where the new one is of another day, the old
    day is noted to be compiled again before anything is written: a crash between the two costs a look, never a figure.
    """
    if not _may_replace(identity, known, first):
        return None
    told = f"{first.text('History')}\n{day.text('History')} (revision)"
    if day.key == first.key:
        return [
            Replace(identity, known.etag),
            Replace(day.with_values(History=told), first.etag),
        ]
    if not _is_unfinished(first) or first.flag("Conflict"):
        return None
    then = date.fromisoformat(first.text("BusinessDay"))
    await note_due(services.tables.due, [Due(STATEMENT, first.partition, then, services.now())])
    where = f"{told}, was with till {first.text('Terminal')} on {then.isoformat()}"
    return [
        Replace(identity, known.etag),
        Insert(day.with_values(History=where)),
        Remove(first.partition, first.key, first.etag),
    ]


def _may_replace(identity: Row, known: Row, first: Row) -> bool:
    status = Status(first.text("Status"))
    was_packaged = bool(first.text("Package") or first.text("D365Number"))  # its key is frozen for ever
    if status not in _UNSENT or was_packaged:
        return False
    if not revision_is_higher(identity.text("Revision"), revision_seen(known)):
        return False
    return status is not Status.EXCLUDED or _is_unfinished(first)


def _is_unfinished(first: Row) -> bool:
    """Say whether the kept version is a receipt that the till had not finished, by what its document says."""
    kept = read_kept(first)
    return kept is not None and was_unfinished(kept.kind, kept.status, training=kept.training)

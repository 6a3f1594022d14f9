"""Keep that something came which cannot be read: sender, time, length, reason and a keyed hash, never its bytes."""

from __future__ import annotations

import hmac
from collections.abc import Sequence

from shared.retail.reasons import cause
from shared.services import Services
from shared.settings import Sender
from shared.storage.audit import append_audit
from shared.storage.causes import Member, cause_row, open_causes
from shared.storage.protocols import Row


async def note_unreadable(
    services: Services, sender: Sender, documents: Sequence[tuple[bytes, str]], *, tell_again: bool = True
) -> None:
    """Put what cannot be read, each with why, before its owner, and into the record of what was done.

    tell_again: also where the same bytes were told before, and a person has ended it.
    """
    rows = [_row(services, sender, document, why) for document, why in documents]
    if not tell_again:
        table = services.tables.causes
        there = await services.together(*(table.read(row.partition, row.key) for row in rows))
        rows = [row for row, known in zip(rows, there, strict=True) if known is None]
    if not rows:
        return
    evidence = "; ".join(f"{row.number('Bytes')} bytes, keyed hash {row.text('KeyedHash')}" for row in rows)
    did = f"sent {len(rows)} that cannot be read" if len(rows) > 1 else "sent what cannot be read"
    await append_audit(
        services.tables.audit, sender.account, services.now(), who=sender.account, did=did, reason=documents[0][1],
        evidence=evidence,
    )  # fmt: skip
    await open_causes(services.tables.causes, rows)  # last: where it is there, all of it was done


def _row(services: Services, sender: Sender, document: bytes, why: str) -> Row:
    digest = keyed_hash(services, document)
    problem = cause("cannot_be_read", sender.account, problem=why[:300])
    member = Member(what="document", store="", name=digest[:32], account=sender.account, receipts=0)
    row = cause_row(problem, member, services.now())
    return row.with_values(Bytes=len(document), KeyedHash=digest)


def keyed_hash(services: Services, document: bytes) -> str:
    """Give what recognises bytes when they come again, and tells nobody else what they were."""
    return hmac.new(services.settings.keyed_hash_secret.encode(), document, "sha256").hexdigest()

"""What arrives of a receipt whose personal data was erased: it is known as a duplicate, and brings nothing back."""

from __future__ import annotations

import contextlib

from shared.errors import ChangedMeanwhileError, NotThereError
from shared.flows.erasing.left import Left, left_of
from shared.services import Services
from shared.storage.audit import append_audit
from shared.storage.erasures import HASH, erased_identity, erasure_of, evidence_of, is_erased, is_erased_as
from shared.storage.protocols import Row


def is_the_same(identity: Row, arrived: Row) -> bool:
    """Say whether an arrival has the content that is kept, or, of an erased receipt, what is left of it."""
    if identity.text("ContentHash") == arrived.text("ContentHash"):
        return True
    return is_erased(identity) and identity.text(HASH) == arrived.text(HASH)


async def as_erased(services: Services, identity: Row, arrived: Row, day: Row) -> tuple[Row, Row]:
    """Give an arrival's identity and day row without what was erased of the receipt it is another delivery of.

    A version that is about to be kept is written down first, so that what is left of it can be checked like the rest.
    """
    left = await _left(services, identity, day)
    if left is None:
        return arrived, day
    marked = erased_identity(arrived, erasure_of(identity), left.erased_hash)
    if not is_the_same(identity, marked):
        await _note(services, identity, left)
    return marked, left.row


async def _left(services: Services, identity: Row, day: Row) -> Left | None:
    return left_of(day, await services.mappings.at_least(0), erasure_of(identity))


async def _note(services: Services, identity: Row, left: Left) -> None:
    account = left.row.text("Account")
    await append_audit(
        services.tables.audit, identity.partition, services.now(), who=account,
        did=f"sent another version of {left.row.text('TransactionId')} of {account}, of which personal data was erased",
        reason=erasure_of(identity).why, evidence=evidence_of([left.row]),
    )  # fmt: skip


async def erase_behind(services: Services, arrived: Row, key: str) -> None:
    """A second version was written while its receipt was being erased: leave as much of it as of the first."""
    table = services.tables.transactions
    identity = await table.read(arrived.partition, arrived.key)
    if identity is None or not is_erased(identity):
        return
    second = await table.read(arrived.partition, key)
    if second is None or is_erased_as(second, operator=erasure_of(identity).operator):
        return
    left = await _left(services, identity, second)
    if left is None:
        return
    await _note(services, identity, left)
    with contextlib.suppress(ChangedMeanwhileError, NotThereError):
        await table.replace(left.row, second.etag)

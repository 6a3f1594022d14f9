"""Write a group of rows, leaving out those that somebody changed or removed meanwhile."""

from __future__ import annotations

from collections.abc import Sequence

from shared.errors import ChangedMeanwhileError, GroupRefusedError, NotThereError
from shared.storage.protocols import Operation, Table


async def write_unchanged(table: Table, group: Sequence[Operation]) -> list[Operation]:
    """Write a group of one partition, at most a hundred; give the operations that were carried out.

    Raises:
        GroupRefusedError: one of them is refused for another reason than a change.
    """
    left = list(group)
    while left:
        try:
            await table.write_group(left)
        except GroupRefusedError as error:
            if not isinstance(error.cause, ChangedMeanwhileError | NotThereError):
                raise
            del left[error.index]
        else:
            return left
    return []

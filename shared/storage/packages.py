"""Packages and the one slot of a D365 environment, as rows. Partition = environment.

`slot`: who drives which package. `package~...`: a package with its attempts, counts, control totals and hash.
`members~...`: which receipts and shifts are in it, written before D365 is called.
"""

from __future__ import annotations

import contextlib
import json
import zlib
from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import asdict, dataclass

from shared.errors import AlreadyThereError
from shared.storage.keys import join_key, prefix_end
from shared.storage.protocols import Row, Table

SLOT_FREE, SLOT_TAKEN = "free", "taken"
BUILDING, BUILT, UPLOADING, IMPORTING, UNKNOWN, READING, DONE = (
    "building", "built", "uploading", "importing", "unknown", "reading back", "done",
)  # fmt: skip
MEMBERS_PER_ROW = 2_000


@dataclass(frozen=True, slots=True)
class PackageMember:
    """One receipt or shift in a package: where its row is."""

    store: str
    key: str
    is_shift: bool = False


def slot_key(environment: str) -> str:
    return join_key("slot", environment)


def package_key(environment: str, package: str) -> str:
    return join_key("package", environment, package)


def preflight_key(environment: str) -> str:
    return join_key("preflight", environment)


def causes_key(environment: str) -> str:
    return join_key("causes", environment)


def lateness_key(environment: str) -> str:
    return join_key("lateness", environment)


def tracking_key(environment: str) -> str:
    return join_key("tracking", environment)


async def read_slot(table: Table, environment: str) -> Row:
    """Read the environment's slot, making a free one the first time."""
    row = await table.read(environment, slot_key(environment))
    if row is None:
        fresh = Row(
            partition=environment,
            key=slot_key(environment),
            values={"Record": "slot", "State": SLOT_FREE, "Epoch": 0},
        )
        with contextlib.suppress(AlreadyThereError):
            await table.insert(fresh)
        row = await table.read(environment, slot_key(environment))
    if row is None:
        raise AlreadyThereError("the slot row cannot be read back")
    return row


async def write_members(
    table: Table, environment: str, package: str, members: Sequence[PackageMember]
) -> None:
    """Write down what is in a package, before anything else knows of it."""
    for number, at in enumerate(range(0, len(members), MEMBERS_PER_ROW)):
        part = [asdict(one) for one in members[at : at + MEMBERS_PER_ROW]]
        packed = zlib.compress(json.dumps(part).encode(), 6)
        pieces = {
            f"Members{index}": packed[start : start + 60_000]
            for index, start in enumerate(range(0, len(packed), 60_000))
        }
        key = join_key("members", environment, package, f"{number:04d}")
        await table.upsert(
            Row(partition=environment, key=key, values={"Record": "members", "Count": len(part), **pieces})
        )


async def read_members(table: Table, environment: str, package: str) -> list[PackageMember]:
    """Read what is in a package."""
    prefix = f"{join_key('members', environment, package)}~"
    members: list[PackageMember] = []
    async for row in table.query(environment, key_from=prefix, key_before=prefix_end(prefix)):
        pieces = sorted(
            (name for name in row.values if name.startswith("Members")), key=lambda name: int(name[7:])
        )
        packed = b"".join(row.data(name) for name in pieces)
        members += [PackageMember(**one) for one in json.loads(zlib.decompress(packed))]
    return members


def sent_part(members: Sequence[PackageMember], keys: Collection[str]) -> bytes:
    """Write which members an attempt sent, as ranges of their places, compressed; keys: row keys of what was sent."""
    ranges: list[list[int]] = []
    for place, member in enumerate(members):
        if member.key not in keys:
            continue
        if ranges and ranges[-1][1] == place - 1:
            ranges[-1][1] = place
        else:
            ranges.append([place, place])
    return zlib.compress(json.dumps(ranges, separators=(",", ":")).encode(), 9)


def sent_members(package: Row, members: Sequence[PackageMember]) -> list[PackageMember] | None:
    """Read which members the package's last attempt sent; None where none was."""
    if "Sent" not in package.values:
        return None
    ranges = json.loads(zlib.decompress(package.data("Sent")))
    return [member for first, last in ranges for member in members[first : last + 1]]


def packages_of(table: Table, environment: str) -> AsyncIterator[Row]:
    """Read every package of an environment, oldest first."""
    prefix = f"{join_key('package', environment)}~"
    return table.query(environment, key_from=prefix, key_before=prefix_end(prefix))

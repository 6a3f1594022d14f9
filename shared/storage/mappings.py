"""Mapping rows in their table: loaded once, kept up to date by version, imported all or nothing.

Partition = kind. An import writes its rows under an id of its own; they count only once its import row is there. That
row's number is the version: versions are in the order in which imports finished, and half an import changes nothing.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta

from shared.errors import AlreadyThereError, ChangedMeanwhileError
from shared.retail.mapped import StoreSetup
from shared.retail.mapping_kinds import EVERY_KIND
from shared.retail.mapping_rows import VALID_FROM, MappingRow, Mappings, mapping_row
from shared.storage.keys import join_key
from shared.storage.protocols import Condition, Row, Table, Upsert, Value

IMPORTS = "import"
AGE_MAX = timedelta(minutes=1)  # another instance may have imported meanwhile
VERSION_TRIES_MAX = 50


class MappingCache:
    """The mappings a worker knows. `refresh` reads what is newer; a worker that is behind calls it."""

    def __init__(
        self, table: Table, now: Callable[[], datetime] | None = None, age_max: timedelta = AGE_MAX
    ) -> None:
        self._table = table
        self._now = now
        self._age_max = age_max
        self._read_at: datetime | None = None
        self._reading = asyncio.Lock()
        self._rows: dict[tuple[str, ...], tuple[MappingRow, ...]] = {}
        self._version = 0

    @property
    def known(self) -> Mappings:
        return Mappings(self._version, self._rows, self._now().date() if self._now is not None else None)

    async def at_least(self, version: int) -> Mappings:
        """Give the mappings, read again if they lack `version`, were never read, or were read a while ago."""
        if self._lacks(version):
            async with self._reading:  # who comes while they are being read waits for that, and has them then
                if self._lacks(version):
                    await self._read()
        return self.known

    def _lacks(self, version: int) -> bool:
        return self._version == 0 or self._version < version or self._is_old()

    async def store(self, store: str, day: date, version: int = 0) -> StoreSetup | None:
        """Give a store's set-up; one that is not known is looked for once more."""
        found = (await self.at_least(version)).store(store, day)
        return found if found is not None else (await self.refresh()).store(store, day)

    def _is_old(self) -> bool:
        return self._now is not None and (
            self._read_at is None or self._now() - self._read_at > self._age_max
        )

    async def refresh(self) -> Mappings:
        """Read the imports that finished since, and their rows; forget nothing older."""
        async with self._reading:
            await self._read()
        return self.known

    async def _read(self) -> None:
        """They are as old as the beginning of a reading, and only once it has ended well."""
        began_at = self._now() if self._now is not None else None
        newer = (Condition("Version", "gt", self._version),)
        finished = {
            row.text("Import"): (row.number("Version"), row.text("Kind"))
            async for row in self._table.query(IMPORTS, where=newer)
        }
        rows = dict(self._rows)
        for kind in sorted({kind for _, kind in finished.values()}):
            ids = [one for one, (_, its_kind) in finished.items() if its_kind == kind]
            where = (Condition("Import", "eq", ids[0]),) if len(ids) == 1 else ()
            async for row in self._table.query(kind, where=where):
                if row.text("Import") in finished:
                    key = (kind, *json.loads(row.text("Key")))
                    version = finished[row.text("Import")][0]
                    rows[key] = (*rows.get(key, ()), mapping_row(json.loads(row.text("Values")), version))
        if finished:
            self._rows, self._version = rows, max(version for version, _ in finished.values())
        self._read_at = began_at


async def import_rows(
    table: Table,
    kind: str,
    rows: Sequence[Mapping[str, str]],
    *,
    who: str,
    reason: str,
    at: datetime,
    after: int | None = None,
) -> int:
    """Write mapping rows as one import; give its version. after: the version they were judged by, and none may lie between.

    Raises:
        ChangedMeanwhileError: another import finished after that version; of this one nothing counts.
    """
    import_id = secrets.token_hex(8)
    key_columns = EVERY_KIND[kind].key
    entities = [
        Row(
            partition=kind,
            key=join_key(kind, *(row[name] for name in key_columns), import_id, *_begins(row)),
            values={
                **{_column(name): value for name, value in row.items() if value},
                "Key": json.dumps([row[name] for name in key_columns]),
                "Values": json.dumps(dict(row), sort_keys=True),
                "Import": import_id,
            },
        )
        for row in rows
    ]
    for start in range(0, len(entities), 100):
        await table.write_group([Upsert(row) for row in entities[start : start + 100]])
    done: dict[str, Value] = {
        "Import": import_id,
        "Kind": kind,
        "Rows": len(rows),
        "By": who,
        "Reason": reason[:2000],
        "At": at,
    }
    if after is None:
        return await _finish_import(table, done)
    try:
        return await _finish_as(table, done, after + 1)
    except AlreadyThereError as error:
        raise ChangedMeanwhileError(f"another import finished after version {after}") from error


def _begins(row: Mapping[str, str]) -> tuple[str, ...]:
    """One import may hold rows of one key that begin on different days."""
    return (row[VALID_FROM],) if row.get(VALID_FROM) else ()


async def _finish_import(table: Table, done: dict[str, Value]) -> int:
    """Make an import count: take the first version number that nobody has taken."""
    newest = 0
    async for row in table.query(IMPORTS, select=("Version",)):
        newest = max(newest, row.number("Version"))
    for version in range(newest + 1, newest + 1 + VERSION_TRIES_MAX):
        try:
            return await _finish_as(table, done, version)
        except AlreadyThereError:
            continue
    raise AlreadyThereError("too many imports at once")


async def _finish_as(table: Table, done: Mapping[str, Value], version: int) -> int:
    values = {**done, "Version": version}
    await table.insert(Row(partition=IMPORTS, key=join_key(IMPORTS, f"{version:09d}"), values=values))
    return version


def _column(name: str) -> str:
    """Give a column the plain name it shows in the portal: payment_method becomes PaymentMethod."""
    return "".join(part.capitalize() for part in name.split("_"))


async def import_of_version(table: Table, version: int) -> Row | None:
    """Give the import that made a version, or the last one before it; None when there is none."""
    for number in range(version, max(0, version - VERSION_TRIES_MAX), -1):
        row = await import_row(table, number)
        if row is not None:
            return row
    return None


async def import_row(table: Table, version: int) -> Row | None:
    """Give the import that made exactly this version; None where there is none."""
    return await table.read(IMPORTS, join_key(IMPORTS, f"{version:09d}"))


async def imports_of(table: Table, kind: str) -> list[Row]:
    """Give the finished imports of a kind, the newest first."""
    rows = [row async for row in table.query(IMPORTS, where=(Condition("Kind", "eq", kind),))]
    return sorted(rows, key=lambda row: -row.number("Version"))


async def rows_of_import(table: Table, imported: Row) -> list[Row]:
    """Give the rows that an import wrote, in the order of their keys."""
    where = (Condition("Import", "eq", imported.text("Import")),)
    return [row async for row in table.query(imported.text("Kind"), where=where)]


def line_of_row(row: Row) -> dict[str, str]:
    """Give an import's row as the line it was."""
    line: dict[str, str] = json.loads(row.text("Values"))
    return line

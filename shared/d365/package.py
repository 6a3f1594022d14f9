"""Data packages: one zip with a manifest, a header and one CSV an entity, as D365's data management takes it.

What a package must have or D365 imports nothing and says "Succeeded" (D365 facts §4): a field map for every
column, the entity's label, not its OData name, UTF-16 with a byte order mark, CRLF line ends. The same
receipts give the same bytes in whatever order they come: everything is sorted, nothing is dated.
"""

from __future__ import annotations

import csv
import hashlib
import io
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import pairwise
from typing import IO

from shared.d365 import entities
from shared.d365.cash_entities import BANKED_TENDER, DECLARATION, DECLARED, SAFE_TENDER
from shared.d365.entities import ENTITIES, Entity
from shared.d365.manifest import header_xml, manifest_xml
from shared.d365.rows import rows_of
from shared.d365.shifts import shift_rows
from shared.d365.values import Row, cell_text
from shared.errors import RejectedError
from shared.retail.mapped import D365Key, MappedShift, MappedTransaction
from shared.retail.money import ZERO

_EARLIEST_ZIP_DATE = (1980, 1, 1, 0, 0, 0)
_COMPRESSION_LEVEL = 6
_CHARACTERS_A_WRITE = 65_536


@dataclass(frozen=True, slots=True)
class BuiltPackage:
    """A package ready to upload. `sha256` is of `content`.

    control: per entity label, the sums of its amounts in D365's sign, to compare with what D365 has
    afterwards.
    """

    content: bytes
    sha256: str
    rows_by_entity: dict[str, int]
    control: dict[str, dict[str, Decimal]]


def build_package(
    data_project: str,
    package: str,
    transactions: Sequence[MappedTransaction],
    shifts: Sequence[MappedShift] = (),
    *,
    header_first: bool = False,
) -> BuiltPackage:
    """Build the package of one legal entity. Pure and slow (seconds for 7,000 receipts): run it off the loop.

    data_project: the import project in D365, `package`: our id, carried by every header as its Comment.
    Entities without rows are left out. Rows are made one entity at a time and compressed as they are made, so
    a package needs its compressed size in memory, not its rows.

    Raises:
        RejectedError: nothing to send, several legal entities, a key used twice, or what `rows_of` refuses.
    """
    ordered = _one_of_each(transactions, shifts)
    keys = {mapped.key for mapped in ordered}
    content, rows, control = io.BytesIO(), dict[str, int](), dict[str, dict[str, Decimal]]()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED, compresslevel=_COMPRESSION_LEVEL) as archive:
        for entity in _in_order(header_first, ordered):
            source = _rows(entity, ordered, shifts, package, keys)
            count, sums = _write_entity(archive, entity, source)
            if count:
                rows[entity.label], control[entity.label] = count, sums
        sent = [entity for entity in _in_order(header_first, ordered) if entity.label in rows]
        _write_text(
            archive, "Manifest.xml", manifest_xml(data_project, package, sent, header_first=header_first)
        )
        _write_text(archive, "PackageHeader.xml", header_xml(package))
    made = content.getvalue()
    return BuiltPackage(made, hashlib.sha256(made).hexdigest(), rows, control)


def _one_of_each(
    transactions: Sequence[MappedTransaction], shifts: Sequence[MappedShift]
) -> list[MappedTransaction]:
    """Sort by key; refuse a mix of legal entities and a key that two receipts or two shifts share."""
    ordered = sorted(transactions, key=lambda mapped: _sort_key(mapped.key))
    legal_entities = {mapped.key.legal_entity for mapped in ordered} | {
        shift.legal_entity for shift in shifts
    }
    if len(legal_entities) != 1:
        found = ", ".join(sorted(legal_entities)) or "none"
        raise RejectedError(
            "a package holds one legal entity", field="legal_entity", expected="one legal entity", found=found
        )
    _refuse_twins("transactions", sorted(mapped.key.as_compared for mapped in ordered))
    _refuse_twins("shifts", sorted(_shift_key(shift) for shift in shifts))
    return ordered


def _refuse_twins(field: str, keys: Sequence[tuple[str, ...]]) -> None:
    for one, following in pairwise(keys):
        if one == following:
            found = " / ".join(one)
            raise RejectedError(
                f"two {field} share one D365 key", field=field, expected="each key once", found=found
            )


def _in_order(header_first: bool, ordered: Iterable[MappedTransaction]) -> list[Entity]:
    """Give the entities in the order they are written. Counts go under the name the environment's own entity has."""
    declared_as = next((mapped.declared_as for mapped in ordered if mapped.declared_as), DECLARED)
    cash_office = (BANKED_TENDER, SAFE_TENDER, replace(DECLARATION, label=declared_as))
    return sorted(
        (*ENTITIES.values(), *cash_office),
        key=lambda entity: (entities.level_of(entity, header_first=header_first), entity.sequence),
    )


def _rows(
    entity: Entity,
    ordered: Iterable[MappedTransaction],
    shifts: Iterable[MappedShift],
    package: str,
    keys: set[D365Key],
) -> Iterator[Row]:
    if entity.label == entities.SHIFTS:
        for shift in sorted(shifts, key=_shift_key):
            yield from shift_rows(shift)[entities.SHIFTS]
        return
    is_declaration = entity.odata_set == DECLARATION.odata_set
    for mapped in ordered:
        for row in rows_of(DECLARED if is_declaration else entity.label, mapped, package):
            if "OperatingUnitNumber" not in row or is_declaration:
                yield row  # keyed otherwise, and made of this very receipt
                continue
            refuse_orphan(entity, row, keys)
            yield row


def refuse_orphan(entity: Entity, row: Row, keys: set[D365Key]) -> None:
    """Refuse a row whose receipt is not in the package: data management would import it and nobody would miss
    it.
    """
    key = D365Key(
        str(row["dataAreaId"]),
        str(row["OperatingUnitNumber"]),
        str(row["Terminal"]),
        str(row["TransactionNumber"]),
    )
    if key not in keys:
        raise RejectedError(
            f"a row of {entity.label} belongs to no receipt of the package", field=entity.label,
            expected="a header in the package", found=key.transaction_number,
        )  # fmt: skip


def _write_entity(
    archive: zipfile.ZipFile, entity: Entity, rows: Iterator[Row]
) -> tuple[int, dict[str, Decimal]]:
    """Write one entity's file and count and add up as it goes; no rows, no file."""
    first = next(rows, None)
    if first is None:
        return 0, {}
    count, sums = 0, dict.fromkeys(entity.control, ZERO)
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    columns = entity.columns
    writer.writerow(columns)
    with archive.open(_file_of(entity.file_name), "w") as file:
        file.write(b"\xff\xfe")
        for row in _chained(first, rows):
            writer.writerow([cell_text(row[name]) for name in columns])
            count += 1
            for name in entity.control:
                sums[name] += Decimal(row[name])
            if text.tell() > _CHARACTERS_A_WRITE:
                _drain(text, file)
        _drain(text, file)
    return count, sums


def _chained(first: Row, rows: Iterator[Row]) -> Iterator[Row]:
    yield first
    yield from rows


def _drain(text: io.StringIO, file: IO[bytes]) -> None:
    file.write(text.getvalue().encode("utf-16-le"))
    text.seek(0)
    text.truncate()


def _write_text(archive: zipfile.ZipFile, name: str, text: str) -> None:
    with archive.open(_file_of(name), "w") as file:
        file.write(text.encode())


def _file_of(name: str) -> zipfile.ZipInfo:
    """Give a zip entry that says nothing of when and where it was written."""
    entry = zipfile.ZipInfo(name, date_time=_EARLIEST_ZIP_DATE)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.create_system = 3
    entry.external_attr = 0o600 << 16
    return entry


def _sort_key(key: D365Key) -> tuple[str, str, str, str]:
    return key.legal_entity, key.operating_unit, key.terminal, key.transaction_number


def _shift_key(shift: MappedShift) -> tuple[str, str, str, str]:
    return shift.legal_entity, shift.operating_unit, shift.terminal, f"{shift.shift_number:020d}"

"""Reading a data package: the zip, its two XML files, and each data file's rows as staging sees them. No state, any thread."""

from __future__ import annotations

import csv
import io
import uuid
import zipfile
from dataclasses import dataclass, field
from xml.etree import ElementTree

from simulator.contract import Contract, Shape
from simulator.database import Key, key_of
from simulator.schema import Entity
from simulator.values import Cells, UnusableValueError, Values, default_of

NAMESPACE = "{http://schemas.microsoft.com/dynamics/2015/01/DataManagement}"
_BYTES_MAX = 512 * 1024 * 1024
_BOM = b"\xff\xfe"


class UnusablePackageError(ValueError):
    """A package that ImportFromPackage refuses at once; the message is D365's."""


class UnusableFileError(ValueError):
    """A data file that fails its entity; the message is D365's."""


@dataclass(frozen=True, slots=True)
class Part:
    """One entity of a package. columns: (file column, entity field) of the map; empty imports nothing."""

    shape: Shape
    file_name: str
    order: tuple[int, int, int]
    columns: tuple[tuple[str, str], ...]
    source_format: str

    @property
    def entity(self) -> Entity:
        """The entity as headquarters has it."""
        return self.shape.inner


@dataclass(slots=True)
class Staging:
    """One data file as read: rows with their key, errors with their row number, or why it could not be read at all."""

    part: Part
    rows: list[tuple[Key, Values]] = field(default_factory=list)
    errors: list[tuple[int, str]] = field(default_factory=list)
    refused: str = ""


def read_manifest(content: bytes, contract: Contract) -> list[Part]:
    """Check a package's outside and give its parts in the order they are written.

    Raises:
        UnusablePackageError: no zip, a file is missing, the wrong namespace, an entity nobody knows, one or a field of one
            named twice.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            _check_size(package)
            manifest, header = _xml(package, "Manifest.xml"), _xml(package, "PackageHeader.xml")
            names = set(package.namelist())
    except zipfile.BadZipFile as error:
        raise UnusablePackageError("The package is not a valid zip file.") from error
    _check_root(manifest, "Manifest.xml", "DataManagementPackageManifest")
    _check_root(header, "PackageHeader.xml", "DataManagementPackageHeader")
    if header.findtext(f"{NAMESPACE}PackageType") != "DefinitionGroup":
        raise UnusablePackageError("PackageHeader.xml: PackageType must be DefinitionGroup.")
    named = list(manifest.iter(f"{NAMESPACE}DataManagementPackageEntityData"))
    parts = [_part(one, contract) for one in named if not _is_disabled(one)]
    _check_once([part.entity.label for part in parts], "entity")
    if not parts:
        raise UnusablePackageError("Manifest.xml names no entity.")
    for part in parts:
        if part.file_name not in names:
            raise UnusablePackageError(
                f"The file '{part.file_name}' of entity {part.entity.label} is not in the package."
            )
    return sorted(parts, key=lambda part: part.order)


def read_staging(content: bytes, parts: list[Part], company: str) -> list[Staging]:
    """Read the data files of a package for one legal entity."""
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        return [_staging(package.read(part.file_name), part, company) for part in parts]


def _check_size(package: zipfile.ZipFile) -> None:
    if sum(one.file_size for one in package.infolist()) > _BYTES_MAX:
        raise UnusablePackageError("The package is too large.")


def _xml(package: zipfile.ZipFile, name: str) -> ElementTree.Element:
    try:
        content = package.read(name)
        if b"<!DOCTYPE" in content:
            raise UnusablePackageError(f"{name} must not have a document type.")
        return ElementTree.fromstring(content)  # noqa: S314 - without a document type there are no entities to expand
    except KeyError as error:
        raise UnusablePackageError(f"The package has no {name}.") from error
    except ElementTree.ParseError as error:
        raise UnusablePackageError(f"{name} cannot be read: {error}.") from error


def _check_root(root: ElementTree.Element, file_name: str, name: str) -> None:
    if root.tag != NAMESPACE + name:
        raise UnusablePackageError(f"{file_name}: expected the element {name} of {NAMESPACE[1:-1]}.")


def _part(data: ElementTree.Element, contract: Contract) -> Part:
    label = data.findtext(f"{NAMESPACE}EntityName") or ""
    shape = contract.of_label(label)
    if shape is None:
        raise UnusablePackageError(f"Entity {label} does not exist in the target environment.")
    columns = tuple(
        (one.findtext(f"{NAMESPACE}XMLField") or "", one.findtext(f"{NAMESPACE}EntityField") or "")
        for one in data.iterfind(f"{NAMESPACE}EntityMapList/{NAMESPACE}EntityMap")
    )
    _check_once([name for _, name in columns], f"field of {label}")
    numbers = [_number(data, name) for name in ("ExecutionUnit", "LevelInExecutionUnit", "SequenceInLevel")]
    return Part(
        shape, data.findtext(f"{NAMESPACE}InputFilePath") or "", (numbers[0], numbers[1], numbers[2]), columns,
        data.findtext(f"{NAMESPACE}SourceFormat") or "",
    )  # fmt: skip


def _is_disabled(data: ElementTree.Element) -> bool:
    return (data.findtext(f"{NAMESPACE}Disable") or "").strip().lower() in ("true", "yes", "1")


def _check_once(names: list[str], what: str) -> None:
    twice = next((name for name in names if name and names.count(name) > 1), None)
    if twice is not None:
        raise UnusablePackageError(f"Manifest.xml names the {what} {twice} more than once.")


def _number(data: ElementTree.Element, name: str) -> int:
    text = data.findtext(NAMESPACE + name) or ""
    if not text.isdigit():
        raise UnusablePackageError(f"Manifest.xml: {name} must be a number.")
    return int(text)


def _staging(content: bytes, part: Part, company: str) -> Staging:
    staging = Staging(part)
    if not part.columns:
        return staging
    try:
        text = _text(content, part)
        records = csv.reader(io.StringIO(text, newline=""), strict=True)
        _read_rows(records, staging, company)
    except UnusableFileError as error:
        staging.rows.clear()
        staging.refused = str(error)
    except csv.Error as error:
        staging.rows.clear()
        staging.refused = f"The file of entity {part.entity.label} cannot be read: {error}."
    return staging


def _text(content: bytes, part: Part) -> str:
    """CSV-Unicode is UTF-16LE with its mark, and lines end with CR LF."""
    if part.source_format != "CSV-Unicode":
        raise UnusableFileError(f"The source format '{part.source_format}' is not set up.")
    if not content.startswith(_BOM):
        raise UnusableFileError("Selected file is not Unicode.")
    try:
        text = content[len(_BOM) :].decode("utf-16-le")
    except UnicodeDecodeError as error:
        raise UnusableFileError("Selected file is not Unicode.") from error
    if text.count("\n") != text.count("\r\n") or text.count("\r") != text.count("\r\n"):
        raise _wrong_mapping(part)
    return text


def _wrong_mapping(part: Part) -> UnusableFileError:
    return UnusableFileError(
        f"The mapping is incorrect for entity {part.entity.label} and field {{{str(uuid.uuid4()).upper()}}}."
    )


def _read_rows(records: object, staging: Staging, company: str) -> None:
    part = staging.part
    rows = iter(records)  # type: ignore[call-overload]  # a csv reader, whose type has no public name
    head: list[str] = next(rows, [])
    if any(column not in head for column, _ in part.columns) or len(set(head)) != len(head):
        raise _wrong_mapping(part)
    known = part.shape.outer.fields
    unknown = [name for _, name in part.columns if name not in known]
    readers = [
        (head.index(column), name, Cells(known[name])) for column, name in part.columns if name in known
    ]
    seen: set[Key] = set()
    for number, cells in enumerate(rows, start=1):
        try:
            if unknown:
                raise UnusableValueError(
                    f"Field '{unknown[0]}' does not exist in entity {part.entity.label}."
                )
            if len(cells) != len(head):
                raise UnusableValueError(f"The row has {len(cells)} columns, expected {len(head)}.")
            outer: Values = {name: values[cells[index]] for index, name, values in readers}
            inner = part.shape.taken(outer)
            staging.rows.append((_staged_key(part.shape, inner, company, seen), inner))
        except UnusableValueError as error:
            staging.errors.append((number, str(error)))


def _staged_key(shape: Shape, values: Values, company: str, seen: set[Key]) -> Key:
    """Complete a row with its company and give its key; a key twice in one file is an error."""
    if values.setdefault("dataAreaId", company) != company:
        raise UnusableValueError(
            f"The row's company '{values['dataAreaId']}' is not the import's, '{company}'."
        )
    for name in shape.outer.keys:
        if values.get(shape.inner_names[name], "") == "":
            raise UnusableValueError(f"Field '{name}' must be filled in.")
    if shape.changed_keys:
        for name in shape.inner.keys:
            values.setdefault(name, default_of(shape.inner.fields[name]))
    key = key_of(shape.inner, values)
    if key in seen:
        raise UnusableValueError("The record already exists.")
    seen.add(key)
    return key


def row_count(content: bytes) -> int:
    """Count the rows of a package's data files roughly, as lines below each head."""
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        names = [name for name in package.namelist() if not name.endswith(".xml")]
        return sum(max(package.read(name).count(b"\n") - 1, 0) for name in names)

"""Look pinned releases up in a copy of the published advisories, where a build machine cannot ask for them.

The copy is OSV's own export for PyPI, one file that anybody can carry over: all.zip of
https://osv-vulnerabilities.storage.googleapis.com/PyPI/, or its records unpacked into a folder. (OSV schema 1.7: a release is
affected where `affected[].versions` has it, or where it lies in a range of type ECOSYSTEM.)
"""

from __future__ import annotations

import json
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

OLD, AHEAD = timedelta(days=30), timedelta(days=1)
RECORDS_MIN = 5_000  # PyPI's export had more in 2024 already; fewer are a part of it, or another ecosystem's


@dataclass(frozen=True, slots=True)
class Looked:
    """What a copy says. records: those of PyPI's packages; newest: when the youngest of them was last changed.

    weak: advisories by release.
    """

    records: int
    newest: datetime | None
    weak: Mapping[str, tuple[str, ...]]

    def clears(self, now: datetime) -> bool:
        """Say whether the copy is whole and young enough to say that a release has no advisory."""
        is_young = self.newest is not None and -AHEAD <= now - self.newest <= OLD
        return self.records >= RECORDS_MIN and is_young


def look_up(copy: Path, releases: Iterable[tuple[str, str]]) -> Looked:
    """Look releases up by name and version.

    Raises:
        OSError, ValueError: the copy cannot be read, or is none.
    """
    wanted: dict[str, list[tuple[str, str]]] = {}
    for name, version in releases:
        wanted.setdefault(canonicalize_name(name), []).append((name, version))
    count, newest = 0, None
    weak: dict[str, list[str]] = {}
    for record in _records(copy):
        of_pypi = [(name, one) for one in record.get("affected") or [] if (name := _pypi_name(one))]
        if not of_pypi:
            continue
        count += 1
        changed = _instant(record.get("modified"))
        newest = max((one for one in (newest, changed) if one is not None), default=None)
        for of, affected in of_pypi if not record.get("withdrawn") else ():
            for name, version in wanted.get(of, []):
                if is_affected(affected, version):
                    weak.setdefault(f"{name} {version}", []).append(str(record.get("id")))
    return Looked(count, newest, {name: tuple(sorted(set(ids))) for name, ids in sorted(weak.items())})


def is_affected(affected: Mapping[str, Any], version: str) -> bool:
    """Say whether a release is among those that an advisory names, or in one of its ranges."""
    own = Version(version)
    if any(one == version or _version(one) == own for one in affected.get("versions") or []):
        return True
    ranges = [one for one in affected.get("ranges") or [] if one.get("type") == "ECOSYSTEM"]
    return any(_is_in(one.get("events") or [], own) for one in ranges)


def _pypi_name(affected: object) -> str:
    package = affected.get("package") if isinstance(affected, dict) else None
    if not isinstance(package, dict):
        return ""
    return canonicalize_name(str(package.get("name"))) if package.get("ecosystem") == "PyPI" else ""


def _is_in(events: Iterable[Mapping[str, str]], own: Version) -> bool:
    """Go through a range's events in the order of their versions: the last one at or before the release decides.

    What cannot be compared is taken for the worse: affected from the first version on, and mended by none.
    """
    is_in, read = False, []
    for what, value in ((what, value) for event in events for what, value in event.items()):
        at = _version(value)
        if at is not None:
            read.append((at, what))
        elif what == "introduced":
            is_in = True
    for at, what in sorted(read):
        if what == "introduced" and at <= own:
            is_in = True
        elif (what == "fixed" and at <= own) or (what == "last_affected" and at < own):
            is_in = False
    return is_in


def _version(value: str) -> Version | None:
    """Read a version; None for the beginning of all ("0", as OSV writes it), and for one that is none."""
    try:
        return None if value == "0" else Version(value)
    except InvalidVersion:
        return None


def _instant(value: object) -> datetime | None:
    try:
        return datetime.fromisoformat(str(value)).astimezone(UTC)
    except ValueError:
        return None


def _records(copy: Path) -> Iterator[dict[str, Any]]:
    texts = _zipped(copy) if copy.is_file() else (one.read_bytes() for one in sorted(copy.rglob("*.json")))
    for text in texts:
        record = json.loads(text)
        if isinstance(record, dict):
            yield record


def _zipped(copy: Path) -> Iterator[bytes]:
    try:
        with zipfile.ZipFile(copy) as file:
            for name in file.namelist():
                if name.endswith(".json"):
                    yield file.read(name)
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise ValueError(f"{copy} is no zip file, or damaged") from error

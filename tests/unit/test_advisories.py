"""Pinned releases are looked up in a copy of the advisories as OSV writes them: by version, by range, and by its age."""

from __future__ import annotations

import json
import zipfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from scripts.advisories import RECORDS_MIN, Looked, is_affected, look_up
from scripts.scan import FOUND, NOT_CHECKED, _looked_up

NOW = datetime(2026, 11, 27, tzinfo=UTC)


def record(name: str, *events: dict[str, str], **changes: Any) -> dict[str, Any]:
    affected = {
        "package": {"ecosystem": changes.pop("ecosystem", "PyPI"), "name": name},
        "ranges": [{"type": changes.pop("type", "ECOSYSTEM"), "events": list(events)}],
        "versions": changes.pop("versions", []),
    }
    return {"id": f"X-{name}", "modified": "2026-11-20T00:00:00Z", "affected": [affected], **changes}


def folder(path: Path, *records: dict[str, Any]) -> Path:
    for number, one in enumerate(records):
        (path / f"{number}.json").write_text(json.dumps(one), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("events", "affected", "safe"),
    [
        ([{"introduced": "0"}, {"fixed": "1.9.1"}], ["1.0", "1.9", "1.9.1rc1"], ["1.9.1", "1.10"]),
        ([{"introduced": "1.2"}, {"last_affected": "1.9"}], ["1.2", "1.9"], ["1.1", "1.9.1"]),
        ([{"introduced": "0"}], ["0.1", "99"], []),
        (
            [{"introduced": "2.0"}, {"fixed": "2.5"}, {"introduced": "0"}, {"fixed": "1.4"}],
            ["1.3", "2.0", "2.4.9"],
            ["1.4", "1.9", "2.5", "3"],
        ),
    ],
)
def test_a_release_is_affected_where_it_lies_in_a_range(
    events: list[dict[str, str]], affected: list[str], safe: list[str]
) -> None:
    (one,) = record("a", *events)["affected"]
    assert [each for each in affected if not is_affected(one, each)] == []
    assert [each for each in safe if is_affected(one, each)] == []


def test_a_version_that_is_written_otherwise_is_the_same_one() -> None:
    assert is_affected({"versions": ["2023.07.22"]}, "2023.7.22")
    assert is_affected({"versions": ["1.0", "who knows"]}, "1.0.0")
    assert not is_affected({"versions": ["1.0"]}, "1.0.1")


def test_versions_that_are_named_count_and_ranges_of_commits_do_not() -> None:
    (one,) = record("a", {"introduced": "0"}, type="GIT", versions=["1.5"])["affected"]
    assert (is_affected(one, "1.5"), is_affected(one, "1.6")) == (True, False)


def test_a_copy_is_searched_by_the_packages_plain_name_whether_folder_or_zip(tmp_path: Path) -> None:
    every = {"introduced": "0"}
    records = (
        record("Some.Package", every),
        record("some-package", every, id="X-older", modified="2025-01-01T00:00:00Z"),
        record("some-package", every, id="X-npm", ecosystem="npm"),
        record("some-package", every, id="X-gone", withdrawn="2026-01-01T00:00:00Z"),
        record("another", every),
    )
    pinned = [("some_package", "1.0"), ("clean", "2.0")]
    path = folder(tmp_path, *records)
    found = look_up(path, pinned)
    assert (found.records, found.newest) == (4, datetime(2026, 11, 20, tzinfo=UTC))
    assert found.weak == {"some_package 1.0": ("X-Some.Package", "X-older")}
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as file:
        for one in path.glob("*.json"):
            file.write(one, one.name)
    assert look_up(tmp_path / "all.zip", pinned) == found


def test_what_cannot_be_compared_is_taken_for_the_worse() -> None:
    for events, is_weak in (
        ([{"introduced": "0"}, {"fixed": "who knows"}], True),
        ([{"introduced": "0"}, {"last_affected": "2013c?"}], True),
        ([{"introduced": "0"}, {"fixed": "0.9"}, {"limit": "?"}], False),
        ([{"introduced": "0"}, {"fixed": "2.0"}], True),
    ):
        (one,) = record("a", *events)["affected"]
        assert is_affected(one, "1.0") == is_weak, events
    (one,) = record("a", {"introduced": "0"})["affected"]
    assert is_affected(one, "0.dev1")
    assert not is_affected({"ranges": None, "versions": None}, "1.0")


def test_an_old_copy_a_part_of_one_and_another_ecosystems_clear_nothing(tmp_path: Path) -> None:
    whole = Looked(RECORDS_MIN, datetime(2026, 11, 20, tzinfo=UTC), {})
    assert whole.clears(NOW)
    assert not whole.clears(NOW + timedelta(days=24))
    assert not replace(whole, records=RECORDS_MIN - 1).clears(NOW)
    assert not replace(whole, newest=None).clears(NOW)
    assert not replace(whole, newest=NOW + timedelta(days=2)).clears(NOW)
    foreign = [
        record("a", {"introduced": "0"}, ecosystem="npm"),
        {"id": "X", "affected": ["odd", None]},
        {"affected": [{"package": None}]},
    ]
    assert look_up(folder(tmp_path, *foreign), [("a", "1.0")]) == Looked(0, None, {})


def test_a_damaged_copy_is_none(tmp_path: Path) -> None:
    (tmp_path / "no.zip").write_bytes(b"no zip")
    with pytest.raises(ValueError, match=r"no\.zip is no zip file"):
        look_up(tmp_path / "no.zip", [])
    with zipfile.ZipFile(tmp_path / "all.zip", "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("a.json", json.dumps(record("a", {"introduced": "0"})) * 9)
    whole = bytearray((tmp_path / "all.zip").read_bytes())
    whole[40:60] = b"\xff" * 20
    (tmp_path / "all.zip").write_bytes(whole)
    with pytest.raises(ValueError, match="damaged"):
        look_up(tmp_path / "all.zip", [])


def test_the_scan_finds_what_stands_in_any_of_the_files_and_tells_found_from_not_checked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = folder(tmp_path, record("azure-functions", {"introduced": "0"}))
    files = ("requirements.txt", "requirements-dev.txt", "constraints.txt")
    assert _looked_up(copy, *files) == FOUND
    assert "advisories: azure-functions 2.3.0: X-azure-functions" in capsys.readouterr().out
    (tmp_path / "0.json").write_text(
        json.dumps(record("not-one-of-ours", {"introduced": "0"})), encoding="utf-8"
    )
    assert _looked_up(copy, *files) == NOT_CHECKED
    assert _looked_up(tmp_path / "nowhere.zip", *files) == NOT_CHECKED

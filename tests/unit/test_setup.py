"""Setting up: pinned exactly, repeatable anywhere, and nothing done twice."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from scripts.setup import key_of, with_key

TOP = Path(__file__).resolve().parents[2]
PIN = re.compile(r"[A-Za-z0-9_.-]+==[A-Za-z0-9.]+( ; python_version (<|>=) \"3\.13\")?")
FILES = (
    "requirements.txt", "requirements-dev.txt", "requirements-trading-data.txt", "requirements-independent-client.txt",
    "constraints.txt",
)  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_every_package_is_pinned_to_one_version(name: str) -> None:
    lines = (TOP / name).read_text(encoding="utf-8").splitlines()
    asked = [line for line in lines if line and not line.startswith(("#", "-r "))]
    assert asked
    assert [line for line in asked if not PIN.fullmatch(line)] == []


def test_the_lock_of_the_emulator_names_no_registry() -> None:
    lock = json.loads((TOP / "scripts" / "node" / "package-lock.json").read_text(encoding="utf-8"))
    assert [name for name, package in lock["packages"].items() if "resolved" in package] == []
    assert lock["packages"]["node_modules/azurite"]["version"] == "3.37.0"
    assert all("integrity" in package for name, package in lock["packages"].items() if name)


def test_what_a_stamp_says_is_there_is_not_installed_again(tmp_path: Path) -> None:
    stamp, done = tmp_path / "stamp", list[str]()
    for key in ("first", "first", "second"):
        with_key(stamp, key, lambda made=key: done.append(made))
    assert done == ["first", "second"]


def test_an_installation_that_failed_is_tried_again(tmp_path: Path) -> None:
    stamp = tmp_path / "stamp"
    stamp.write_text("before", encoding="ascii")

    def fail() -> None:
        raise subprocess.CalledProcessError(1, ["pip"])

    with pytest.raises(subprocess.CalledProcessError):
        with_key(stamp, "after", fail)
    assert not stamp.exists()


def test_a_stamps_key_changes_with_any_file_and_with_the_python(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_text("a", encoding="ascii")
    two.write_text("b", encoding="ascii")
    first = key_of([one, two], "3.13.0")
    assert key_of([one, two], "3.13.0") == first
    assert key_of([one, two], "3.11.7") != first
    two.write_text("c", encoding="ascii")
    assert key_of([one, two], "3.13.0") != first


def test_make_alone_says_what_can_be_done() -> None:
    said = subprocess.run(["make"], cwd=TOP, capture_output=True, text=True, check=True).stdout
    for target in ("setup", "demo", "test", "check", "run", "bench", "format", "clean"):
        assert re.search(rf"^  {target}\s+\S", said, re.MULTILINE), target

"""Bodies made to hurt are refused within a second, in little memory, and open no socket."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from shared.errors import RejectedError
from shared.web.bodies import opened, opener
from tests.contract.bombs import GZIP_BOMBS, MAY_BE_TAKEN, MIB, plan

ROOT = Path(__file__).resolve().parents[2]
SECONDS_MAX, MIB_MAX = 1.0, 64
# Those that readers feel most, one or two of each kind for every way in. All of them: `make bombs`.
FELT = (
    "lists without end", "a list of fractions", "many names", "one sign beyond the plane", "a number of a million digits",
    "many texts of digits in groups", "a billion laughs", "an address from outside", "included", "many attributes",
    "nested and closed", "a thousand to one", "cut off", "a million fields", "commas", "line ends",
    "a number of sixty thousand digits", "a MiB",
)  # fmt: skip
WAYS = list(plan())


@cache
def taken() -> dict[tuple[str, str], dict[str, Any]]:
    """Let a process of its own take them."""
    command = [sys.executable, "-m", "tests.contract.bombs", *FELT]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=True)
    found = [json.loads(line) for line in done.stdout.splitlines()]
    return {(one["way"], one["bomb"]): one for one in found}


def test_every_way_in_has_been_tried() -> None:
    assert {way for way, _ in taken()} == set(WAYS)
    assert len(taken()) >= 40


@pytest.mark.parametrize("way", WAYS)
def test_each_is_refused_within_a_second_in_little_memory_and_opens_no_socket(way: str) -> None:
    for (_, name), one in ((key, value) for key, value in taken().items() if key[0] == way):
        refused = one["told"] in ("rejected", "refused") or (
            one["told"].startswith("4") and one["told"] != "404"
        )
        may_pass = name in MAY_BE_TAKEN and one["told"] in ("202", "rejected", "refused", "404")
        if way.startswith("a webhook"):  # an authentic one is heard, and an exception tells of it
            assert one["told"] == "200 cannot_be_read", one
            refused = True
        assert refused or may_pass or (way.startswith("in ") and one["told"] == "404"), one
        assert one["seconds"] <= SECONDS_MAX, one
        assert one["mib"] <= MIB_MAX, one
        assert one["sockets"] == 0, one


@pytest.mark.parametrize("name", [one for one in GZIP_BOMBS if one != "gzip in gzip"])
def test_what_is_no_whole_gzip_of_a_calls_size_is_not_opened(name: str) -> None:
    if name == "a thousand to one, within the limit":
        assert len(GZIP_BOMBS[name]()) < 16 * MIB / 500
    with pytest.raises(RejectedError) as caught:
        opened(GZIP_BOMBS[name]())
    assert caught.value.field == "body"


@pytest.mark.parametrize("encoding", ["br", "deflate", "gzip, gzip", "zstd", "compress", "nonsense"])
def test_another_encoding_than_gzip_is_refused_by_name(encoding: str) -> None:
    with pytest.raises(RejectedError) as caught:
        opener({"content-encoding": encoding})
    assert (caught.value.field, caught.value.expected) == ("Content-Encoding", "gzip, or none")


@pytest.mark.parametrize("encoding", ["", "identity", " Identity "])
def test_a_body_as_it_is_needs_no_opening(encoding: str) -> None:
    assert opener({"Content-Encoding": encoding}) is None

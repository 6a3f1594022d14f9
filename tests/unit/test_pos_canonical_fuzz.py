"""Two thousand changed canonical documents: read, told what is wrong, or refused; nothing else. And each adapter has its run."""

from __future__ import annotations

from shared.pos.registry import ADAPTERS
from tests.unit.fuzz import FIXTURES, fuzz_adapter


def test_two_thousand_changed_documents_raise_nothing_but_rejections() -> None:
    watched, tally = fuzz_adapter("canonical", 2_000, 20250308)
    assert tally.findings == []
    assert min(tally.seen.values()) > 100, tally.seen
    assert {"refused: body", "unreadable: shape"} <= set(watched.said)


def test_every_adapter_of_the_registry_has_documents_to_change() -> None:
    assert {path.name for path in FIXTURES.iterdir() if any(path.iterdir())} >= set(ADAPTERS)

"""Two thousand changed documents of Square: read, told what is wrong, or refused; nothing else."""

from __future__ import annotations

from shared.pos.registry import ADAPTERS
from tests.unit.pos_fuzz import fuzz
from tests.unit.square_documents import FIXTURES, fixture


def test_two_thousand_changed_documents_raise_nothing_but_rejections() -> None:
    documents = [fixture(path.stem) for path in sorted(FIXTURES.glob("*.json"))]
    together = {"documents": documents[:3]}
    seen = fuzz(ADAPTERS["square"], [*documents, together], seed=20250308, count=2_000)
    assert min(seen.values()) > 100, seen

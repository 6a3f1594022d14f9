"""2,000 documents of Shopify's, each damaged in a few places: read, or refused with field, expected and found; never else."""

from __future__ import annotations

import json
import os
from typing import Any

from shared.pos.shopify_masking import masked
from tests.unit.pos_fuzz import fuzz
from tests.unit.shopify_documents import FOLDER, SHOPIFY

DOCUMENTS = int(os.environ.get("FUZZ_DOCUMENTS", "2000"))  # a long run asks for more
SEED = int(os.environ.get("FUZZ_SEED", "20260302"))
STRANGE: tuple[Any, ...] = (
    None, True, False, 0, -1, 7, 10**30, 10**27, "9" * 28, "0.000000000001", 1.5, -0.001, 1e300, "", " ", "x", "-", "NaN",
    "1e5", "12,50", "-5.00", "0.00", "999999999999999999999999999999", "4242424242424242", "2026-13-45T99:99:99Z",
    "2026-03-02T10:00:00", "gid://shopify/", "gid://shopify/Order/1?x=/2", "\u0664\u0662", "\x00", "a" * 5_000, [], {}, [[]],
    [{}], {"nodes": None}, {"edges": [None]}, {"nodes": [{}], "pageInfo": {"hasNextPage": True}}, {"amount": "1"},
    {"shop_money": {"amount": "x"}}, {"id": None},
)  # fmt: skip


NAMES = ("line_items", "agreements", "order", "orders", "sold", "part", "openingTime")


def is_masked_for_good(document: bytes) -> None:
    """Masking what is kept once more changes nothing of it."""
    assert masked(json.loads(document)) == json.loads(document)


def test_damaged_documents_are_read_or_refused_and_never_anything_else() -> None:
    fixtures = [json.loads(path.read_text("utf-8")) for path in sorted(FOLDER.glob("*.json"))]
    seen = fuzz(
        SHOPIFY, fixtures, seed=SEED, count=DOCUMENTS, junk=STRANGE, names=NAMES, check=is_masked_for_good
    )
    assert min(seen.values()) > 40, seen

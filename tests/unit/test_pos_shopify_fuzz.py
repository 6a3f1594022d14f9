"""2,000 documents of Shopify's, each damaged in a few places: read, or refused with field, expected and found; never else."""

from __future__ import annotations

import copy
import json
import os
import random
from typing import Any

from shared.errors import RejectedError
from shared.pos.shopify_masking import masked
from shared.retail.identity import content_hash
from shared.retail.rules import problems_of
from tests.unit.shopify_documents import ACCOUNT, FOLDER, SHOPIFY

DOCUMENTS = int(os.environ.get("FUZZ_DOCUMENTS", "2000"))  # a long run asks for more
SEED = int(os.environ.get("FUZZ_SEED", "20260302"))
STRANGE: tuple[Any, ...] = (
    None, True, False, 0, -1, 7, 10**30, 10**27, "9" * 28, "0.000000000001", 1.5, -0.001, 1e300, "", " ", "x", "-", "NaN",
    "1e5", "12,50", "-5.00", "0.00", "999999999999999999999999999999", "4242424242424242", "2026-13-45T99:99:99Z",
    "2026-03-02T10:00:00", "gid://shopify/", "gid://shopify/Order/1?x=/2", "\u0664\u0662", "\x00", "a" * 5_000, [], {}, [[]],
    [{}], {"nodes": None}, {"edges": [None]}, {"nodes": [{}], "pageInfo": {"hasNextPage": True}}, {"amount": "1"},
    {"shop_money": {"amount": "x"}}, {"id": None},
)  # fmt: skip


def places(tree: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    for name, one in (
        tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    ):
        found += places(one, (*path, name))
    return found


def damaged(tree: Any, chance: random.Random) -> Any:
    tree = copy.deepcopy(tree)
    for _ in range(chance.randint(1, 4)):
        spots = places(tree)
        if not spots:
            return tree
        *way, last = chance.choice(spots)
        holder = tree
        for step in way:
            holder = holder[step]
        what = chance.randrange(5)
        if what == 0:
            del holder[last]
        elif what == 1 and isinstance(holder, list):
            holder.append(copy.deepcopy(holder[last]))
        elif what == 2 and isinstance(holder, dict):
            holder[
                chance.choice(["line_items", "agreements", "order", "orders", "sold", "part", "openingTime"])
            ] = holder[last]
        else:
            holder[last] = copy.deepcopy(chance.choice(STRANGE))
    return tree


def test_damaged_documents_are_read_or_refused_and_never_anything_else() -> None:
    chance = random.Random(SEED)
    fixtures = [json.loads(path.read_text("utf-8")) for path in sorted(FOLDER.glob("*.json"))]
    unnamed = 0
    kinds = {"read": 0, "unreadable": 0, "refused": 0}
    for number in range(DOCUMENTS):
        document = damaged(fixtures[number % len(fixtures)], chance)
        body = json.dumps(document, allow_nan=False).encode()
        if chance.randrange(20) == 0:
            body = body[: chance.randrange(len(body))] + bytes([chance.randrange(256)])
        try:
            arrivals = SHOPIFY.read(body, ACCOUNT)
        except RejectedError as error:
            kinds["refused"] += 1
            unnamed += not (error.field and error.expected)
            continue
        for one in arrivals:
            if one.transaction is None:
                kinds["unreadable"] += 1
                assert all((each.field, each.expected, each.found) for each in one.problems)
                assert one.problems
                assert one.reason
                continue
            kinds["read"] += 1
            again = SHOPIFY.read_document(one.document, ACCOUNT)
            assert again == one.transaction
            assert content_hash(again) == content_hash(one.transaction)
            assert masked(json.loads(one.document)) == json.loads(one.document)
            problems_of(again)
    assert unnamed == 0
    assert min(kinds.values()) > 40, kinds

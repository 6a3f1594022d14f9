"""Changes documents at random, by seed, and sees to it that an adapter only ever reads, tells what is wrong, or refuses."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from shared.errors import RejectedError
from shared.pos.adapter import Adapter
from shared.retail.identity import content_hash
from shared.retail.rules import problems_of

JUNK: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 7.5, 10**16, 10**40, -(10**29), "", " ", "0", "-3", "12.345678901234", "NaN", "1e9", "x" * 300,
    "4111 1111 1111 1111", "\u202e\u0000", "２０２５-03-08T17:00:00Z", "2025-13-41T99:00:00Z", "0001-01-01T00:00:00Z", [], {},
    [[]], [None], [1, "a", {}], {"amount": 5}, {"amount": "x", "currency": "USD"}, {"amount": 5, "currency": "JPY"}, {"id": {}},
    [{}] * 3,
)  # fmt: skip


def fuzz(
    adapter: Adapter, documents: Sequence[Any], seed: int, count: int, encode: Any = None,
    junk: Sequence[Any] = JUNK, names: Sequence[str] = (), check: Callable[[bytes], None] | None = None,
) -> dict[str, int]:  # fmt: skip
    """Read `count` changed documents; count how many of the arrivals were readable, not readable, and refused whole.

    encode: how a tree becomes the bytes that are sent; as JSON, if nothing else is said. junk: what is put in. names: under
    which names of other documents a field is put as well. check: what else must be true of a document that is kept.
    """
    dice = random.Random(seed)
    seen = {"readable": 0, "unreadable": 0, "refused": 0, "refused without a reason": 0}
    for _ in range(count):
        tree = copy.deepcopy(dice.choice(documents))
        for _ in range(dice.choice((1, 1, 1, 2, 3, 6))):
            tree = _changed(dice, tree, junk, names)
        body = (encode or _as_json)(tree)
        if dice.random() < 0.1:
            body = bytes_changed(dice, body)
        judge(adapter, body, seen, check)
    assert seen.pop("refused without a reason") == 0
    return seen


def judge(adapter: Adapter, body: bytes, seen: dict[str, int], check: Callable[[bytes], None] | None) -> None:
    """Read one body, see to what must be true of whatever comes of it, and count it."""
    try:
        arrivals = adapter.read(body, "fuzz")
    except RejectedError as error:
        seen["refused" if error.field and error.expected else "refused without a reason"] += 1
        return
    for one in arrivals:
        if one.transaction is None:
            assert one.reason
            assert one.problems
            assert all(problem.field and problem.expected and problem.found for problem in one.problems), (
                one.problems
            )
            seen["unreadable"] += 1
            continue
        problems_of(one.transaction)
        kept = adapter.read_document(one.document, "fuzz")
        assert kept == one.transaction
        assert content_hash(kept) == content_hash(one.transaction)
        if check is not None:
            check(one.document)
        seen["readable"] += 1


def _as_json(tree: Any) -> bytes:
    return json.dumps(tree, default=str).encode()


def _places(tree: Any) -> list[tuple[Any, Any]]:
    """List every field and every entry of a tree."""
    found: list[tuple[Any, Any]] = []
    waiting = [tree]
    while waiting:
        one = waiting.pop()
        keys = list(one) if isinstance(one, dict) else list(range(len(one))) if isinstance(one, list) else []
        found += [(one, key) for key in keys]
        waiting += [one[key] for key in keys]
    return found


def _changed(dice: random.Random, tree: Any, junk: Sequence[Any], names: Sequence[str]) -> Any:
    places = _places(tree)
    if not places:
        return dice.choice(junk)
    holder, key = dice.choice(places)
    how = dice.randrange(7 if names else 6)
    if how == 0:
        del holder[key]
    elif how == 1 and isinstance(holder, list):
        holder.append(copy.deepcopy(holder[key]))
    elif how == 2:
        other, place = dice.choice(places)
        holder[key] = copy.deepcopy(other[place]) if place in other or isinstance(other, list) else None
    elif how == 3 and isinstance(holder[key], int | Decimal) and not isinstance(holder[key], bool):
        holder[key] = holder[key] * dice.choice((-1, 10, 1000)) + dice.choice((-1, 1))
    elif how == 6 and isinstance(holder, dict):
        holder[dice.choice(names)] = holder[key]
    else:
        holder[key] = copy.deepcopy(dice.choice(junk))
    return tree


def bytes_changed(dice: random.Random, body: bytes) -> bytes:
    """Cut a body, change a byte of it, or say a piece of it twice."""
    at = dice.randrange(len(body)) if body else 0
    how = dice.randrange(3)
    if how == 0:
        return body[:at]
    if how == 1:
        return body[:at] + bytes([dice.randrange(256)]) + body[at + 1 :]
    return body[:at] + body[at:][: dice.randrange(1, 40)] + body[at:]

"""Vendors' JSON read by names with its places, and masked with the names of goods left in: for adapters of web POS systems.

A vendor adds fields at any time: what is not read is left alone. What is read must be of its form, or the reader says where
it stands, what was expected and what was found.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import islice

from shared.errors import RejectedError
from shared.pos.adapter import SHAPE, TRANSACTIONS_MAX, Arrival, arrived, rejected, unreadable
from shared.pos.canonical_values import TEXT_LENGTH_MAX, read_amount, read_id, read_instant
from shared.pos.json_tree import text_of_tree, told, tree_of
from shared.pos.masking import masked_bytes, masked_tree, masked_words
from shared.retail.rules import Problem
from shared.retail.transaction import TillStatus, Transaction

ENTRIES_MAX = 10_000
BESIDE_MAX = 8_192
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Part:
    """An object of a document and its place in it. A field that is null counts as absent.

    Every reader raises RejectedError that names the place, what was expected and what was found.
    """

    fields: dict[str, object]
    place: str = ""

    def at(self, name: str) -> str:
        """Give the place of a field."""
        return f"{self.place}.{name}" if self.place else name

    def has(self, name: str) -> bool:
        return self.fields.get(name) is not None

    def part(self, name: str) -> Part:
        """Give the object in a field; it must be there."""
        value = self.fields.get(name)
        if not isinstance(value, dict):
            raise self.wrong(name, "an object")
        return Part(value, self.at(name))

    def part_or_none(self, name: str) -> Part | None:
        return self.part(name) if self.has(name) else None

    def parts(self, name: str, most: int = ENTRIES_MAX) -> list[Part]:
        """Give the objects in a list; none where there is no list."""
        value = self.fields.get(name)
        if value is None:
            return []
        if not isinstance(value, list) or len(value) > most:
            raise self.wrong(name, f"a list of at most {most}")
        found = [
            Part(one, f"{self.at(name)}[{index}]") for index, one in enumerate(value) if isinstance(one, dict)
        ]
        if len(found) != len(value):
            raise self.wrong(name, "a list of objects")
        return found

    def id(self, name: str) -> str:
        """Give an identifier; it must be there."""
        try:
            return read_id(self.fields.get(name))
        except ValueError as error:
            raise self.wrong(name, str(error)) from error

    def id_or_none(self, name: str) -> str | None:
        return self.id(name) if self.has(name) and self.fields[name] != "" else None

    def text(self, name: str) -> str:
        """Give a text, cut at 2,000 characters; empty where there is none."""
        value = self.fields.get(name)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise self.wrong(name, "a text")
        return value[:TEXT_LENGTH_MAX]

    def word(self, name: str, words: Mapping[str, object], default: str | None = None) -> str:
        """Give one of a closed list of words, or the default where there is none."""
        value = self.fields.get(name)
        value = default if value is None else value
        if not isinstance(value, str) or value not in words:
            raise self.wrong(name, f"one of {', '.join(words)}")
        return value

    def flag(self, name: str) -> bool:
        value = self.fields.get(name)
        if value is not None and not isinstance(value, bool):
            raise self.wrong(name, "true or false")
        return value is True

    def amount(self, name: str) -> Decimal:
        """Give an exact number, whether it came as text or as a JSON number; it must be there."""
        try:
            return read_amount(self.fields.get(name))
        except ValueError as error:
            raise self.wrong(name, str(error)) from error

    def amount_or_none(self, name: str) -> Decimal | None:
        return self.amount(name) if self.has(name) and self.fields[name] != "" else None

    def instant(self, name: str) -> datetime:
        """Give a time that carries its offset; it must be there."""
        try:
            return read_instant(self.fields.get(name))
        except ValueError as error:
            raise self.wrong(name, str(error)) from error

    def instant_or_none(self, name: str) -> datetime | None:
        return self.instant(name) if self.has(name) else None

    def wrong(self, name: str, expected: str) -> RejectedError:
        """Make the error of a field that is not as expected."""
        return rejected(Problem(SHAPE, self.at(name), expected, told(self.fields.get(name))))


@dataclass(frozen=True, slots=True)
class Masks:
    """What an adapter keeps of its vendor's documents.

    identifiers: keys whose values are never scanned for cards. dropped: keys that go with everything below them, because
    they hold people or nothing that is read. named: keys whose objects have a `name` that is no person's (goods, taxes).
    """

    identifiers: frozenset[str]
    dropped: frozenset[str]
    named: frozenset[str]

    def kept(self, tree: object) -> object:
        """Give what is kept of a document: the same again when it is given what was kept."""
        slim = _without(tree, self.dropped)
        return _with_names(slim, masked_tree(slim, self.identifiers, "metadata"), self.named, False)


def root_of(piece: bytes) -> Part:
    """Read a document that is one JSON object.

    Raises:
        RejectedError: it is no JSON, holds a key twice, is too deep, has too many parts, or is something else than an object.
    """
    tree = tree_of(piece)
    if not isinstance(tree, dict):
        raise rejected(Problem(SHAPE, "body", "one JSON object", told(tree)))
    return Part(tree)


def arrival_of(
    tree: object, masks: Masks, read: Callable[[Part], Transaction], named: Callable[[Part], tuple[str, str]]
) -> Arrival:
    """Mask one document, keep it, and read it.

    named: gives store and transaction id of a document that cannot be read, as far as it tells them.
    """
    if not isinstance(tree, dict):
        problem = Problem(SHAPE, "transaction", "an object", told(tree))
        return unreadable(masked_bytes(text_of_tree(tree).encode()), [problem])
    kept = masks.kept(tree)
    part = Part(kept if isinstance(kept, dict) else {})
    document = text_of_tree(kept).encode()
    try:
        return arrived(document, read(part))
    except RejectedError as error:
        problem = Problem(SHAPE, error.field, error.expected, error.found)
        store, transaction_id = named(part)
        return unreadable(document, [problem], store=store, transaction_id=transaction_id)


def only_one(arrivals: Sequence[Arrival]) -> Transaction:
    """Give the transaction of a kept document, which holds one.

    Raises:
        RejectedError: it holds several, or it cannot be read; names the first field at fault.
    """
    if len(arrivals) != 1:
        raise rejected(Problem(SHAPE, "body", "one kept document", f"{len(arrivals)} transactions"))
    if arrivals[0].transaction is None:
        raise rejected(arrivals[0].problems[0])
    return arrivals[0].transaction


def is_settled(transaction: Transaction) -> bool:
    """Say whether a receipt may be handed over: one that is put aside, or whose money is on its way, comes again later."""
    return transaction.status not in (TillStatus.SUSPENDED, TillStatus.PENDING)


def counted(documents: Iterable[object], place: str, what: str) -> list[object]:
    """Give the documents of a call, 1 to 500; no more of them is made than it takes to see that there are too many.

    Raises:
        RejectedError: none, or more.
    """
    found = list(islice(documents, TRANSACTIONS_MAX + 1))
    if not 1 <= len(found) <= TRANSACTIONS_MAX:
        raise rejected(Problem(SHAPE, place, f"1 to {TRANSACTIONS_MAX} {what}", "more" if found else "none"))
    return found


def small(tree: dict[str, object], place: str) -> dict[str, object]:
    """Give what is kept with each of many documents, after a look at its size: a call must not grow by keeping it.

    Raises:
        RejectedError: it is over 8 kB.
    """
    size = len(text_of_tree(tree))
    if size > BESIDE_MAX:
        raise rejected(
            Problem(SHAPE, place, f"at most {BESIDE_MAX} characters kept with each document", str(size))
        )
    return tree


def id_text(part: Part, *names: str) -> str:
    """Give an id at the end of a path of names, "" where it cannot be read."""
    try:
        for name in names[:-1]:
            part = part.part(name)
        return part.id(names[-1])
    except RejectedError:
        return ""


def words(text: str) -> frozenset[str]:
    """Give the words of a text, each once: a list of keys that reads as one."""
    return frozenset(text.split())


def milliseconds(at: datetime) -> int:
    """Count the milliseconds since 1970: later is more."""
    return (at - _EPOCH) // timedelta(milliseconds=1)


def _without(tree: object, dropped: frozenset[str]) -> object:
    if isinstance(tree, dict):
        return {name: _without(one, dropped) for name, one in tree.items() if name not in dropped}
    return [_without(one, dropped) for one in tree] if isinstance(tree, list) else tree


def _with_names(tree: object, masked: object, named: frozenset[str], here: bool) -> object:
    """Give the masked tree with the names of goods in it again, still without cards and addresses."""
    if isinstance(tree, dict) and isinstance(masked, dict):
        return {
            key: masked_words(old, free=True)
            if here and name == "name" and isinstance(old, str)
            else _with_names(old, new, named, name in named)
            for (name, old), (key, new) in _pairs(tree, masked)
        }
    if isinstance(tree, list) and isinstance(masked, list):
        return [_with_names(old, new, named, here) for old, new in zip(tree, masked, strict=True)]
    return masked


def _pairs(
    tree: dict[str, object], masked: dict[str, object]
) -> Iterator[tuple[tuple[str, object], tuple[str, object]]]:
    return zip(tree.items(), masked.items(), strict=True)

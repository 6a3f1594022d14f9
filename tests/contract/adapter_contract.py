"""What every adapter must keep, checked over its fixture folder: one suite for all of them, whatever their format.

An adapter of the registry is checked with nothing more than its folder. What a vendor's documents are different in is said
once, in `Tried`.
"""

from __future__ import annotations

import csv
import dataclasses
import functools
import io
import json
import random
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Container, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import defusedxml.ElementTree
import pytest

from shared.errors import RejectedError
from shared.flows.ingest_transactions import ingest_transactions
from shared.pos import registry
from shared.pos.adapter import BODY_BYTES_MAX, Adapter, Arrival
from shared.retail.identity import content_hash
from shared.retail.rules import problems_of
from shared.retail.transaction import Transaction
from tests.unit.flow_services import SENDER, Hand, flow_services, run
from tests.unit.pos_fuzz import bytes_changed, judge

ROOT = Path(__file__).resolve().parents[2]
CARD, TRACK = "4111 1111 1111 1111", ";4111111111111111=30122015432112345678?"
CARD_DIGITS = ("4111 1111 1111 1111", "4111111111111111")
FUZZED = 150
_FIXTURE_NAME = re.compile(r"[a-z_0-9]+?__[a-z0-9_]+")


def as_sent(content: bytes) -> bytes:
    return content


@dataclass(frozen=True)
class Tried:
    """An adapter and its fixtures. body: how a fixture becomes a call's body. not_receipts: fixtures that the door refuses.

    typed: names of the identifiers that are kept as they are. no_totals: why the vendor states none. held: fixtures that do
    not add up, on purpose.
    """

    adapter: Adapter
    folder: Path
    page: Path
    body: Callable[[bytes], bytes] = as_sent
    not_receipts: frozenset[str] = frozenset()
    typed: frozenset[str] = frozenset()
    held: frozenset[str] = frozenset()
    no_totals: str = ""

    @functools.cached_property
    def fixtures(self) -> dict[str, bytes]:
        paths = sorted(one for one in self.folder.iterdir() if one.is_file())
        return {one.stem: one.read_bytes() for one in paths}

    @property
    def bodies(self) -> dict[str, bytes]:
        return {name: self.body(one) for name, one in self.fixtures.items() if name not in self.not_receipts}

    @property
    def kind(self) -> str:
        return next(one.suffix for one in self.folder.iterdir() if one.is_file())

    def read(self, body: bytes) -> list[Arrival]:
        return self.adapter.read(body, "east")

    def receipts(self) -> list[tuple[str, Arrival, Transaction]]:
        """Give every receipt of every fixture; each must be readable."""
        found = []
        for name, body in self.bodies.items():
            for one in self.read(body):
                assert one.transaction is not None, (name, one.reason)
                found.append((name, one, one.transaction))
        return found


@contextmanager
def registered(adapter: Adapter) -> Iterator[None]:
    """Put an adapter into the registry for as long as a test runs, as its line there would."""
    assert adapter.name not in registry.ADAPTERS
    registry._BY_NAME[adapter.name] = adapter
    try:
        yield
    finally:
        del registry._BY_NAME[adapter.name]


def check_names(tried: Tried) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9_]{1,30}", tried.adapter.name)
    assert tried.adapter.version >= 1
    assert len(tried.fixtures) >= 3, f"{tried.folder} holds fewer than three documents"
    assert [name for name in tried.fixtures if not _FIXTURE_NAME.fullmatch(name)] == []
    assert tried.page.is_file(), f"{tried.page} says nothing of what is read"


def check_reading_back(tried: Tried) -> None:
    """What is kept gives an equal transaction; the same bytes give the same, and a slice is no more than what was sent."""
    for name, arrival, one in tried.receipts():
        kept = tried.adapter.read_document(arrival.document, "east")
        assert kept == one, name
        assert content_hash(kept) == content_hash(one), name
        assert (one.account, arrival.store, arrival.transaction_id) == (
            "east",
            one.store,
            one.transaction_id,
        ), name
        assert one.completed_at.tzinfo is not None, name
    for body in tried.bodies.values():
        assert tried.read(body) == tried.read(bytes(body))


def check_arithmetic(tried: Tried) -> None:
    """Every fixture adds up, but for those that are said not to; some states the till's own totals, and they are ours."""
    wrong = {name: problems_of(one) for name, _, one in tried.receipts()}
    assert {name for name, found in wrong.items() if found} == set(tried.held)
    stated = [one.control_totals for _, _, one in tried.receipts() if one.control_totals is not None]
    figures = {
        name for one in stated for name, value in vars_of(one).items() if value is not None and value != 0
    }
    assert bool(figures) is not bool(tried.no_totals), figures


def vars_of(value: Any) -> dict[str, Any]:
    return {one.name: getattr(value, one.name) for one in dataclasses.fields(value)}


def check_identities(tried: Tried) -> None:
    """An id names one receipt, and is another in each later generation of its till."""
    for name, body in tried.bodies.items():
        ids = [(one.store, one.transaction_id) for one in tried.read(body)]
        assert len(set(ids)) == len(ids), name
    for name, _, one in tried.receipts():
        later = {tried.adapter.id_in(one.transaction_id, generation) for generation in (2, 3)}
        assert len({one.transaction_id, *later}) == 3, name
        assert all(0 < len(each) <= 200 and each.isprintable() for each in (one.transaction_id, *later)), name


def check_masks(tried: Tried) -> None:
    """A card number put into each place that holds text is in nothing that is kept, shown or told.

    All places but those of the identifiers that the adapter names: these are what they are.
    """
    places = 0
    for name, body in tried.bodies.items():
        tries = zip(
            *(planted_in(tried.kind, body, number, tried.typed) for number in (CARD, TRACK)), strict=True
        )
        for spaced, track in tries:
            places += 1  # each place has one of the two, and a neighbour of its kind the other
            for told in _told_of(tried, track if places % 3 == 0 else spaced):
                assert not any(one in told for one in CARD_DIGITS), (name, places, told[:2_000])
    assert places > 20


def _told_of(tried: Tried, body: bytes) -> Iterator[str]:
    """Give all that is kept or told of a body."""
    try:
        arrivals = tried.read(body)
    except RejectedError as error:
        yield f"{error} {error.field} {error.expected} {error.found}"
        return
    for one in arrivals:
        yield f"{one!r} {one.document.decode()}"


def planted_in(kind: str, body: bytes, text: str, typed: Container[str]) -> Iterator[bytes]:
    """Give a body once for each place that holds text and no identifier, with another text there."""
    return {".json": _in_json, ".xml": _in_xml, ".csv": _in_csv, ".txt": _in_cells}[kind](body, text, typed)


def _in_json(body: bytes, text: str, typed: Container[str]) -> Iterator[bytes]:
    tree = json.loads(body)
    waiting: list[Any] = [tree]
    while waiting:
        one = waiting.pop()
        for name, value in one.items() if isinstance(one, dict) else enumerate(one):
            if isinstance(value, str) and name not in typed:
                one[name] = text
                yield json.dumps(tree).encode()
                one[name] = value
            elif isinstance(value, dict | list):
                waiting.append(value)


def _in_xml(body: bytes, text: str, typed: Container[str]) -> Iterator[bytes]:
    root = defusedxml.ElementTree.fromstring(body.decode())
    for one in root.iter():
        if len(one) == 0 and (one.text or "").strip() and one.tag.rpartition("}")[2] not in typed:
            before, one.text = one.text, text
            yield ET.tostring(root)
            one.text = before


def _in_csv(body: bytes, text: str, typed: Container[str]) -> Iterator[bytes]:
    lines = body.decode("utf-8-sig")
    separator = ";" if ";" in lines.splitlines()[0] else ","
    rows = list(csv.reader(io.StringIO(lines, newline=""), delimiter=separator))
    for row in rows[1:]:
        for place, value in enumerate(row):
            if value and rows[0][place].rpartition(".")[2] not in typed:
                row[place] = text
                out = io.StringIO(newline="")
                csv.writer(out, delimiter=separator).writerows(rows)
                yield out.getvalue().encode()
                row[place] = value


def _in_cells(body: bytes, text: str, typed: Container[str]) -> Iterator[bytes]:
    """In records whose cells are set apart by bars; a cell is typed by its record and place, such as I1."""
    at = 0
    for line in body.decode().splitlines(keepends=True):
        cells = line.removesuffix("\n").split("|")
        for place in range(1, len(cells)):
            if f"{cells[0]}{place}" not in typed:
                other = "|".join([*cells[:place], text, *cells[place + 1 :]]) + "\n"
                yield body[:at] + other.encode() + body[at + len(line.encode()) :]
        at += len(line.encode())


def check_noise(tried: Tried) -> None:
    """What is none of the vendor's is refused with what was expected; documents damaged at random are read, told or refused."""
    for body in (b"", b" \n\t ", b"\x00\xff\xfe\x80" * 50, b"<a/>", b"{}", b"[]", b"nothing of the kind\n"):
        told = {"readable": 0, "unreadable": 0, "refused": 0, "refused without a reason": 0}
        judge(tried.adapter, body, told, None)
        assert (told["readable"], told["refused without a reason"]) == (0, 0), body
    with pytest.raises(RejectedError, match="at most"):
        tried.read(b" " * BODY_BYTES_MAX + b"{}")
    dice = random.Random(20261127)
    bodies = list(tried.bodies.values())
    seen = {"readable": 0, "unreadable": 0, "refused": 0, "refused without a reason": 0}
    for _ in range(FUZZED):
        judge(tried.adapter, bytes_changed(dice, dice.choice(bodies)), seen, None)
    assert seen.pop("refused without a reason") == 0
    assert seen["readable"] + seen["unreadable"] > 0


class InStoreOne:
    """An adapter whose receipts are of the store that the tests know, with a revision of the test's."""

    def __init__(self, inner: Adapter, revision: str) -> None:
        self.name, self.version = inner.name, inner.version
        self._inner, self._revision = inner, revision

    def read(self, body: bytes, account: str) -> list[Arrival]:
        return [
            dataclasses.replace(
                one,
                store="S1",
                transaction=dataclasses.replace(one.transaction, store="S1", revision=self._revision),
            )
            for one in self._inner.read(body, account)
            if one.transaction is not None
        ]

    def read_document(self, document: bytes, account: str) -> Transaction:
        return self._inner.read_document(document, account)

    def id_in(self, transaction_id: str, generation: int) -> str:
        return self._inner.id_in(transaction_id, generation)


def check_the_door(tried: Tried) -> None:
    """Kept once; again is nothing new; and a higher revision that says the same does nothing."""

    async def go() -> None:
        for name, body in tried.bodies.items():
            services = await flow_services(Hand())
            first = await ingest_transactions(services, SENDER, InStoreOne(tried.adapter, "1"), body)
            assert {one.verdict for one in first} <= {"accepted", "held"}, name
            before = [
                row.values async for row in services.tables.transactions.query("S1") if _is_receipt(row)
            ]
            assert len(before) == len(first), name
            for revision in ("1", "2"):
                again = await ingest_transactions(services, SENDER, InStoreOne(tried.adapter, revision), body)
                assert {one.verdict for one in again} == {"duplicate"}, (name, revision)
            after = [row.values async for row in services.tables.transactions.query("S1") if _is_receipt(row)]
            assert after == before, name

    run(go())


def _is_receipt(row: Any) -> bool:
    return bool(row.text("Record") == "receipt")


CHECKS: tuple[Callable[[Tried], object], ...] = (
    check_names,
    check_reading_back,
    check_arithmetic,
    check_identities,
    check_masks,
    check_noise,
    check_the_door,
)

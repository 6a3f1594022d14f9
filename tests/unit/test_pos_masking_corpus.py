"""Thousands of made-up card numbers in every format: none is left in a text, nor in any place of any adapter's documents."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus
from xml.sax.saxutils import escape

import pytest

from shared.errors import RejectedError
from shared.pos import canonical, lightspeed, poslog_xml, shopify_masking, square
from shared.pos.masking import CARD_REMOVED, REMOVED, WORDS_MAX, masked_text, masked_tree
from shared.pos.registry import ADAPTERS
from tests.unit.card_corpus import FORMATS, Search, card_numbers, written
from tests.unit.documents import sale_document

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures" / "pos"
NUMBERS = card_numbers(7, 2_240)
SEARCH = Search(NUMBERS)


@pytest.mark.parametrize("name", FORMATS)
def test_no_number_is_left_of_those_written_in_this_format(name: str) -> None:
    for number in NUMBERS[::4]:
        sent = f"paid with {FORMATS[name](number)} thanks"
        assert SEARCH.found_in(sent) == {number}, "the search itself must see it"
        masked = masked_text(sent, free=True)
        assert CARD_REMOVED in masked, sent
        assert SEARCH.found_in(masked) == set(), sent
        assert masked_text(masked, free=True) == masked


def test_every_number_is_masked_whole_and_what_stands_around_it_stays() -> None:
    for number in NUMBERS:
        assert masked_text(f"lane 12, {number}. Thanks") == f"lane 12, {CARD_REMOVED}. Thanks"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("CVV 123", CARD_REMOVED),
        ("cvv2: 9876, thanks", f"{CARD_REMOVED}, thanks"),
        ("the CVC is 123", f"the {CARD_REMOVED}"),
        ('"cvv": "123"', f'"{CARD_REMOVED}"'),
        ("security code 1234", CARD_REMOVED),
        ("PIN: 4711", CARD_REMOVED),
        ("pin block 0123456789ABCDEF", CARD_REMOVED),
        ("ROLLING PIN 4500", "ROLLING PIN 4500"),
        ("cv 123", "cv 123"),
        ("CVV 12345", "CVV 12345"),
    ],
)  # fmt: skip
def test_what_proves_that_somebody_holds_the_card_goes_wherever_it_is_said(text: str, kept: str) -> None:
    assert masked_text(text) == kept


@pytest.mark.parametrize(
    "text",
    [
        "20171223180405",  # passes Luhn after its digits, but is a time of day
        "receipt 20260302162018, 20260302162026",
        "2017.12.23 / 2018.01.02 / 2018.02.03",
        "4111,1111,1111,1111",  # commas set numbers apart, not groups of one
        "4111:1111:1111:1111",
        "41 1111 1111 1111 11",  # printed on no card
    ],
)  # fmt: skip
def test_what_is_written_like_no_card_stays(text: str) -> None:
    assert masked_text(text) == text


def test_a_text_longer_than_words_is_removed_unread_and_a_shorter_one_is_not() -> None:
    assert masked_tree({"extra": {"a": "x" * WORDS_MAX}}) == {"extra": {"a": "x" * WORDS_MAX}}
    assert masked_tree({"extra": {"a": "x" * (WORDS_MAX + 1)}}) == {"extra": {"a": REMOVED}}


# In the documents


Body = Callable[[Any], bytes]
Plan = tuple[str, Any, Body, frozenset[str]]


def _json(tree: Any) -> bytes:
    return json.dumps(tree, ensure_ascii=False).encode()


def _call(tree: Any) -> bytes:
    return _json({"transactions": [tree]})


def _escaped(tree: Any) -> bytes:
    """Write every digit of every text as an escape of JSON's own."""
    text = json.dumps(tree)
    return re.sub(
        r'"(?:[^"\\]|\\.)*"', lambda it: re.sub(r"[0-9](?![0-9a-f]{0,3}\")", _escape, it[0]), text
    ).encode()


def _escape(match: re.Match[str]) -> str:
    return f"\\u00{ord(match[0]):02x}"


def _form(tree: Any) -> bytes:
    return f"payload={quote_plus(json.dumps(tree))}&domain_prefix=made-up".encode()


@cache
def _fixture(vendor: str, name: str) -> Any:
    return json.loads((FIXTURES / vendor / name).read_text("utf-8"))


def plans() -> Iterator[Plan]:
    """Give each adapter's fixtures with what writes them as a body, and the keys whose values are numbers by type."""
    for path in sorted(FIXTURES.glob("*/*.json"), key=lambda one: one.stat().st_size):
        vendor, tree = path.parent.name, _fixture(path.parent.name, path.name)
        exempt = {
            "canonical": canonical.IDENTIFIERS,
            "shopify": shopify_masking.IDENTIFIERS,
            "square": square.MASKS.identifiers,
            "lightspeed": lightspeed.MASKS.identifiers,
        }[vendor]
        yield vendor, tree, _call if vendor == "canonical" else _json, exempt
        if vendor == "lightspeed" and "sale" in tree:
            yield vendor, tree["sale"], _form, exempt


def _places(tree: Any, exempt: frozenset[str], name: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Give every place of a tree that holds a text, a number or nothing, and a new name in each object, by their paths."""
    if isinstance(tree, dict):
        yield f"{name}.remark", tree, "remark"
        for key, value in tree.items():
            if isinstance(value, dict | list):
                yield from _places(value, exempt, f"{name}.{key}")
            elif key not in exempt:
                yield f"{name}.{key}", tree, key
    elif isinstance(tree, list):
        for at, value in enumerate(tree):
            if isinstance(value, dict | list):
                yield from _places(value, exempt, f"{name}[]")
            else:
                yield f"{name}[]", tree, at


def left_of(vendor: str, body: bytes) -> set[str]:
    """Read a body and give the numbers that are left in anything that comes of it."""
    try:
        arrivals = ADAPTERS[vendor].read(body, "east")
    except RejectedError as error:
        return SEARCH.found_in(f"{error} {error.field} {error.expected} {error.found}")
    told = "\n".join(
        f"{one.document.decode()}\n{one.reason}\n{one.problems}\n{one.transaction}" for one in arrivals
    )
    return SEARCH.found_in(told)


@pytest.mark.parametrize("vendor", ["canonical", "shopify", "square", "lightspeed"])
def test_no_number_is_left_of_those_planted_in_any_place_of_a_document(vendor: str) -> None:
    planted, seen = 0, set[str]()
    for _, tree, body, exempt in (one for one in plans() if one[0] == vendor):
        whole = copy.deepcopy(tree)
        for name, holder, key in list(_places(whole, exempt)):
            if name in seen:
                continue
            seen.add(name)
            number = NUMBERS[planted % len(NUMBERS)]
            before, absent = holder.get(key) if isinstance(holder, dict) else holder[key], key == "remark"
            holder[key] = int(number) if planted % 33 == 32 else f"card {written(number, planted)}"
            assert left_of(vendor, body(whole)) == set(), (key, holder[key])
            if absent:
                del holder[key]
                holder[written(number, planted)] = 1
                assert left_of(vendor, body(whole)) == set(), (key, list(holder))
                del holder[written(number, planted)]
            else:
                holder[key] = before
            planted += 1
    assert planted >= 60


def test_digits_that_json_itself_escapes_are_read_and_masked() -> None:
    for number in NUMBERS[::40]:
        body = _escaped({"transactions": [sale_document(extra={"note": f"card {number}"})]})
        assert number.encode() not in body
        (arrival,) = ADAPTERS["canonical"].read(body, "east")
        assert arrival.transaction is not None
        assert SEARCH.found_in(arrival.document.decode()) == set()


def _xml_plants(number: str, place: int) -> Iterator[str]:
    """Write an element of POSLog's that holds a number: as text, in CDATA, as entities, in an attribute, in names."""
    text = escape(written(number, place), {'"': "&quot;", "\r": "&#13;", "\n": "&#10;"})
    yield f"<Note>{text}</Note>"
    yield f"<Note><![CDATA[{number}]]></Note>"
    yield f"<Note>{''.join(f'&#{ord(one)};' for one in number)}</Note>"
    yield f"<Note>{number[:7]}<!-- in two -->{number[7:]}</Note>"
    yield f"<Note><!-- {number} --><?pay {number}?>seen</Note>"
    yield f'<Note Remark="{text}">x</Note>'
    yield f'<Note N{number}="x">x</Note>'
    yield f"<N{number}>x</N{number}>"
    yield f'<Note xmlns:x="urn:{number}" x:a="b">x</Note>'
    yield f'<x:Note xmlns:x="urn:{number}">x</x:Note>'
    yield f"<Note>a<Text/>{text}</Note>"
    yield f"<acs:Receipt><acs:Line>{text}</acs:Line></acs:Receipt>"


def test_no_number_is_left_of_those_planted_in_poslog() -> None:
    text, planted = (FIXTURES / "poslog" / "return__negative_quantity.xml").read_text("utf-8"), 0
    xmlns = f'xmlns:acs="{poslog_xml.ACS}"'
    if xmlns not in text:
        text = text.replace("<POSLog ", f"<POSLog {xmlns} ", 1)
    for round_ in range(12):
        for plant in _xml_plants(NUMBERS[planted], planted):
            place = ("</RetailTransaction>", "</Transaction>")[planted % 2]
            body = text.replace(place, f"{plant}{place}", 1)
            assert left_of("poslog", body.encode()) == set(), plant
            (arrival, *_) = ADAPTERS["poslog"].read(body.encode(), "east")
            assert arrival.transaction is not None, (round_, plant, arrival.reason)
            planted += 1
    for at, element in enumerate(re.findall(r"<(\w+)[^>]*>[^<]+</\1>", text)):
        if element not in poslog_xml.IDENTIFIERS:
            number = NUMBERS[planted + at]
            changed = re.sub(rf"(<{element}[^>]*>)[^<]+<", rf"\g<1>{number}<", text)
            assert left_of("poslog", changed.encode()) == set(), element


def test_what_cannot_be_read_tells_no_number_in_why() -> None:
    for place, number in enumerate(NUMBERS[: 8 * len(FORMATS)]):
        text = json.dumps(written(number, place))
        for vendor in ADAPTERS:
            for body in (text, f'{{"a": {text}', f'{{{text}: 1, {text}: 2}}', f'{{"transactions": [{{{text}: {text}}}]}}',
                         f"<POSLog>{number}", f"<N{number}/>", f"payload={number}", f"{number}"):  # fmt: skip
                assert left_of(vendor, body.encode()) == set(), (vendor, body)

"""POSLog's XML: parsed safely, read by names with their places, masked, one kept document a transaction."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET  # written and typed with it; untrusted text is parsed by defusedxml
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

import defusedxml.ElementTree
from defusedxml.common import DefusedXmlException

from shared.errors import RejectedError
from shared.pos.adapter import (
    DEPTH_MAX,
    SHAPE,
    TRANSACTIONS_MAX,
    refuse_large_body,
    refuse_swelling,
    rejected,
)
from shared.pos.canonical_values import read_amount, read_day, read_id, read_instant
from shared.pos.masking import masked_by_key, masked_text, masked_words
from shared.retail.rules import Problem

POSLOG = "http://www.nrf-arts.org/IXRetail/namespace/"
POSLOG_6 = "http://www.nrf-arts.org/IXRetail/v6.0.0/poslog"  # what some vendors call the same names
ACS = "http://www.ncr.com/rsd/acs/tlog/markup/poslog/2.1"
MARKS_MAX, ATTRIBUTES_MAX = 400_000, 150_000
AMOUNT_BELOW = 10**15  # far beyond any receipt, and small enough that sums and shares stay exact
SEQUENCE_NUMBER_MAX = 10**15
_FORM = "POSLog XML without DTD and entities"
IDENTIFIERS = frozenset(
    {
        "ItemID",
        "POSItemID",
        "ItemLink",
        "LineItemSequenceNumber",
        "SequenceNumber",
        "WorkstationID",
        "RetailStoreID",
        "UnitID",
        "TransactionID",
    }
    | {"ReceiptNumber", "OpenTransactionSequenceNumber", "CloseTransactionSequenceNumber"}
)
_FREE_TEXTS = frozenset({"Description", "ItemDescription", "Reason", "ReasonCode", "Text", "Note"})
_NUMBER = re.compile(r"[0-9]{1,15}")
_HAS_OFFSET = re.compile(r"(Z|[+-][0-9]{2}:[0-9]{2})$")

_KEPT = (f"{{{POSLOG}}}", f"{{{ACS}}}")
_KEPT_ATTRIBUTES = (*_KEPT, "{http://www.w3.org/")
_NAMELESS = "Nameless"  # what an element is called whose name was a card's number

ET.register_namespace("poslog", POSLOG)
ET.register_namespace("acs", ACS)


@dataclass(frozen=True, slots=True)
class Node:
    """An element and its place in the document. Names are POSLog's, or NCR's own with the prefix `acs:`.

    Every reader raises RejectedError that names the place, what was expected and what was found.
    """

    element: ET.Element
    place: str

    def child(self, name: str) -> Node | None:
        found = self.element.find(_tag(name))
        return None if found is None else Node(found, f"{self.place}/{name}")

    def children(self, name: str) -> list[Node]:
        found = self.element.findall(_tag(name))
        return [Node(one, f"{self.place}/{name}[{index}]") for index, one in enumerate(found)]

    def attribute(self, name: str) -> str:
        return self.element.get(_tag(name) if name.startswith("acs:") else name, "").strip()

    def flag(self, name: str) -> bool:
        return self.attribute(name) in ("true", "1")

    def text(self, name: str) -> str:
        """Give a child's text without the blanks around it; empty when there is no such child."""
        return (self.element.findtext(_tag(name)) or "").strip()

    def own_text(self) -> str:
        return (self.element.text or "").strip()

    def names(self) -> Iterator[str]:
        """Give the names of the POSLog elements below; other namespaces are left out."""
        prefix = f"{{{POSLOG}}}"
        return (one.tag.removeprefix(prefix) for one in self.element if one.tag.startswith(prefix))

    def required(self, name: str) -> str:
        try:
            return read_id(self.text(name))
        except ValueError as error:
            raise self.problem(name, str(error)) from error

    def amount(self, name: str) -> Decimal:
        return self._amount(name, self.text(name))

    def own_amount(self) -> Decimal:
        return self._amount("", self.own_text())

    def optional_amount(self, name: str) -> Decimal | None:
        return self._amount(name, self.text(name)) if self.text(name) else None

    def number(self, name: str) -> int:
        if not _NUMBER.fullmatch(self.text(name)):
            raise self.problem(name, "a whole number of at most 15 digits")
        return int(self.text(name))

    def day(self, name: str) -> date:
        try:
            return read_day(self.text(name))
        except ValueError as error:
            raise self.problem(name, str(error)) from error

    def time(self, name: str) -> tuple[datetime, bool]:
        """Read a time, and whether it came without offset; then it is marked as UTC for the time being."""
        text = self.text(name)
        naive = not _HAS_OFFSET.search(text)
        try:
            return read_instant(f"{text}Z" if naive else text), naive
        except ValueError as error:
            expected = "a local time such as 2017-10-01T15:15:25, or one with its offset"
            raise self.problem(name, expected) from error

    def problem(self, name: str, expected: str) -> RejectedError:
        place = f"{self.place}/{name}" if name else self.place
        found = self.text(name) if name else self.own_text()
        return rejected(Problem(SHAPE, place, expected, masked_text(found, free=True)[:80] or "nothing"))

    def _amount(self, name: str, text: str) -> Decimal:
        try:
            amount = read_amount(text)
        except ValueError as error:
            raise self.problem(name, str(error)) from error
        if abs(amount) >= AMOUNT_BELOW:
            raise self.problem(name, f"less than {AMOUNT_BELOW}")
        return amount


def transactions_in(body: bytes) -> list[ET.Element]:
    """Parse a body and give its Transaction elements, 1 to 500.

    Raises:
        RejectedError: not well-formed, a DTD or an entity in it, another root, too large, none or too many.
    """
    refuse_large_body(body)
    if body.count(b"<") > MARKS_MAX:
        raise rejected(Problem(SHAPE, "body", f"at most {MARKS_MAX} marks", "more"))
    if body.count(b"=") > ATTRIBUTES_MAX:
        raise rejected(Problem(SHAPE, "body", f"at most {ATTRIBUTES_MAX} attributes", "more"))
    refuse_swelling(body, b"<")
    try:
        root = defusedxml.ElementTree.fromstring(body, forbid_dtd=True)
    except DefusedXmlException as error:
        raise rejected(Problem(SHAPE, "body", _FORM, "a DTD, an entity or an outside reference")) from error
    except (ET.ParseError, LookupError, ValueError) as error:
        raise rejected(Problem(SHAPE, "body", _FORM, masked_text(str(error), free=True)[:120])) from error
    for one in root.iter():
        if isinstance(one.tag, str) and one.tag.startswith(f"{{{POSLOG_6}}}"):
            one.tag = _tag(_local(one.tag))
    if root.tag not in (_tag("POSLog"), _tag("DigitalReceipt")):
        raise rejected(Problem(SHAPE, "body", f"the root POSLog of {POSLOG}", masked_text(root.tag)[:120]))
    found: list[ET.Element] = root.findall(_tag("Transaction"))
    if not 1 <= len(found) <= TRANSACTIONS_MAX:
        raise rejected(Problem(SHAPE, "POSLog", f"1 to {TRANSACTIONS_MAX} transactions", str(len(found))))
    return found


def is_ncr(element: ET.Element) -> bool:
    """Say whether a transaction is NCR's: it uses NCR's own names anywhere."""
    mark = f"{{{ACS}}}"
    return any(
        one.tag.startswith(mark) or any(name.startswith(mark) for name in one.attrib)
        for one in element.iter()
    )


def is_deeper(element: ET.Element, limit: int = DEPTH_MAX) -> bool:
    """Say whether an element nests deeper than the limit."""
    level = [element]
    for _ in range(limit):
        level = [child for one in level for child in one]
        if not level:
            return False
    return True


def document_of(transaction: ET.Element) -> bytes:
    """Write one masked Transaction as a POSLog document of its own."""
    root = ET.Element(_tag("POSLog"))
    transaction.tail = None
    root.append(transaction)
    return ET.tostring(root, encoding="unicode").encode()


def mask_element(element: ET.Element) -> None:
    """Mask an element and all below it, in place: personal data by name, card numbers anywhere.

    What belongs to nobody's namespace that is read here is not kept at all: who knows what stands in it.
    """
    for one in list(element.iter()):
        for child in [child for child in one if not child.tag.startswith(_KEPT)]:
            one.remove(child)
        name = _local(one.tag)
        mark = masked_by_key(name, "?")
        if mark != "?" and not (len(one) == 0 and (one.text or "").strip() in ("", "true", "false")):
            _empty(one, str(mark))
            continue
        if masked_words(name) != name:
            one.tag = _tag(_NAMELESS)
        if name not in IDENTIFIERS and one.text:
            one.text = masked_words(one.text, free=name in _FREE_TEXTS)
        _mask_attributes(one)
        for child in one:
            child.tail = masked_words(child.tail, free=True) if child.tail else child.tail


def _mask_attributes(element: ET.Element) -> None:
    for key, value in list(element.attrib.items()):
        name, masked = _local(key), masked_by_key(_local(key), value)
        if (key.startswith("{") and not key.startswith(_KEPT_ATTRIBUTES)) or masked_words(name) != name:
            del element.attrib[key]
        else:
            element.set(key, masked_words(value, free=True) if masked == value else str(masked))


def _empty(element: ET.Element, mark: str) -> None:
    tail = element.tail
    element.clear()
    element.text, element.tail = mark, tail


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


def _tag(name: str) -> str:
    return f"{{{ACS}}}{name[4:]}" if name.startswith("acs:") else f"{{{POSLOG}}}{name}"

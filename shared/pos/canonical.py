"""Reads the canonical JSON: up to 500 transactions a call, each for itself.

A wrong transaction never stops its neighbours: the body is cut into the slices of its transactions first, and
each slice is read, masked and validated on its own. Numbers reach `Decimal` without a float on the way.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from shared.errors import RejectedError
from shared.pos.adapter import (
    PROBLEMS_MAX,
    SHAPE,
    TRANSACTIONS_MAX,
    Arrival,
    arrived,
    refuse_large_body,
    rejected,
    unreadable,
)
from shared.pos.canonical_model import TransactionModel, transaction_from
from shared.pos.canonical_values import read_id
from shared.pos.json_tree import JSON, refuse_swelling_json, safe, text_of_tree, tree_of
from shared.pos.masking import masked_bytes, masked_tree
from shared.retail.rules import Problem
from shared.retail.transaction import Transaction

IDENTIFIERS = frozenset(
    {"transaction_id", "receipt_number", "sequence_number", "store", "terminal", "shift", "item", "gtin"}
    | {"serial"}
)
_FORM = 'an object {"transactions": [...]} and nothing beside it'
_PART_BYTES = 1024 * 1024
_BLANK = re.compile(r"[ \t\n\r]*")
_EXPECTED = {
    "expected": "{expected}",
    "enum": "one of {expected}",
    "literal_error": "one of {expected}",
    "missing": "a value",
    "extra_forbidden": "no such field (a vendor's own fields belong inside extra)",
    "model_type": "an object",
    "model_attributes_type": "an object",
    "list_type": "a list",
    "string_type": "text",
    "bool_type": "true or false",
    "int_type": "a whole number",
    "too_long": "at most {max_length} entries",
    "string_too_long": "at most {max_length} characters",
    "string_pattern_mismatch": "text of the form {pattern}",
    "greater_than_equal": "{ge} or more",
    "less_than_equal": "{le} or less",
}
# Only finds where a transaction ends: numbers stay text, jiter reads them later.
_DECODER = json.JSONDecoder(parse_float=str, parse_int=str)


class CanonicalAdapter:
    """The canonical JSON of POST /api/transactions."""

    name = "canonical"
    version = 1

    def read(self, body: bytes, account: str) -> list[Arrival]:
        """Read {"transactions": [1 to 500 of them]}; what is wrong with one is in its own arrival.

        Raises:
            RejectedError: no JSON, another form, nothing in it, over 500 transactions or over 16 MiB.
        """
        refuse_large_body(body)
        return [_arrival(piece, account) for piece in _slices(body)]

    def read_document(self, document: bytes, account: str) -> Transaction:
        """Read one kept transaction again.

        Raises:
            RejectedError: it cannot be read; names the first field at fault.
        """
        arrival = _arrival(document, account)
        if arrival.transaction is None:
            raise rejected(arrival.problems[0])
        return arrival.transaction

    def id_in(self, transaction_id: str, generation: int) -> str:
        """Give the id with the till's generation behind it; the sender's own ids are its own."""
        return f"{transaction_id}#{generation}"


def _slices(body: bytes) -> list[bytes]:
    """Cut a body into the bytes of its transactions, exactly as sent."""
    refuse_swelling_json(body)
    try:
        _see_that_it_is_utf_8(body)
        text = body.decode("latin-1")  # a sign for each byte: a place in the text is one in the body
        start = _expect(text, 0, "{")
        key, at = _DECODER.raw_decode(text, start)
        if key != "transactions":
            name = safe(str(json.loads(body[start:at])))
            raise rejected(Problem(SHAPE, "body", _FORM, f"the field {name}"))
        spans, at = _spans(text, _expect(text, _expect(text, at, ":"), "["))
        _expect(text, _expect(text, at, "}"), "")
    except (ValueError, RecursionError) as error:
        raise rejected(Problem(SHAPE, "body", f"{JSON}, {_FORM}", _fault(error))) from error
    return [body[start:end] for start, end in spans]


def _see_that_it_is_utf_8(body: bytes) -> None:
    """Raise UnicodeDecodeError where a body is none, a part at a time: as text, one rare sign makes it four times as large."""
    reader = codecs.getincrementaldecoder("utf-8")()
    for at in range(0, len(body), _PART_BYTES):
        try:
            reader.decode(body[at : at + _PART_BYTES], final=at + _PART_BYTES >= len(body))
        except UnicodeDecodeError as error:
            place = max(at - len(reader.getstate()[0]) + error.start, 0)
            raise UnicodeDecodeError("utf-8", b"", place, place + 1, error.reason) from error


def _spans(text: str, at: int) -> tuple[list[tuple[int, int]], int]:
    """Find where each entry of the list that begins at `at` starts and ends, and where the list ends."""
    spans: list[tuple[int, int]] = []
    if text.startswith("]", at):
        raise rejected(Problem(SHAPE, "transactions", f"1 to {TRANSACTIONS_MAX} transactions", "none"))
    while True:
        if len(spans) == TRANSACTIONS_MAX:
            raise rejected(Problem(SHAPE, "transactions", f"at most {TRANSACTIONS_MAX} transactions", "more"))
        _, end = _DECODER.raw_decode(text, at)
        spans.append((at, end))
        at = _after_blanks(text, end)
        if text.startswith("]", at):
            return spans, _after_blanks(text, at + 1)
        at = _expect(text, at, ",")


def _expect(text: str, at: int, mark: str) -> int:
    """Step over one mark and the blanks around it; the empty mark is the end of the text."""
    at = _after_blanks(text, at)
    if not (text.startswith(mark, at) if mark else at == len(text)):
        raise json.JSONDecodeError(f"expecting {mark or 'the end'}", text, at)
    return _after_blanks(text, at + len(mark))


def _after_blanks(text: str, at: int) -> int:
    match = _BLANK.match(text, at)
    return match.end() if match else at


def _fault(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} at line {error.lineno} column {error.colno}"
    if isinstance(error, UnicodeDecodeError):
        return f"a byte that is no UTF-8 at position {error.start}"
    return "nesting without end" if isinstance(error, RecursionError) else safe(error)


def _arrival(piece: bytes, account: str) -> Arrival:
    try:
        tree = tree_of(piece)
    except RejectedError as error:
        return unreadable(masked_bytes(piece), [Problem(SHAPE, error.field, error.expected, error.found)])
    masked = masked_tree(tree, IDENTIFIERS)
    document = piece if masked is tree else text_of_tree(masked).encode()
    try:
        model = TransactionModel.model_validate(masked)
    except ValidationError as error:
        store, transaction_id = _told(masked, "store"), _told(masked, "transaction_id")
        return unreadable(document, _problems(error), store=store, transaction_id=transaction_id)
    return arrived(document, transaction_from(model, account))


def _told(tree: object, name: str) -> str:
    """Give an id of a tree that could not be read as a transaction, as far as it tells one."""
    try:
        return read_id(tree.get(name)) if isinstance(tree, dict) else ""
    except ValueError:
        return ""


def _problems(error: ValidationError) -> Iterator[Problem]:
    for details in error.errors(include_url=False)[:PROBLEMS_MAX]:
        place = "".join(f"[{one}]" if isinstance(one, int) else f".{one}" for one in details["loc"])
        yield Problem(SHAPE, place.lstrip(".") or "transaction", expected_in(details), found_in(details))


def expected_in(details: ErrorDetails) -> str:
    """Say what the model expected."""
    template = _EXPECTED.get(details["type"])
    return template.format_map(details.get("ctx", {})) if template else details["msg"]


def found_in(details: ErrorDetails) -> str:
    """Say what the model found."""
    value = details["input"]
    if details["type"] == "missing":
        return "nothing"
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return str(value)[:80] or "an empty text"

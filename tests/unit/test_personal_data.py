"""docs/personal-data.md against the code: every field has its fate, and what the page says is never kept is nowhere."""

from __future__ import annotations

import csv
import dataclasses
import enum
import io
import json
import logging
import re
import types
import typing
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from shared.errors import RejectedError
from shared.flows.erasing.left import left_of
from shared.flows.ingest_transactions import ingest_transactions
from shared.flows.posting.kept import read_as_sent
from shared.pos.erased import ErasedAdapter, document_from
from shared.pos.registry import ADAPTERS
from shared.retail.erasure import personal_values, without_person
from shared.retail.transaction import Transaction
from shared.storage.erasures import Erasure
from tests.contract.test_erasure import everything
from tests.unit.flow_services import SENDER, Hand, flow_services, run

TOP = Path(__file__).resolve().parents[2]
PAGE = (TOP / "docs" / "personal-data.md").read_text(encoding="utf-8")
FIXTURES = sorted((TOP / "tests" / "fixtures" / "pos").rglob("*.*"))
AT = datetime(2017, 12, 23, 18, 0, tzinfo=UTC)


def section(title: str) -> str:
    """The text of one section of the page."""
    return PAGE.partition(f"## {title}\n")[2].partition("\n## ")[0]


def named(title: str) -> set[str]:
    """The fields that the first columns of a section's tables name."""
    rows = [line for line in section(title).splitlines() if line.startswith("| `")]
    return {name for row in rows for name in re.findall(r"`([^`]+)`", row.split("|")[1])}


def filled(kind: Any, name: str = "x") -> Any:
    """A value of a type with something in every field there is."""
    if dataclasses.is_dataclass(kind):
        hints = typing.get_type_hints(kind)
        return kind(**{one.name: filled(hints[one.name], one.name) for one in dataclasses.fields(kind)})  # type: ignore[operator]
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        return filled(next(one for one in arguments if one is not type(None)), name)
    if origin is tuple:
        return (filled(arguments[0], name),)
    if origin is not None and issubclass(origin, Mapping):
        return {"key": "text" if arguments[1] is object else filled(arguments[1], name)}
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return next(iter(kind))
    simple: dict[Any, Any] = {
        str: f"a {name}", int: 1, bool: True, Decimal: Decimal("1.5"), datetime: AT, date: AT.date(), object: "text",
    }  # fmt: skip
    return simple[kind]


def fields_of(value: Any, place: str = "") -> Iterator[str]:
    """Every field of a receipt by where it stands, lists and keys aside."""
    if dataclasses.is_dataclass(value):
        for one in dataclasses.fields(value):
            yield from fields_of(getattr(value, one.name), f"{place}.{one.name}".lstrip("."))
    elif isinstance(value, tuple):
        yield from fields_of(value[0], place)
    else:
        yield place


def plain(place: str) -> str:
    return re.sub(r"\[\d+\]", "", place).replace("voided_lines.", "lines.").removesuffix(".key")


WHOLE: Transaction = filled(Transaction)


def test_every_field_of_a_receipt_is_on_the_page_with_its_fate() -> None:
    every = {plain(one) for one in fields_of(WHOLE)}
    goes = {plain(one) for one in personal_values(WHOLE, operator=False)}
    cashiers = {plain(one) for one in personal_values(WHOLE, operator=True)} - goes
    assert named("What goes when a receipt is erased") == goes
    assert named("The cashier") == cashiers
    assert named("What stays") == every - goes - cashiers


def test_what_is_left_of_a_full_receipt_can_be_read_back_to_the_digit() -> None:
    bare = without_person(WHOLE, operator=True)
    assert ErasedAdapter().read_document(document_from(bare), WHOLE.account) == bare
    assert document_from(without_person(bare, operator=True)) == document_from(bare)
    with pytest.raises(RejectedError):
        ErasedAdapter().read_document(document_from(bare), "another account")
    with pytest.raises(RejectedError):
        ErasedAdapter().read(document_from(bare), WHOLE.account)


def arrivals(path: Path) -> Iterator[Any]:
    body = path.read_bytes()
    if path.parent.name == "canonical":
        body = b'{"transactions":[' + body + b"]}" if b'"transactions"' not in body[:40] else body
    try:
        yield from ADAPTERS[path.parent.name].read(body, "east")
    except RejectedError:
        return


@pytest.mark.parametrize("path", FIXTURES, ids=lambda one: f"{one.parent.name}/{one.stem}")
def test_of_every_vendors_receipts_all_that_counts_is_left(path: Path) -> None:
    """Derived again from what is left, every column of the row is the same; `left_of` raises where one is not."""
    from shared.retail.identity import content_hash
    from shared.storage.receipts import receipt_rows

    seen = 0
    mappings = run(_mappings())
    for one in arrivals(path):
        if one.transaction is None:
            continue
        _, row = receipt_rows(
            one.transaction, day=one.transaction.business_day or one.transaction.completed_at.date(),
            document=one.document, adapter=f"{path.parent.name}/1", content_hash=content_hash(one.transaction), received_at=AT,
        )  # fmt: skip
        left = left_of(row, mappings, Erasure(AT, "retention", "x", True))
        assert left is not None
        again = read_as_sent(left.row)
        assert again == without_person(one.transaction, operator=True)
        assert left_of(left.row, mappings, Erasure(AT, "retention", "x", True)).gone == {}  # type: ignore[union-attr]
        seen += 1
    assert seen or path.parent.name == "shopify" or path.stem.startswith("webhook"), path


async def _mappings() -> Any:
    return await (await flow_services(Hand())).mappings.at_least(0)


PERSON = {
    "first_name": "Kunigunde", "last_name": "Zabelstein", "full_name": "Kunigunde Zabelstein", "email": "k.z@zabelstein.test",
    "contact_email": "office@zabelstein.test", "phone": "+49 9383 55510", "mobile": "0170 55511", "zip": "97447-Z",
    "billing_address": {"address1": "Schlossgasse 7", "street": "Schlossgasse 7"}, "date_of_birth": "1968-02-29",
    "customer_name": "Zabelstein, K.", "loyalty_card_number": "LOY-5551212", "ip_address": "203.0.113.77",
    "cardholder_name": "K ZABELSTEIN", "passport_number": "C01X0Z", "signature": "iVBORw0KGgoZZ", "fax": "+49 9383 55519",
    "customer": {"id": "cust-778855", "name": "Kunigunde Zabelstein"}, "card_number": "4111 1111 1111 1111", "cvv": "987654",
}  # fmt: skip
TRACES = (
    "Kunigunde", "Zabelstein", "ZABELSTEIN", "zabelstein.test", "55510", "55511", "55519", "97447-Z", "Schlossgasse",
    "1968-02-29", "LOY-5551212", "203.0.113.77", "C01X0Z", "iVBORw0KGgoZZ", "cust-778855", "4111 1111", "987654",
)  # fmt: skip


def with_person(tree: Any, vendor: str, *, inside: bool = False) -> Any:
    """Put a person into every object of a document; into our own format only where a vendor's fields are allowed."""
    if isinstance(tree, list):
        return [with_person(one, vendor, inside=inside) for one in tree]
    if not isinstance(tree, dict):
        return tree
    known = {name: with_person(one, vendor, inside=inside or name == "extra") for name, one in tree.items()}
    if vendor == "canonical" and not inside:
        return known
    return {**PERSON, **known}


def with_person_beside(text: str) -> bytes:
    """Put a person into columns of the sender's own, in every row."""
    cut = ";" if ";" in text.partition("\n")[0] else ","
    own = {f"extra.{name}": one for name, one in PERSON.items() if isinstance(one, str)}
    heading, *rows = csv.reader(io.StringIO(text), delimiter=cut)
    out = io.StringIO()
    csv.writer(out, delimiter=cut).writerows([[*heading, *own], *([*row, *own.values()] for row in rows)])
    return out.getvalue().encode()


def planted(path: Path) -> bytes:
    text = path.read_text(encoding="utf-8-sig")
    if path.suffix == ".csv":
        return with_person_beside(text)
    if path.suffix == ".xml":
        tags = "".join(
            f"<{name.title().replace('_', '')}>{one}</{name.title().replace('_', '')}>"
            for name, one in PERSON.items()
            if isinstance(one, str)
        )
        return re.sub(
            r"(<(?:\w+:)?Transaction(?:\s[^>]*)?>)", rf"\1<Customer>{tags}</Customer>", text
        ).encode()
    tree = json.loads(text, parse_float=Decimal)
    if path.parent.name == "canonical":
        one = {**tree, "extra": {"seen": True, **tree.get("extra", {})}}
        tree = {"transactions": [with_person(one, "canonical")]}
    else:
        tree = with_person(tree, path.parent.name)
    return json.dumps(tree, default=str).encode()


def test_a_person_planted_in_every_vendors_documents_is_nowhere(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    async def story() -> tuple[int, int, str]:
        services = await flow_services(Hand())
        calls = kept = planted_in = 0
        for path in FIXTURES:
            body = planted(path)
            planted_in += TRACES[1] in body.decode()
            calls += 1
            try:
                verdicts = await ingest_transactions(services, SENDER, ADAPTERS[path.parent.name], body)
            except RejectedError:
                continue
            kept += sum(bool(one.kept_under) for one in verdicts)
        queue: Any = services.queues.mapping_due
        bells = " ".join([one.text for one in await queue.receive(32)])
        assert planted_in == len(FIXTURES)
        return calls, kept, f"{await everything(services)} {bells}"

    calls, kept, left = run(story())
    assert calls == len(FIXTURES)
    assert kept >= 30
    shown = left + caplog.text + "".join(f"{one.getMessage()} {one.args}" for one in caplog.records)
    assert [one for one in TRACES if one in shown] == []

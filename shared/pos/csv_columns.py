"""The columns a CSV of receipts may have: every field of the canonical transaction, by its path.

Made from the canonical model, so that both know the same fields. A list's name stands in the singular: `line.item`,
`line.tax.amount`, `shift_record.counted.denomination.value`. A sender's own columns begin with `extra.`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, PlainValidator

from shared.pos.canonical_model import TransactionModel
from shared.pos.canonical_values import read_amount, read_day, read_id, read_instant

NEEDED = ("transaction_id", "store", "terminal", "completed_at", "currency")
EXTRA = "extra"
COLUMNS_MAX = 300
TEXT, ID, AMOUNT, INSTANT, DAY, COUNT, FLAG = "text", "id", "amount", "instant", "day", "count", "flag"

_SINGULAR = {
    "links": "link",
    "lines": "line",
    "voided_lines": "voided_line",
    "tenders": "tender",
    "discounts": "discount",
    "taxes": "tax",
    "denominations": "denomination",
}
_FORM_OF_READER = {read_amount: AMOUNT, read_day: DAY, read_id: ID, read_instant: INSTANT}
_EXTRA_NAME = re.compile(r"extra\.[A-Za-z][A-Za-z0-9_-]{0,59}")


@dataclass(frozen=True, slots=True)
class Column:
    """One column. part: the path of the list whose entries it belongs to, () for the receipt itself; below: its path from
    there. form: what its cells hold.
    """

    name: str
    part: tuple[str, ...]
    below: tuple[str, ...]
    form: str

    @property
    def leaf(self) -> str:
        return self.below[-1]

    @property
    def is_own(self) -> bool:
        """Whether it is a sender's own."""
        return self.below[0] == EXTRA and not self.part


def column_named(name: str) -> Column | None:
    """Give the column of a name, or None where there is none."""
    if _EXTRA_NAME.fullmatch(name):
        return Column(name, (), (EXTRA, name.removeprefix("extra.")), TEXT)
    return COLUMNS.get(name)


def column_name(place: Sequence[str | int]) -> str:
    """Give a column's name from the place of a field in a transaction: ("lines", 0, "taxes", 1, "code") is line.tax.code."""
    followed = zip(place, (*place[1:], ""), strict=True)
    return ".".join(
        _SINGULAR.get(one, one) if isinstance(after, int) else one
        for one, after in followed
        if isinstance(one, str)
    )


def _columns_of(
    model: type[BaseModel], place: tuple[str | int, ...], part: tuple[str, ...], below: tuple[str, ...]
) -> Iterator[Column]:
    for name, field in model.model_fields.items():
        if (*place, name) == (EXTRA,):
            continue
        kind, readers = _unwrapped(field.annotation, list(field.metadata))
        path = (*below, name)
        if get_origin(kind) is list:
            yield from _columns_of(get_args(kind)[0], (*place, name, 0), (*part, *path), ())
        elif isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from _columns_of(kind, (*place, name), part, path)
        else:
            yield Column(column_name((*place, name)), part, path, _form(kind, readers))


def _unwrapped(annotation: Any, metadata: list[Any]) -> tuple[Any, list[Any]]:
    """Give the plain type of an annotation and all that is noted about it."""
    if get_origin(annotation) is Annotated:
        inner, *notes = get_args(annotation)
        return _unwrapped(inner, [*metadata, *notes])
    if get_origin(annotation) in (Union, UnionType):
        (inner,) = (one for one in get_args(annotation) if one is not type(None))
        return _unwrapped(inner, metadata)
    return annotation, metadata


def _form(kind: Any, metadata: list[Any]) -> str:
    for one in metadata:
        if isinstance(one, PlainValidator) and one.func in _FORM_OF_READER:
            return _FORM_OF_READER[one.func]
    return {bool: FLAG, int: COUNT}.get(kind, TEXT)


COLUMNS: Mapping[str, Column] = MappingProxyType(
    {one.name: one for one in _columns_of(TransactionModel, (), (), ())}
)

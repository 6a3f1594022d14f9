"""What a webhook of Lightspeed's names to fetch: a form whose field `payload` is a sale or a closure in the shape of API 1.0.

The sale lacks its currency and its outlet, and a closure what was counted: so each names what to fetch. (POS facts §4.1.)
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qsl

from shared.errors import RejectedError
from shared.pos.adapter import SHAPE, refuse_large_body, rejected
from shared.pos.json_tree import text_of_tree
from shared.pos.lightspeed import MASKS
from shared.pos.lightspeed_sale import instant_of, status_of
from shared.pos.vendor_json import Part, root_of
from shared.retail.rules import Problem
from shared.retail.transaction import TillStatus

FIELDS_MAX = 20
FORM_BYTES_MAX = 2 * 1024 * 1024
CLOSURE_CHARACTERS_MAX = 16_000
SALES, CLOSURES = "sale.update", "register_closure.create"
_FORM = "a form with the fields type and payload"


@dataclass(frozen=True, slots=True)
class LightspeedEvent:
    """What a webhook names; kind "" where it is about something else. prefix: whose it is, "" where it is not told.

    at: when it last changed, None where that is not told. is_settled: a sale is neither put aside nor on its way.
    payload: a closure, without people and cards: Lightspeed tells it here and nowhere else.
    """

    topic: str
    prefix: str = ""
    kind: str = ""
    id: str = ""
    at: datetime | None = None
    outlet: str = ""
    is_settled: bool = True
    payload: str = ""


def named_by_form(body: bytes) -> LightspeedEvent:
    """Read a webhook's form.

    Raises:
        RejectedError: it is no such form, or its sale or closure cannot be read.
    """
    fields = _fields_of(body)
    topic, prefix = fields.get("type", ""), fields.get("domain_prefix", "")
    if topic not in (SALES, CLOSURES):
        return LightspeedEvent(topic, prefix)
    if "payload" not in fields:
        raise rejected(Problem(SHAPE, "payload", "the sale or closure of the webhook", "nothing"))
    one = root_of(fields["payload"].encode())
    outlet = one.id_or_none("outlet_id") or ""
    if topic == CLOSURES:
        return LightspeedEvent(topic, prefix, "closure", one.id("id"), None, outlet, payload=_kept(one))
    settled = status_of(one) not in (TillStatus.SUSPENDED, TillStatus.PENDING)
    return LightspeedEvent(topic, prefix, "sale", one.id("id"), _changed(one), outlet, settled)


def _kept(closure: Part) -> str:
    """Write a closure as it may be kept.

    Raises:
        RejectedError: it is larger than any closure.
    """
    text = text_of_tree(MASKS.kept(closure.fields))
    if len(text) > CLOSURE_CHARACTERS_MAX:
        raise rejected(
            Problem(SHAPE, "payload", f"a closure of at most {CLOSURE_CHARACTERS_MAX} characters", "more")
        )
    return text


def _changed(one: Part) -> datetime | None:
    try:
        return instant_of(one, "updated_at")
    except RejectedError:
        return None


def _fields_of(body: bytes) -> dict[str, str]:
    """Read a form of few fields, none of them twice: which of two was meant nobody could say."""
    refuse_large_body(body)
    if len(body) > FORM_BYTES_MAX:
        expected, found = f"a form of at most {FORM_BYTES_MAX} bytes", f"{len(body)} bytes"
        raise rejected(Problem(SHAPE, "body", expected, found))
    try:
        pairs = parse_qsl(
            body.decode("ascii"), keep_blank_values=True, strict_parsing=True, max_num_fields=FIELDS_MAX, errors="strict"
        )  # fmt: skip
    except ValueError as error:
        raise rejected(Problem(SHAPE, "body", _FORM, "neither")) from error
    if len({name for name, _ in pairs}) != len(pairs):
        raise rejected(Problem(SHAPE, "body", "a form with each field once", "a field twice"))
    return dict(pairs)

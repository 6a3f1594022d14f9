"""Closures of Lightspeed registers: the opening and the close of a shift, with what was counted by payment type.

`register_closure.create` tells of one; its documented parts are the times, the register and a total for each payment type. What
staff counted is told where the close was made with it (`counted`); what Lightspeed added up is kept beside it. (POS facts §4.1.)
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from shared.pos.lightspeed_sale import instant_of, size, size_or_none
from shared.pos.lightspeed_where import currency_of, register_of, store_of
from shared.pos.vendor_json import Part, id_text
from shared.retail.money import rounded
from shared.retail.transaction import Counted, Kind, ShiftRecord, Transaction

CLOSURE, TELLS = "register_closure", "tells"
OPENED, CLOSED = "opened", "closed"
_TELLS = {OPENED: Kind.SHIFT_OPEN, CLOSED: Kind.SHIFT_CLOSE}
_OF_THE_OPENING = (
    "id", "register_closure_id", "register_id", "outlet_id", "register_open_time", "register_open_user_id", "opening_float",
)  # fmt: skip


def closure_documents(fetched: Mapping[str, Any]) -> list[object]:
    """Give one document for the opening and, once it is closed, one for the close."""
    if TELLS in fetched:
        return [dict(fetched)]
    closure = fetched[CLOSURE]
    around = {name: value for name, value in fetched.items() if name != CLOSURE}
    opening = {name: closure[name] for name in _OF_THE_OPENING if name in closure}
    found: list[object] = [{CLOSURE: opening, TELLS: OPENED, **around}]
    if closure.get("register_close_time"):
        found.append({CLOSURE: closure, TELLS: CLOSED, **around})
    return found


def closure_ids(root: Part) -> tuple[str, str]:
    """Give store and id of a document that cannot be read, as far as it tells them."""
    named = id_text(root, CLOSURE, "register_closure_id") or id_text(root, CLOSURE, "id")
    tells = root.fields.get(TELLS)
    store = (
        id_text(root, CLOSURE, "outlet_id")
        or id_text(root, "register", "outlet_id")
        or id_text(root, "outlet", "id")
    )
    return store, f"{named}:{tells}" if named and isinstance(tells, str) else named


def closure_transaction(root: Part, account: str) -> Transaction:
    """Read the opening or the close of a register.

    Raises:
        RejectedError: names the field at fault.
    """
    closure = root.part(CLOSURE)
    tells = root.word(TELLS, _TELLS)
    shift = closure.id("register_closure_id" if closure.has("register_closure_id") else "id")
    opened_at = instant_of(closure, "register_open_time")
    at = instant_of(closure, "register_close_time") if tells == CLOSED else opened_at
    currency = currency_of(root, closure)
    opening = size_or_none(closure, "opening_float")
    return Transaction(
        account=account,
        store=store_of(root, closure),
        transaction_id=f"{shift}:{tells}",
        terminal=register_of(closure),
        kind=_TELLS[tells],
        shift=shift,
        operator=closure.id_or_none("register_open_user_id" if tells == OPENED else "register_close_user_id"),
        completed_at=at,
        currency=currency,
        shift_record=ShiftRecord(
            shift=shift,
            opened_at=opened_at,
            closed_at=at if tells == CLOSED else None,
            opened_by=closure.id_or_none("register_open_user_id"),
            closed_by=closure.id_or_none("register_close_user_id") if tells == CLOSED else None,
            opening_float=opening,
            counted=_counted(closure, currency) if tells == CLOSED else (),
        ),
        extra=MappingProxyType(_told(closure) if tells == CLOSED else {}),
    )


def _counted(closure: Part, currency: str) -> tuple[Counted, ...]:
    """Read what was counted, each payment type once; none where nobody counted."""
    found = {
        _code(one): rounded(size(one, "counted"), currency)
        for one in closure.parts("payments")
        if one.has("counted")
    }
    return tuple(Counted(code, currency, amount) for code, amount in found.items())


def _told(closure: Part) -> Mapping[str, object]:
    """Keep what Lightspeed added up by payment type, and its number of the closure."""
    sums = {_code(one): str(size(one, "total")) for one in closure.parts("payments") if one.has("total")}
    number = closure.fields.get("register_closure_sequence_number")
    return {"payments": sums, **({"closure_number": str(number)} if isinstance(number, int) else {})}


def _code(payment: Part) -> str:
    """Name a payment type as payments do: by the name the shop gave it, else by its id."""
    for name in ("payment_type_name", "name"):
        if payment.has(name):
            return payment.id(name)
    return payment.id(
        "retailer_payment_type_id" if payment.has("retailer_payment_type_id") else "payment_type_id"
    )

"""Square's cash drawer shifts: opening, end, closing with its count, money put in and taken out, drawer opened without sale.

No webhook tells of them; they are fetched. A shift is kept as one document for each thing it tells, so that a later fetch
brings the same ids again. Payments and refunds in the drawer's events are told by their orders and not counted twice.
Square's text says refunds and money taken out are positive, its example has them negative: their size counts. (POS facts §3.2.)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from shared.pos.canonical_values import till_name
from shared.pos.square_money import Purse, currency_of
from shared.pos.vendor_json import Part, id_text, milliseconds, small
from shared.retail.drawers import DRAWER
from shared.retail.transaction import CashMovement, Counted, Kind, ShiftRecord, Transaction

SHIFT, EVENTS, EVENT, TELLS = (
    "cash_drawer_shift",
    "cash_drawer_shift_events",
    "cash_drawer_shift_event",
    "tells",
)
CASH = "CASH"
OPENED, ENDED, CLOSED = "opened", "ended", "closed"
MOVES = {"PAID_IN": Kind.PAID_IN, "PAID_OUT": Kind.PAID_OUT, "NO_SALE": Kind.NO_SALE}
_TELLS = {OPENED: Kind.SHIFT_OPEN, ENDED: Kind.SHIFT_BLIND_CLOSE, CLOSED: Kind.SHIFT_CLOSE}
_STATES = {"OPEN": (OPENED,), "ENDED": (OPENED, ENDED), "CLOSED": (OPENED, CLOSED)}
_TIMES = {OPENED: "opened_at", ENDED: "ended_at", CLOSED: "closed_at"}
_PEOPLE = {OPENED: "opening_team_member_id", ENDED: "ending_team_member_id", CLOSED: "closing_team_member_id"}
_OF_THE_SHIFT = ("id", "location_id", "device", "opened_at", "opened_cash_money")
_FIGURES = (
    "cash_payment_money", "cash_refunds_money", "cash_paid_in_money", "cash_paid_out_money", "expected_cash_money",
)  # fmt: skip


def drawer_documents(fetched: Mapping[str, Any]) -> Iterator[object]:
    """Give the documents of one fetched shift: each thing it tells, and each event that no order tells."""
    if TELLS in fetched or EVENT in fetched:
        yield dict(fetched)
        return
    shift = fetched[SHIFT]
    around = {name: value for name, value in fetched.items() if name not in (SHIFT, EVENTS)}
    for one in _STATES.get(str(shift.get("state")), (OPENED,)):
        yield {SHIFT: shift if one == CLOSED else _as_opened(shift, one), TELLS: one, **around}
    with_each = small(
        {SHIFT: {name: shift[name] for name in _OF_THE_SHIFT if name in shift}, **around}, SHIFT
    )
    events = fetched.get(EVENTS)
    for event in events if isinstance(events, list) else ():
        kind = event.get("event_type") if isinstance(event, dict) else None
        if not isinstance(kind, str) or kind in MOVES:
            yield {**with_each, EVENT: event}


def drawer_ids(root: Part) -> tuple[str, str]:
    """Give store and id of a document that cannot be read, as far as it tells them."""
    store = id_text(root, SHIFT, "location_id") or id_text(root, "location_id")
    shift = id_text(root, SHIFT, "id")
    if root.has(EVENT):
        return store, id_text(root, EVENT, "id")
    return store, f"{shift}:{root.text(TELLS)}" if shift and isinstance(
        root.fields.get(TELLS), str
    ) else shift


def drawer_transaction(root: Part, account: str) -> Transaction:
    """Read one thing that a drawer's shift tells.

    Raises:
        RejectedError: names the field at fault; so a shift of which the location is not told.
    """
    shift = root.part(SHIFT)
    store = shift.id("location_id") if shift.has("location_id") else root.id("location_id")
    if root.has(EVENT):
        return _moved(shift, root.part(EVENT), store, account)
    shift.word("state", _STATES)
    tells = root.word(TELLS, _TELLS)
    at = shift.instant(_TIMES[tells])
    purse = Purse(currency_of(shift, "opened_cash_money", "closed_cash_money", "expected_cash_money"))
    opening = purse.or_none(shift, "opened_cash_money")
    counted = purse.or_none(shift, "closed_cash_money") if tells == CLOSED else None
    return Transaction(
        account=account,
        store=store,
        transaction_id=f"{shift.id('id')}:{tells}",
        terminal=_terminal(shift),
        kind=_TELLS[tells],
        revision=str(milliseconds(shift.instant("updated_at")))
        if tells == CLOSED and shift.has("updated_at")
        else None,
        shift=shift.id("id"),
        operator=shift.id_or_none(_PEOPLE[tells]),
        completed_at=at,
        currency=purse.currency,
        training=root.text("environment").lower() == "sandbox",
        cash_movement=CashMovement(CASH, opening) if tells == OPENED and opening else None,
        shift_record=ShiftRecord(
            shift=shift.id("id"),
            opened_at=shift.instant("opened_at"),
            closed_at=at if tells == CLOSED else None,
            opened_by=shift.id_or_none(_PEOPLE[OPENED]),
            closed_by=shift.id_or_none(_PEOPLE[CLOSED]) if tells == CLOSED else None,
            opening_float=opening,
            counted=(Counted(CASH, purse.currency, counted),) if counted is not None else (),
        ),
        extra=MappingProxyType(_figures(shift, purse) if tells == CLOSED else {}),
    )


def _as_opened(shift: Mapping[str, Any], tells: str) -> dict[str, Any]:
    """Keep of a shift only what does not change until it is closed, so that it reads the same at every fetch."""
    later = {
        "updated_at",
        "closed_at",
        "closed_cash_money",
        "closing_team_member_id",
        "description",
        *_FIGURES,
    }
    if tells == OPENED:
        later |= {"ended_at", "ending_team_member_id"}
    kept = {name: value for name, value in shift.items() if name not in later}
    return {**kept, "state": "OPEN"} if tells == OPENED and str(shift.get("state")) in _STATES else kept


def _moved(shift: Part, event: Part, store: str, account: str) -> Transaction:
    kind = MOVES[event.word("event_type", MOVES)]
    named = currency_of(event, "event_money") if event.has("event_money") else ""
    purse = Purse(named or currency_of(shift, "opened_cash_money"))
    movement = None
    if kind is not Kind.NO_SALE:
        size = abs(purse.of(event, "event_money"))
        text = " ".join(event.text("description").split())[:200].strip()
        movement = CashMovement(
            CASH,
            size if kind is Kind.PAID_IN else -size,
            text if text.isprintable() and text else str(kind),
            text or None,
        )
    return Transaction(
        account=account,
        store=store,
        transaction_id=event.id("id"),
        terminal=_terminal(shift),
        kind=kind,
        shift=shift.id("id"),
        operator=event.id_or_none("team_member_id"),
        completed_at=event.instant("created_at"),
        currency=purse.currency,
        cash_movement=movement,
    )


def _terminal(shift: Part) -> str:
    """Give the drawer's device by the name the shop gave it: older answers tell nothing else of it."""
    device = shift.part("device")
    name = device.id_or_none("name")
    if name and DRAWER not in name:
        return name
    try:
        return till_name(device.id("id"))
    except ValueError as error:
        raise device.wrong("id", str(error)) from error


def _figures(shift: Part, purse: Purse) -> dict[str, object]:
    """Keep what Square says the drawer should hold, and of what: sizes, as its signs are not to be trusted."""
    told = {name: purse.or_none(shift, name) for name in _FIGURES}
    return {name.removesuffix("_money"): str(abs(one)) for name, one in told.items() if one is not None}

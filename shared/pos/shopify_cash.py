"""Shopify's cash sessions as a poll answers them: opening, money put in and taken out, counts, closing.

Shopify tells of cash by no webhook. Until 2026-01 a session is a `CashTrackingSession` with a register's name; from 2026-04 on
a `PointOfSaleDevicePaymentSession` with the device that the receipts name too. Only cash is counted. An older session is
read once it is closed: which device it was, only its own cash payments say. (POS facts §2.3.)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from types import MappingProxyType

from shared.pos.shopify_json import Fields, number_of, number_or_none
from shared.pos.shopify_order import NO_LOCATION
from shared.retail.drawers import DRAWER
from shared.retail.money import ZERO
from shared.retail.transaction import (
    CashMovement,
    Counted,
    Kind,
    ShiftRecord,
    Transaction,
)

CASH = "cash"
PART = "part"
OPENED, CLOSED = "open", "close"
_TOTALS = (
    "netCashSales", "totalCashSales", "totalCashRefunds", "totalAdjustments", "expectedOpeningBalance", "openingBalance",
    "expectedClosingBalance", "closingBalance", "totalDiscrepancy", "expectedCashAtOpen", "cashCountedAtOpen",
    "expectedCashAtClose", "cashCountedAtClose", "closingAdjustment", "netSales", "totalSales", "totalRefunds",
)  # fmt: skip
SESSION_QUERY = """
query CashSessions($query: String!, $after: String) {
  pointOfSaleDevicePaymentSessions(first: 25, after: $after, query: $query) {
    nodes {
      id currency status openingTime closingTime totalsReady
      location { id } pointOfSaleDevice { id } cashDrawer { id }
      openingStaffMember { id } closingStaffMember { id }
      cashCountedAtOpen { amount currencyCode } expectedCashAtOpen { amount currencyCode }
      cashCountedAtClose { amount currencyCode } expectedCashAtClose { amount currencyCode }
      closingAdjustment { amount currencyCode } closingBalance { amount currencyCode }
      netCashSales { amount currencyCode } totalCashSales { amount currencyCode }
      totalCashRefunds { amount currencyCode } totalAdjustments { amount currencyCode }
      totalDiscrepancy { amount currencyCode }
      cashActivities(first: 250) {
        nodes {
          __typename time cash { amount currencyCode } staffMember { id }
          ... on CashAdjustmentActivity { adjustment: type note giftCard { id } reasonCode { __typename } }
          ... on CashCountActivity { count: type note cashCounted { amount currencyCode } }
        }
        pageInfo { hasNextPage }
      }
    }
    pageInfo { hasNextPage endCursor }
  }
}
"""


def slices_of(session: Fields) -> list[dict[str, object]]:
    """Give the documents of what happened in a session, in order of time; a slice already stays as it is.

    An older session that is still open gives none.
    """
    if session.has(PART):
        return [session.fields]
    if not session.has("closingTime") and not _is_newer(session):
        return []
    header = {
        name: value for name, value in session.fields.items() if name not in ("adjustments", "cashActivities")
    }
    parts: list[dict[str, object]] = [{**header, PART: OPENED}]
    parts += [{**header, PART: name, "activity": one.fields} for name, one in _activities(session)]
    return [*parts, {**header, PART: CLOSED}] if session.has("closingTime") else parts


def cash_from(session: Fields, account: str) -> Transaction:
    """Read one document of a session.

    Raises:
        RejectedError: names the field at fault.
    """
    part, activity = session.required(PART), session.child("activity")
    if part == OPENED:
        kind, at, movement = Kind.SHIFT_OPEN, session.instant("openingTime"), _float(session)
    elif part == CLOSED:
        kind, at, movement = Kind.SHIFT_CLOSE, session.instant("closingTime"), None
    else:
        activity = activity or Fields({}, session.at("activity"))
        kind, at, movement = _what(activity), activity.instant("time"), _movement(activity)
    staff = {
        Kind.SHIFT_OPEN: session.child("openingStaffMember"),
        Kind.SHIFT_CLOSE: session.child("closingStaffMember"),
    }
    by = staff.get(kind) or (activity.child("staffMember") if activity else None)
    number = number_of(session)
    return Transaction(
        account=account,
        store=number_or_none(session.child("location")) or NO_LOCATION,
        terminal=_terminal(session),
        transaction_id=f"S{number}-{part.upper()}",
        revision=None,
        shift=number,
        operator=number_or_none(by),
        completed_at=at,
        currency=_currency(session),
        kind=kind,
        cash_movement=movement,
        shift_record=_record(session, number, kind),
        extra=MappingProxyType(_extra(session, activity)),
    )


def _activities(session: Fields) -> Iterator[tuple[str, Fields]]:
    """Give what moved or was counted, each under a name that stays: its own number, or its time where it has none."""
    for one in session.children("adjustments"):
        yield f"A{number_of(one)}", one
    seen: dict[str, int] = {}
    for one in sorted(session.children("cashActivities"), key=lambda each: each.instant("time")):
        if not _is_told(one):
            continue
        name = f"A{one.instant('time').astimezone(UTC):%Y%m%d%H%M%S%f}"
        seen[name] = seen.get(name, 0) + 1
        yield name if seen[name] == 1 else f"{name}-{seen[name]}", one


def _is_told(activity: Fields) -> bool:
    """Sales are told by their receipts, opening and closing by the session: what is left moved cash, or counted it between."""
    if activity.text("__typename") == "CashAdjustmentActivity":
        return _type(activity) != "CLOSING_ADJUSTMENT" and bool(activity.money("cash"))
    is_count = activity.text("__typename") == "CashCountActivity"
    return is_count and not any(word in _type(activity) for word in ("OPEN", "CLOS"))


def _type(activity: Fields) -> str:
    return (activity.text("adjustment") or activity.text("count") or activity.text("type")).upper()


def _what(activity: Fields) -> Kind:
    """Say what it is. A count between opening and closing is kept and declares nothing: only the last one counts a shift."""
    if activity.has("cashCounted"):
        return Kind.NO_SALE
    if _type(activity) == "CASH_PAYOUT" and not activity.has("giftCard"):
        return Kind.PICKUP
    return Kind.PAID_IN if (activity.money("cash") or ZERO) > 0 else Kind.PAID_OUT


def _movement(activity: Fields) -> CashMovement | None:
    """Read what moved, in the store's sign; a payout takes money out, however it is written, and a count moves none."""
    if activity.has("cashCounted"):
        return None
    amount = activity.money("cash")
    if amount is None:
        raise activity.wrong("cash", "an amount of money")
    if _type(activity) == "CASH_PAYOUT":
        amount = -abs(amount)
    return CashMovement(CASH, amount, reason_code=_reason(activity), note=activity.words("note"))


def _reason(activity: Fields) -> str | None:
    if activity.has("giftCard"):
        return "gift card paid out"
    told = activity.child("reasonCode")
    if told is None:
        return None
    return told.words("code") or told.words("label") or told.words("title") or number_or_none(told)


def _float(session: Fields) -> CashMovement | None:
    """Name the tender of the opening amount, without which a drawer with cards in it cannot be judged."""
    amount = _first(session, "cashCountedAtOpen", "openingBalance")
    return CashMovement(CASH, amount) if amount else None


def _record(session: Fields, number: str, kind: Kind) -> ShiftRecord | None:
    """Read the shift. Its float is told by its opening alone, beside the float's tender."""
    if kind not in (Kind.SHIFT_OPEN, Kind.SHIFT_CLOSE):
        return None
    is_closing = kind is Kind.SHIFT_CLOSE
    counted = _first(session, "cashCountedAtClose", "" if _is_newer(session) else "closingBalance")
    opened_at: datetime = session.instant("openingTime")
    return ShiftRecord(
        shift=number,
        opened_at=opened_at,
        closed_at=session.instant("closingTime") if is_closing else None,
        opened_by=number_or_none(session.child("openingStaffMember")),
        closed_by=number_or_none(session.child("closingStaffMember")) if is_closing else None,
        opening_float=None if is_closing else _first(session, "cashCountedAtOpen", "openingBalance"),
        counted=(Counted(CASH, _currency(session), counted),) if is_closing and counted is not None else (),
    )


def _first(session: Fields, *names: str) -> Decimal | None:
    return next((session.money(name) for name in names if name and session.has(name)), None)


def _is_newer(session: Fields) -> bool:
    return session.has("pointOfSaleDevice")


def _terminal(session: Fields) -> str:
    """Give the till: the device, else the only one that took its cash, else the register's name."""
    device = number_or_none(session.child("pointOfSaleDevice"))
    if device:
        return device
    found = {number_or_none(one.child("device")) for one in session.children("cashTransactions")} - {None}
    name = found.pop() if len(found) == 1 else session.required("registerName")
    if not name or DRAWER in name:
        raise session.wrong("registerName", f"a name without “{DRAWER.strip()}”")
    return name


def _currency(session: Fields) -> str:
    if session.has("currency"):
        return session.currency("currency")
    for name in ("openingBalance", "cashCountedAtOpen", "netCashSales"):
        money = session.child(name)
        if money is not None:
            return money.currency("currencyCode")
    raise session.wrong("currency", "the session's currency")


def _extra(session: Fields, activity: Fields | None) -> Mapping[str, object]:
    told: dict[str, object] = {}
    for name in _TOTALS:
        amount = session.money(name)
        if amount is not None:
            told[name] = str(amount)
    if activity is not None and _type(activity):
        told["activity"] = _type(activity)
        counted = activity.money("cashCounted")
        if counted is not None:
            told["cashCounted"] = str(counted)
    return told

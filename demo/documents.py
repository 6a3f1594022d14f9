"""The receipts as the tills send them: the canonical JSON, numbered without a gap, with the totals of each shift.

A receipt's lines that come back name the receipt they were sold on; so every till is numbered first, then written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from demo.chain import CURRENCY, OPENING_FLOAT, ROUNDING_STEP, operator_of, rounds_cash
from demo.chance import chance
from demo.lines import gift_card_line, line_total, money, returned_line, sold_line
from demo.pay import Purse, control_totals
from demo.shifts import Happening, Overlap, by_till, happenings, plan_shifts
from demo.totals import shift_totals
from demo.visits import Visit

Json = dict[str, Any]
FIRST_NUMBER = (1_000, 8_000)


@dataclass(frozen=True, slots=True)
class Message:
    """One transaction as a till sends it, at its time. `visit` is empty for what is no sale."""

    at: datetime
    store: str
    terminal: str
    day: date
    sequence: int
    kind: str
    shift: str
    visit: str
    document: Json

    @property
    def name(self) -> str:
        """The transaction id."""
        return str(self.document["transaction_id"])


@dataclass(frozen=True, slots=True)
class Numbered:
    """Something that happened at a till, with the number it drew."""

    what: Happening
    sequence: int


class Counters:
    """Each till's own counter, running on from day to day; where it stands before the first day is assigned."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.next: dict[tuple[str, str], int] = {}

    def draw(self, store: str, terminal: str) -> int:
        """Give the till's next number."""
        till = (store, terminal)
        if till not in self.next:
            self.next[till] = chance(self.seed, "first number", *till).randint(*FIRST_NUMBER)
        self.next[till] += 1
        return self.next[till] - 1


def write_messages(
    visits: Sequence[Visit], seed: int, counters: Counters, overlap: Overlap | None = None
) -> list[Message]:
    """Write a day's transactions of every till, in order of time. The same visits and seed give the same bytes."""
    numbered = [one for till in _numbered_tills(visits, seed, counters, overlap) for one in till]
    writer = _Writer(seed, {one.what.visit.name: one for one in numbered if one.what.visit})
    messages = [writer.write(one) for one in numbered]
    shifts: dict[tuple[str, str, str], list[Json]] = {}
    for one in messages:
        shifts.setdefault((one.store, one.terminal, one.shift), []).append(one.document)
    messages = [
        _with_totals(one, shifts[one.store, one.terminal, one.shift]) if one.kind == "SHIFT_CLOSE" else one
        for one in messages
    ]
    return sorted(messages, key=lambda one: (one.at, one.store, one.terminal, one.sequence))


def _numbered_tills(
    visits: Sequence[Visit], seed: int, counters: Counters, overlap: Overlap | None
) -> list[list[Numbered]]:
    tills = []
    for (store, terminal), own in sorted(by_till(visits).items()):
        planted = overlap if overlap and (overlap.store, overlap.terminal) == (store, terminal) else None
        events = happenings(plan_shifts(own, seed, planted), seed)
        tills.append([Numbered(one, counters.draw(store, terminal)) for one in events])
    return tills


def transaction_id(numbered: Numbered) -> str:
    """Give an id that is unique in its store for ever: till, day and number."""
    plan = numbered.what.plan
    return f"{plan.store}-{plan.terminal}-{plan.day:%Y%m%d}-{numbered.sequence}"


class _Writer:
    def __init__(self, seed: int, sold: Mapping[str, Numbered]) -> None:
        self.seed = seed
        self.sold = sold

    def write(self, one: Numbered) -> Message:
        plan, visit = one.what.plan, one.what.visit
        document = {
            "transaction_id": transaction_id(one),
            "kind": one.what.kind,
            "status": "COMPLETED",
            "store": plan.store,
            "terminal": plan.terminal,
            "receipt_number": f"{plan.store}-{plan.terminal}-{one.sequence:06}",
            "sequence_number": one.sequence,
            "shift": plan.shift,
            "operator": operator_of(self.seed, plan.store, plan.terminal, plan.shift),
            "completed_at": instant(one.what.at),
            "currency": CURRENCY,
            "prices_include_tax": False,
        }
        if visit is not None:
            document |= self._receipt(visit)
        elif one.what.kind in ("SHIFT_OPEN", "SHIFT_CLOSE"):
            document |= {"shift_record": self._shift_record(one.what)}
        name = visit.name if visit else ""
        return Message(
            one.what.at,
            plan.store,
            plan.terminal,
            plan.day,
            one.sequence,
            one.what.kind,
            plan.shift,
            name,
            document,
        )

    def _receipt(self, visit: Visit) -> Json:
        lines = [sold_line(number, line) for number, line in enumerate(visit.lines, start=1)]
        links = []
        for back in visit.backs:
            original = self._original(back.visit)
            sold = sold_line(back.line_number, self._visit(back.visit).lines[back.line_number - 1])
            lines.append(returned_line(len(lines) + 1, sold, original, back.disposition, back.reason))
            links.append({"role": "EXCHANGE_OF" if visit.lines else "ORIGINAL", **original})
        luck = chance(self.seed, visit.day, "pays", visit.name)
        if visit.gift_card_sold:
            lines.append(
                gift_card_line(len(lines) + 1, visit.gift_card_sold, f"GC-{luck.randint(1, 99999):05}")
            )
        purse = Purse(luck, ROUNDING_STEP if rounds_cash(self.seed, visit.store) else None)
        due = sum((line_total(line) for line in lines), Decimal(0))
        purse.pay(due, sum((line.coupon for line in visit.lines), Decimal(0)), visit.payment)
        return {
            "lines": lines,
            "tenders": purse.tenders,
            "rounding": purse.rounding,
            "links": links,
            "control_totals": control_totals(lines, purse.tenders, purse.rounding),
        }

    def _visit(self, name: str) -> Visit:
        visit = self.sold[name].what.visit
        assert visit is not None
        return visit

    def _original(self, name: str) -> Json:
        one = self.sold[name]
        return {
            "transaction_id": transaction_id(one),
            "store": one.what.plan.store,
            "terminal": one.what.plan.terminal,
            "business_day": one.what.plan.day.isoformat(),
            "sequence_number": one.sequence,
            "receipt_number": f"{one.what.plan.store}-{one.what.plan.terminal}-{one.sequence:06}",
        }

    def _shift_record(self, what: Happening) -> Json:
        plan = what.plan
        operator = operator_of(self.seed, plan.store, plan.terminal, plan.shift)
        record = {
            "shift": plan.shift,
            "opened_at": instant(plan.opened_at),
            "opened_by": operator,
            "opening_float": money(OPENING_FLOAT),
        }
        if what.kind == "SHIFT_CLOSE":
            record |= {"closed_at": instant(plan.closed_at), "closed_by": operator}
        return record


def _with_totals(close: Message, shift: Sequence[Json]) -> Message:
    """Put a shift's totals and its counted cash into its closing."""
    totals = shift_totals(shift)
    cash = sum((Decimal(one["amount"]) for one in totals["tenders"] if one["code"] == "CASH"), OPENING_FLOAT)
    counted = [{"tender": "CASH", "currency": CURRENCY, "amount": money(cash)}]
    record = {**close.document["shift_record"], "counted": counted, "totals": totals}
    document = {**close.document, "shift_record": record}
    return replace(close, document=document)


def instant(at: datetime) -> str:
    """Write an instant as the tills do: ISO 8601 in UTC."""
    return at.isoformat().replace("+00:00", "Z")

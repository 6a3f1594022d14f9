"""The tills: what they ring up over an evening and when they send it. All arithmetic is theirs, in whole cents."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from tests.simulation.reference import CASH, EXCLUDED, HEALTHY, HELD, UNKNOWN_STORE, UNMAPPED, Version

ITEMS = {"1001": ("VAT20", 20), "1002": ("RED10", 10)}
CURRENCIES = {"S1": "USD", "S2": "EUR", "S9": "USD"}
ZONES = {"S1": "America/New_York", "S2": "Europe/Berlin", "S9": "America/New_York"}
TILLS = (("S1", "1"), ("S1", "2"), ("S2", "1"))
# Evenings around which clocks change, years end, and nothing happens. UTC; shops of the east close 4 to 5 hours later.
EVENINGS = (
    datetime(2017, 12, 23, 20, tzinfo=UTC),
    datetime(2017, 12, 31, 21, tzinfo=UTC),
    datetime(2017, 3, 11, 22, tzinfo=UTC),
    datetime(2017, 11, 4, 22, tzinfo=UTC),
    datetime(2017, 3, 25, 19, tzinfo=UTC),
    datetime(2017, 10, 28, 19, tzinfo=UTC),
)


@dataclass(frozen=True, slots=True)
class Sent:
    """One document of a till: what it says, and when it is sent for the first time (seconds from the beginning)."""

    version: Version
    document: Mapping[str, Any]
    at: float


@dataclass(slots=True)
class Amounts:
    """What a receipt's lines add up to, in cents."""

    lines: list[dict[str, Any]] = field(default_factory=list)
    sales: int = 0
    returns: int = 0
    taxes: dict[str, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        return self.sales + self.returns + sum(self.taxes.values())


def cents(amount: int) -> str:
    """Write cents as the till does."""
    return f"{'-' if amount < 0 else ''}{abs(amount) // 100}.{abs(amount) % 100:02d}"


@dataclass(frozen=True, slots=True)
class CashHabits:
    """What tills do with cash beside sales. rate: after how many of the receipts; sent, counts_sent: what goes to D365."""

    rate: float
    sent: bool
    counts_sent: bool


class Evening:
    """Everything the tills ring in one history, decided by its seed."""

    def __init__(self, seed: int, receipts_max: int = 8, cash: CashHabits | None = None) -> None:
        self._rng = Random(f"tills {seed}")
        self._cash, self._cash_rng = cash, Random(f"cash {seed}")
        self.start = self._rng.choice(EVENINGS)
        self.hours = self._rng.choice((0.3, 1.0, 4.0))
        self._receipts_max = receipts_max
        self.sent: list[Sent] = []
        self._last: dict[tuple[str, str], int] = {}
        for store, terminal in TILLS[: self._rng.randint(1, len(TILLS))]:
            self._till(store, terminal)
        self.sent.sort(key=lambda one: (one.at, one.version.mark))

    def shuffle(self, order: int) -> None:
        """Let the same receipts arrive in another order, all of them within the first hour; none in two versions."""
        once = [one for one in self.sent if not one.version.mark.endswith("b")]
        rng = Random(f"order {order}")
        rng.shuffle(once)
        self.sent = sorted(
            (replace(one, at=rng.uniform(0.0, 3_600.0)) for one in once), key=lambda one: one.at
        )

    def _till(self, store: str, terminal: str) -> None:
        rng = self._rng
        shift = "1" if rng.random() < 0.4 else None
        offline = sorted(rng.uniform(0, self.hours * 3600) for _ in range(2)) if rng.random() < 0.3 else None
        back_at = offline[1] + rng.choice((600.0, 7_200.0, 7_200.0, 100_000.0)) if offline else 0.0
        number, first, ledger = 0, 1, Amounts()
        count, tenders = 0, dict[str, int]()
        begins = self._local(store, 0)
        day = begins.date().isoformat()
        if shift:
            number += 1
            record = {"shift": shift, "opened_at": begins.isoformat()}
            self._add(self._shift_document(store, terminal, number, "SHIFT_OPEN", day, record), 0.0)
        for _ in range(rng.randint(1, self._receipts_max)):
            number += 1
            rung = rng.uniform(60, self.hours * 3600)
            at = back_at if offline and offline[0] <= rung <= offline[1] else rung
            one, amounts = self._receipt(store, terminal, number, rung, day, shift)
            if one.version.fate == EXCLUDED or one.version.total == 0:
                pass
            else:
                count += 1
                ledger.sales += amounts.sales
                ledger.returns += amounts.returns
                for code, amount in amounts.taxes.items():
                    ledger.taxes[code] = ledger.taxes.get(code, 0) + amount
                for code, amount in one.version.tenders.items():
                    tenders[code] = tenders.get(code, 0) + amount
            self._add((one.version, one.document), at)
            self._others(one, at)
            number = self._move_cash(store, terminal, number, rung, day, shift, at)
        if shift and rng.random() < 0.8:
            number += 1
            ends = self._local(store, self.hours * 3600)
            record = {"shift": shift, "opened_at": begins.isoformat(), "closed_at": ends.isoformat()}
            if rng.random() < 0.5:
                record["totals"] = _totals(count, ledger, tenders, first, number)  # type: ignore[assignment]
            self._add(
                self._shift_document(store, terminal, number, "SHIFT_CLOSE", day, record),
                self.hours * 3600 + 30,
            )
        self._last[store, terminal] = number

    def next_morning(self, seconds: float) -> list[Sent]:
        """Give a sale of the first till, rung at an instant of another day: trade goes on."""
        number = self._last["S1", "1"] + 1
        document = {
            **_head("S1", "1", number, f"S1-1-{number:04d}", self._local("S1", seconds), None, None),
            "tenders": [_tender(1, "CASH", "CASH", "PAYMENT", 1_200)],
        }
        amounts = Amounts()
        _add_goods(amounts, 1, "1001", 1_000, 1)
        document["lines"] = amounts.lines
        version = _version(document, HEALTHY, self._local("S1", seconds).date().isoformat(), amounts)
        return [Sent(version, document, seconds)]

    def _move_cash(
        self, store: str, terminal: str, number: int, rung: float, day: str, shift: str | None, at: float
    ) -> int:
        """Now and then cash goes in or out beside the sales, or is counted. Give the last number that was used."""
        habits, rng = self._cash, self._cash_rng
        if habits is None or rng.random() >= habits.rate:
            return number
        kind = rng.choice(("FLOAT", "PICKUP", "SAFE_DROP", "BANK_DROP", "TENDER_DECLARATION"))
        amount, mark = 100 * rng.randint(1, 90), f"{store}-{terminal}-{number + 1:04d}"
        local = self._local(store, rung)
        own_day = day if shift else local.date().isoformat()
        document = {**_head(store, terminal, number + 1, mark, local, own_day, shift), "kind": kind}
        sent = habits.sent
        if kind == "TENDER_DECLARATION":
            sent = habits.counts_sent
            count = {"tender": "CASH", "currency": CURRENCIES[store], "amount": cents(amount)}
            document["shift_record"] = {
                "shift": shift or "1",
                "opened_at": local.isoformat(),
                "counted": [count],
            }
        else:
            signed = amount if kind == "FLOAT" else -amount
            document["cash_movement"] = {"tender": "CASH", "amount": cents(signed)}
        version = Version(
            store, str(document["transaction_id"]), mark, CASH if sent else EXCLUDED, terminal, own_day,
            CURRENCIES[store], cash=amount,
        )  # fmt: skip
        self._add((version, document), at)
        return number + 1

    def _local(self, store: str, seconds: float) -> datetime:
        at = (self.start + timedelta(seconds=seconds)).replace(microsecond=0)
        return at.astimezone(ZoneInfo(ZONES[store]))

    def _add(self, one: tuple[Version, dict[str, Any]], at: float) -> None:
        self.sent.append(Sent(*one, at))

    def _receipt(
        self, store: str, terminal: str, number: int, rung: float, day: str, shift: str | None
    ) -> tuple[Sent, Amounts]:
        rng = self._rng
        amounts = Amounts()
        for line_number in range(1, rng.randint(1, 3) + 1):
            _add_line(amounts, line_number, rng, returned=rng.random() < 0.2)
        kind = rng.random()
        fate, changes = HEALTHY, dict[str, Any]()
        tenders = _tenders(amounts.total, rng)
        if kind < 0.04:
            fate, changes = EXCLUDED, {"training": True}
        elif kind < 0.08:
            fate, changes = EXCLUDED, {"status": "VOIDED"}
        elif kind < 0.12 and tenders:
            fate = HELD
            tenders[0] = {
                **tenders[0],
                "amount": cents(_cents_of(tenders[0]) + (1 if amounts.total >= 0 else -1)),
            }
        elif kind < 0.2 and amounts.total > 0:
            fate = UNMAPPED
            tenders = [_tender(1, "OTHER", "VOUCH", "PAYMENT", amounts.total)]
        elif kind < 0.23:
            terminal, store, fate = f"{store}{terminal}", "S9", UNKNOWN_STORE
        elif kind < 0.28:
            return self._paid_out(store, terminal, number, rung, day, shift), Amounts()
        at = self._local(store, rung)
        own_day = at.date().isoformat() if rng.random() < 0.5 else None
        mark = f"{store}-{terminal}-{number:04d}"
        document = {
            **_head(store, terminal, number, mark, at, own_day or (day if shift else None), shift),
            "lines": amounts.lines, "tenders": tenders, **changes,
        }  # fmt: skip
        if rng.random() < 0.1:
            document["revision"] = "1"
        version = _version(document, fate, own_day or day if shift else at.date().isoformat(), amounts)
        return Sent(version, document, 0.0), amounts

    def _others(self, one: Sent, at: float) -> None:
        """Some receipts come again as another version: a revision, or, with none, a conflict."""
        rng = self._rng
        if one.document.get("training") and one.version.revision:
            self._finish(one, at)
        if one.version.fate != HEALTHY or "cash_movement" in one.document or rng.random() > 0.12:
            return
        amounts = Amounts()
        _add_line(amounts, 1, rng, returned=False)
        mark = f"{one.version.mark}b"
        document = {
            **one.document,
            "lines": amounts.lines,
            "tenders": _tenders(amounts.total, rng),
            "receipt_number": mark,
        }
        if one.version.revision:
            document["revision"] = "2"
        version = _version(document, HEALTHY, one.version.day, amounts)
        self._add((version, document), at + rng.choice((-30.0, 5.0, 400.0, 4_000.0)))

    def _finish(self, one: Sent, at: float) -> None:
        """What was no sale yet becomes one by a newer revision, often of another business day. Asks no chance of the others."""
        amounts, mark = Amounts(), f"{one.version.mark}b"
        chance = Random(f"finish {self.start} {mark}")
        _add_line(amounts, 1, chance, returned=False)
        document = {
            **{name: value for name, value in one.document.items() if name != "training"},
            "lines": amounts.lines, "tenders": _tenders(amounts.total, chance), "receipt_number": mark, "revision": "2",
        }  # fmt: skip
        day = one.version.day
        if "shift" not in document and chance.random() < 0.7:
            later = datetime.fromisoformat(document["completed_at"]) + timedelta(days=1)
            day = later.date().isoformat()
            document |= {"completed_at": later.isoformat(), "business_day": day}
        version = _version(document, HEALTHY, day, amounts)
        self._add((version, document), at + chance.choice((-30.0, 5.0, 400.0, 4_000.0)))

    def _paid_out(
        self, store: str, terminal: str, number: int, rung: float, day: str, shift: str | None
    ) -> Sent:
        amount = -100 * self._rng.randint(1, 30)
        at, mark = self._local(store, rung), f"{store}-{terminal}-{number:04d}"
        own_day = day if shift else at.date().isoformat()
        document = {
            **_head(store, terminal, number, mark, at, own_day, shift), "kind": "PAID_OUT",
            "cash_movement": {"tender": "CASH", "amount": cents(amount), "reason_code": "WINDOW"},
        }  # fmt: skip
        version = Version(
            store,
            str(document["transaction_id"]),
            mark,
            HEALTHY,
            terminal,
            own_day,
            CURRENCIES[store],
            movement=amount,
        )
        return Sent(version, document, 0.0)

    def _shift_document(
        self, store: str, terminal: str, number: int, kind: str, day: str, record: dict[str, Any]
    ) -> tuple[Version, dict[str, Any]]:
        at = datetime.fromisoformat(record.get("closed_at") or record["opened_at"])
        mark = f"{store}-{terminal}-{number:04d}"
        document = {
            **_head(store, terminal, number, mark, at, day, str(record["shift"])), "kind": kind,
            "shift_record": record,
        }  # fmt: skip
        version = Version(
            store, str(document["transaction_id"]), mark, EXCLUDED, terminal, day, CURRENCIES[store]
        )
        return version, document


def _head(
    store: str, terminal: str, number: int, mark: str, at: datetime, day: str | None, shift: str | None
) -> dict[str, Any]:
    head = {
        "transaction_id": f"{terminal}-{number}", "kind": "SALES", "status": "COMPLETED", "store": store,
        "terminal": terminal, "receipt_number": mark, "sequence_number": number, "completed_at": at.isoformat(),
        "business_day": day, "currency": CURRENCIES[store], "prices_include_tax": False, "shift": shift,
    }  # fmt: skip
    return {name: value for name, value in head.items() if value is not None}


def _add_line(amounts: Amounts, number: int, rng: Random, *, returned: bool) -> None:
    """Prices are whole tenths, so that taxes of 10 and 20 per cent are whole cents."""
    item = rng.choice(sorted(ITEMS))
    price, quantity = 10 * rng.randint(1, 900), rng.randint(1, 3) * (-1 if returned else 1)
    _add_goods(amounts, number, item, price, quantity)


def _add_goods(amounts: Amounts, number: int, item: str, price: int, quantity: int) -> None:
    code, rate = ITEMS[item]
    net = price * quantity
    tax = net * rate // 100
    amounts.taxes[code] = amounts.taxes.get(code, 0) + tax
    if quantity < 0:
        amounts.returns += net
    else:
        amounts.sales += net
    amounts.lines.append(
        {
            "line_number": number, "kind": "ITEM", "item": item, "quantity": str(quantity), "unit": "ea",
            "unit_price": cents(price), "gross": cents(net), "net": cents(net),
            "taxes": [{"code": code, "rate": str(rate), "base": cents(net), "amount": cents(tax), "inclusive": False}],
        }
    )  # fmt: skip


def _tender(number: int, kind: str, code: str, role: str, amount: int) -> dict[str, Any]:
    return {
        "tender_number": number, "type": kind, "code": code, "role": role, "amount": cents(amount), "status": "CAPTURED",
    }  # fmt: skip


def _tenders(due: int, rng: Random) -> list[dict[str, Any]]:
    if due == 0:
        return []
    if due < 0:
        return [_tender(1, *rng.choice((("CASH", "CASH"), ("CARD", "CARD"))), "REFUND", due)]
    choice = rng.random()
    if choice < 0.3:
        return [_tender(1, "CARD", "CARD", "PAYMENT", due)]
    if choice < 0.5 and due > 1:
        part = due // 2
        return [
            _tender(1, "CARD", "CARD", "PAYMENT", part), _tender(2, "CASH", "CASH", "PAYMENT", due - part),
        ]  # fmt: skip
    given = -(-due // 1000) * 1000 if choice < 0.9 else due
    paid = [_tender(1, "CASH", "CASH", "PAYMENT", given)]
    if given > due:
        paid.append(_tender(2, "CASH", "CASH", "CHANGE", due - given))
    return paid


def _cents_of(tender: Mapping[str, Any]) -> int:
    return round(float(tender["amount"]) * 100)


def _version(document: Mapping[str, Any], fate: str, day: str, amounts: Amounts) -> Version:
    tenders: dict[str, int] = {}
    for one in document["tenders"]:
        tenders[one["code"]] = tenders.get(one["code"], 0) + _cents_of(one)
    counts = fate != EXCLUDED
    return Version(
        document["store"], document["transaction_id"], document["receipt_number"], fate, document["terminal"], day,
        document["currency"], int(document.get("revision", 0)), sum(tenders.values()),
        amounts.sales if counts else 0, amounts.returns if counts else 0, tenders if counts else {},
        dict(amounts.taxes) if counts else {},
        goods=frozenset(one["item"] for one in document["lines"] if int(one["quantity"]) > 0),
    )  # fmt: skip


def _totals(
    count: int, amounts: Amounts, tenders: Mapping[str, int], first: int, last: int
) -> dict[str, Any]:
    return {
        "transactions": count, "total": cents(amounts.total), "sales": cents(amounts.sales),
        "returns": cents(amounts.returns), "taxes": _coded(amounts.taxes), "tenders": _coded(tenders),
        "first_sequence": first, "last_sequence": last,
    }  # fmt: skip


def _coded(amounts: Mapping[str, int]) -> list[dict[str, str]]:
    return [{"code": code, "amount": cents(amount)} for code, amount in sorted(amounts.items())]

"""The plan of troubles: what is planted, where, and on which receipts. The app never sees it; the seed moves it.

Each trouble takes stores of its own, and receipts that no return touches, so that what is found can be told apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from random import Random

from demo.chain import NEW_TENDERS
from demo.chance import chance
from demo.journey import day_begins
from demo.shifts import Overlap, by_till
from demo.visits import Payment, Visit, touched_by_returns

TENDER_STORES, TENDER_RECEIPTS_PER_STORE = 3, 2
LOST_TOGETHER, LOST_ELSEWHERE = 2, 1
OVERLAP_MINUTES = (20, 30)
FAULT_MINUTES = 100  # longer than three heartbeats, so that D365 is asked something meanwhile
RETRY_AFTER_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Window:
    """A time during which D365 answers 429, or nothing."""

    begins: datetime
    ends: datetime


@dataclass(frozen=True, slots=True)
class Plan:
    """Every trouble of a run; None or empty where it is not planted. Receipts are named by their visit."""

    tender: str | None = None
    tender_visits: tuple[str, ...] = ()
    warehouse_store: str | None = None
    overlap: Overlap | None = None
    lost_visits: tuple[str, ...] = ()
    late_visit: str | None = None
    throttled: Window | None = None
    silent: Window | None = None
    answer_lost_from: datetime | None = None
    left_out: tuple[str, ...] = ()

    @property
    def is_clean(self) -> bool:
        """Say whether nothing at all is planted."""
        return self == Plan()


def plan_troubles(visits: Sequence[Visit], day: date, seed: int) -> Plan:
    """Choose where each trouble strikes on a day; the same seed, the same plan. What finds no place is left out by name."""
    planner = _Planner(visits, day, seed)
    lost = planner.lost()
    tender, tender_visits = planner.tender()
    overlap = planner.overlap()
    late = planner.late()
    warehouse = planner.warehouse()
    throttled, silent, answer_lost_from = _faults(day, chance(seed, day, "troubles", "D365"))
    return Plan(
        tender, tender_visits, warehouse, overlap, lost, late, throttled, silent, answer_lost_from,
        tuple(planner.left_out),
    )  # fmt: skip


def with_new_tender(visits: Sequence[Visit], plan: Plan) -> list[Visit]:
    """Pay the chosen visits with the tender that nobody mapped."""
    if plan.tender is None:
        return list(visits)
    payment = Payment((plan.tender,))
    return [replace(one, payment=payment) if one.name in plan.tender_visits else one for one in visits]


def _faults(day: date, luck: Random) -> tuple[Window, Window, datetime]:
    """Choose when D365 is short of resources (late morning), silent (afternoon), and drops an answer (evening)."""
    begins = day_begins(day)
    lasts = timedelta(minutes=FAULT_MINUTES)
    throttled = begins + timedelta(hours=10, minutes=luck.randint(0, 90))
    silent = begins + timedelta(hours=14, minutes=luck.randint(0, 90))
    answer_lost = begins + timedelta(hours=17, minutes=luck.randint(0, 90))
    return Window(throttled, throttled + lasts), Window(silent, silent + lasts), answer_lost


class _Planner:
    def __init__(self, visits: Sequence[Visit], day: date, seed: int) -> None:
        self.day = day
        self.seed = seed
        self.tills = by_till([one for one in visits if one.day == day])
        self.touched = touched_by_returns(visits)
        self.stores = sorted({store for store, _ in self.tills})
        self.taken: set[str] = set()
        self.left_out: list[str] = []

    def lost(self) -> tuple[str, ...]:
        """Two neighbours of one till, and one of another store."""
        luck = self._luck("lost")
        pairs = [
            (one, other)
            for (store, _), own in self.tills.items()
            if store not in self.taken and len(own) >= LOST_TOGETHER + 1
            for one, other in pairwise(own)
            if self._is_free(one) and self._is_free(other)
        ]
        if not pairs or len(self.stores) < 2:
            return self._leave_out("receipts that never arrive")
        pair = luck.choice(pairs)
        self.taken.add(pair[0].store)
        single = luck.sample(self._free_visits(), LOST_ELSEWHERE) if self._free_visits() else []
        self.taken |= {one.store for one in single}
        return tuple(one.name for one in (*pair, *single))

    def tender(self) -> tuple[str | None, tuple[str, ...]]:
        """Some receipts of some stores, paid in a way that nobody has mapped."""
        luck = self._luck("tender")
        code = luck.choice(sorted(NEW_TENDERS))
        chosen: list[str] = []
        for store in luck.sample(self.stores, len(self.stores)):
            free = [one for one in self._free_visits() if one.store == store and _worth(one) >= 5]
            if len(free) >= TENDER_RECEIPTS_PER_STORE:
                chosen += [one.name for one in luck.sample(free, TENDER_RECEIPTS_PER_STORE)]
                self.taken.add(store)
            if len(chosen) >= TENDER_STORES * TENDER_RECEIPTS_PER_STORE:
                break
        if not chosen:
            return None, self._leave_out("a tender nobody mapped")
        return code, tuple(sorted(chosen))

    def overlap(self) -> Overlap | None:
        """A till whose next shift is opened while receipts of the old one still come."""
        luck = self._luck("overlap")
        minutes = luck.randint(*OVERLAP_MINUTES)
        found = [
            one
            for (store, _), own in self.tills.items()
            if store not in self.taken
            for index in range(1, len(own) - 1)
            if (one := self._overlap_after(own, index, minutes)) is not None
        ]
        if not found:
            self._leave_out("an overlapping shift")
            return None
        chosen = luck.choice(found)
        self.taken.add(chosen.store)
        return chosen

    def _overlap_after(self, own: Sequence[Visit], index: int, minutes: int) -> Overlap | None:
        last, following = own[index], own[index + 1]
        closed_at = last.at + timedelta(minutes=2)
        since = closed_at - timedelta(minutes=minutes)
        within = [one for one in own[: index + 1] if one.at >= since]
        fits = own[0].at < since and following.at > closed_at
        if not fits or not all(self._is_free(one) for one in within):
            return None
        names = tuple(one.name for one in within)
        return Overlap(last.store, last.terminal, self.day, "1", "2", since, closed_at, names)

    def late(self) -> str | None:
        """One receipt that is kept back until its day has been compiled."""
        free = [one for one in self._free_visits() if _worth(one) >= 5]
        if not free:
            self._leave_out("a receipt that arrives after close")
            return None
        chosen = self._luck("late").choice(free)
        self.taken.add(chosen.store)
        return chosen.name

    def warehouse(self) -> str | None:
        """A store of middling size that nobody gave its warehouse."""
        counts = {
            store: sum(len(own) for (name, _), own in self.tills.items() if name == store)
            for store in self.stores
        }
        free = [store for store in self.stores if store not in self.taken]
        middling = [store for store in free if 3 <= counts[store] <= 9] or free
        if not middling:
            self._leave_out("a store without a warehouse")
            return None
        chosen = self._luck("warehouse").choice(middling)
        self.taken.add(chosen)
        return chosen

    def _free_visits(self) -> list[Visit]:
        return [
            one
            for own in self.tills.values()
            for one in own
            if self._is_free(one) and one.store not in self.taken
        ]

    def _is_free(self, visit: Visit) -> bool:
        return visit.name not in self.touched and _worth(visit) > 0

    def _luck(self, trouble: str) -> Random:
        return chance(self.seed, self.day, "troubles", trouble)

    def _leave_out(self, trouble: str) -> tuple[str, ...]:
        self.left_out.append(trouble)
        return ()


def _worth(visit: Visit) -> Decimal:
    return sum((line.sales - line.coupon for line in visit.lines), Decimal(0))

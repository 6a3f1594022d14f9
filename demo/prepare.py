"""Everything that is decided before anything is started: receipts, troubles, and the books."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property

from demo.books import Account, Books, compare_with_file, less, write_books
from demo.documents import Counters, Message, write_messages
from demo.journey import DataError, choose_stores, day_begins, read_baskets, sums_by_store
from demo.options import Options
from demo.troubles import Plan, plan_troubles, with_new_tender
from demo.visits import Visit, assign_visits

OPENS_BEFORE = timedelta(minutes=30)


@dataclass(frozen=True)
class Prepared:
    """A run on paper. `messages` are all transactions of all tills; those of `lost` visits are never sent."""

    days: tuple[date, ...]
    visits: tuple[Visit, ...]
    messages: tuple[Message, ...]
    plan: Plan
    books: Books

    @cached_property
    def by_visit(self) -> dict[str, Message]:
        """Find a receipt's message by its visit."""
        return {one.visit: one for one in self.messages if one.visit}

    @cached_property
    def lost(self) -> tuple[Message, ...]:
        """The receipts that never arrive."""
        return tuple(self.by_visit[name] for name in self.plan.lost_visits)

    @cached_property
    def late(self) -> tuple[Message, ...]:
        """The receipt that arrives after close."""
        return (self.by_visit[self.plan.late_visit],) if self.plan.late_visit else ()

    @cached_property
    def in_time(self) -> tuple[Message, ...]:
        """What the tills send while the day runs."""
        kept_back = {one.name for one in (*self.lost, *self.late)}
        return tuple(one for one in self.messages if one.name not in kept_back)

    @cached_property
    def storedays(self) -> tuple[tuple[str, str], ...]:
        """Every store and business day that is traded."""
        return tuple(sorted(self.books.storedays))

    @property
    def begins(self) -> datetime:
        """The virtual instant at which the clock starts: half an hour before the first receipt."""
        first = min(one.at for one in self.messages)
        return min(first, day_begins(self.days[0])) - OPENS_BEFORE

    @property
    def ends(self) -> datetime:
        """The end of the last business day: midnight in New York."""
        return day_begins(self.days[-1] + timedelta(days=1))

    def expected(self, storeday: tuple[str, str], without: Iterable[Message]) -> Account:
        """Give what a store-day must come to without some receipts."""
        absent = [one for one in without if (one.store, one.day.isoformat()) == storeday]
        return less(self.books.storedays[storeday], [self.books.receipts[one.visit] for one in absent])


def prepare(options: Options) -> Prepared:
    """Read the data, assign what it does not hold, plan the troubles and write the books.

    Raises:
        DataError: the data is missing or not what it should be, or the books differ from the file's own sums.
    """
    visits: list[Visit] = []
    for day in options.days:
        visits += assign_visits(choose_stores(read_baskets(day), options.stores), day, options.seed)
    if not visits:
        raise DataError("nothing was sold on this day")
    traded = tuple(sorted({one.day for one in visits}))
    plan = Plan() if options.clean else plan_troubles(visits, traded[0], options.seed)
    visits = with_new_tender(visits, plan)
    messages = _messages(traded, visits, options.seed, plan)
    books = write_books(visits, messages, options.seed)
    for day in traded:
        differences = compare_with_file(books, day.isoformat(), sums_by_store(day))
        if differences:
            raise DataError("; ".join(differences))
    return Prepared(traded, tuple(visits), tuple(messages), plan, books)


def _messages(days: Sequence[date], visits: Sequence[Visit], seed: int, plan: Plan) -> list[Message]:
    counters = Counters(seed)
    messages: list[Message] = []
    for day in days:
        own = [one for one in visits if one.day == day]
        overlap = plan.overlap if plan.overlap and plan.overlap.day == day else None
        messages += write_messages(own, seed, counters, overlap)
    return messages

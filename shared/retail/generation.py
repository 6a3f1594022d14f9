"""Which of the tills that have borne a number a receipt is of: a till that was replaced begins its numbers again.

A person declares the replacement: store, till, and the instant from which the numbers are the new till's. Senders that know
nothing of it go on as before; what they send from then on is given the new till's generation, and an id of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime

from shared.retail.mapping import Mappings
from shared.retail.transaction import Transaction

KIND, YES = "till_generations", "yes"
GENERATION_MAX = 99  # a shift's number in D365 has two digits for it


@dataclass(frozen=True, slots=True)
class Replacement:
    """A declared till: the generation that begins at `since`, on that business day."""

    generation: int
    since: datetime
    business_day: date
    is_taken_back: bool = False


def declarations_of(mappings: Mappings, store: str, terminal: str) -> Iterator[Replacement]:
    """Give everything that was ever declared of a till, the oldest first, also what was taken back."""
    for generation in range(2, GENERATION_MAX + 1):
        row = mappings.find(KIND, store, terminal, str(generation))
        if row is None:
            return
        since, day = datetime.fromisoformat(row["since"]), date.fromisoformat(row["business_day"])
        yield Replacement(generation, since, day, row.get("taken_back") == YES)


def replacements_of(mappings: Mappings, store: str, terminal: str) -> Iterator[Replacement]:
    """Give a till's replacements, the oldest first."""
    return (one for one in declarations_of(mappings, store, terminal) if not one.is_taken_back)


def replaced_tills(mappings: Mappings, store: str, day: date, terminals: Iterable[str]) -> list[str]:
    """Give those of some tills that were declared replaced on a business day, whether that was taken back or not."""
    return sorted(
        terminal
        for terminal in set(terminals)
        if any(one.business_day == day for one in declarations_of(mappings, store, terminal))
    )


def began_at(transaction: Transaction) -> datetime:
    """Give the instant that tells whose a transaction is: a shift is its till's that opened it, whoever closes it."""
    record = transaction.shift_record
    return record.opened_at if record is not None else transaction.completed_at


def declared_generation(mappings: Mappings, store: str, terminal: str, at: datetime) -> int:
    """Give the generation that was declared for what a till did at an instant; 1 where nothing was."""
    begun = [one.generation for one in replacements_of(mappings, store, terminal) if one.since <= at]
    return max(begun, default=1)


def is_another_tills(mappings: Mappings, transaction: Transaction) -> int:
    """Give the generation a transaction is to be given; 0 where it is right as sent, or its sender knows of generations."""
    if transaction.generation != 1:
        return 0
    declared = declared_generation(mappings, transaction.store, transaction.terminal, began_at(transaction))
    return declared if declared > 1 else 0


def in_generation(transaction: Transaction, generation: int, transaction_id: str) -> Transaction:
    """Give a transaction as the new till's, under the id that its adapter builds for it."""
    return replace(transaction, generation=generation, transaction_id=transaction_id)


def in_its_drawer(mappings: Mappings, transaction: Transaction) -> Transaction:
    """Give a transaction with the generation of the till whose drawer it used, where that is another's and was replaced."""
    till = transaction.drawer_till
    if till is None or till == transaction.terminal or transaction.drawer_generation is not None:
        return transaction
    declared = declared_generation(mappings, transaction.store, till, began_at(transaction))
    return replace(transaction, drawer_generation=declared) if declared > 1 else transaction

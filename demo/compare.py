"""Compares what the app found with what was planted, and its statements with the books. Only after everything is read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from demo.books import Account
from demo.documents import Message
from demo.picture import PROVED, Picture
from demo.prepare import Prepared

Json = dict[str, Any]
ZERO = Decimal(0)
RECEIPT, NUMBER = "receipt", "number"
SHIFT_NOT_CLOSED = "shift_not_closed"
GROUPS = ("sales", "returns", "discounts", "gift_cards_issued", "rounding")


@dataclass(frozen=True, slots=True)
class Expected:
    """One planted trouble as it must be reported: reason, owner, a word of the remedy, and exactly these receipts.

    members: transaction ids, or "store till number" for what never arrived; None where only D365 knows which.
    at_most: how many causes with this reason may be reported.
    """

    code: str
    owner: str
    remedy: str
    members: frozenset[str] | None
    at_least: int = 1
    at_most: int | None = None


def expected_findings(prepared: Prepared, faults_fired: Sequence[str], *, repaired: bool) -> list[Expected]:
    """List what must be reported, before the repair or after it; a fault of D365 only if it did strike."""
    plan, found = prepared.plan, []
    if plan.tender:
        found.append(
            Expected(
                "tender_unmapped", "finance", "payment method", _names(prepared, plan.tender_visits), 1, 1
            )
        )
    if plan.warehouse_store:
        visits = [one.visit for one in prepared.messages if one.visit and one.store == plan.warehouse_store]
        found.append(
            Expected("warehouse_missing", "retail_systems", "warehouse", _names(prepared, visits), 1, 1)
        )
    if plan.overlap:
        members = _names(prepared, plan.overlap.visits)
        found.append(Expected("shift_overlap", "store_operations", "end shift", members, 1, 1))
    absent = [_number(one) for one in (*prepared.lost, *prepared.late)]
    if absent:
        found.append(Expected("receipts_missing", "store_operations", "lost", frozenset(absent)))
    if prepared.late and repaired:
        late = frozenset(one.name for one in prepared.late)
        found.append(Expected("receipt_late", "finance", "no action", late, 1, 1))
    if "throttle" in faults_fired:
        found.append(Expected("d365_throttled", "it", "nothing to do", None))
    if "silent" in faults_fired:
        found.append(Expected("d365_silent", "it", "check the d365", None))
    if "lose_answer" in faults_fired:
        # A package that D365 took while it was silent has lost its answer too.
        most = None if "silent" in faults_fired else 1
        found.append(Expected("import_answer_lost", "it", "nothing to do", None, 1, most))
    return found


def compare_findings(picture: Picture, expected: Sequence[Expected]) -> list[str]:
    """Hold the causes reported against those expected; give every difference, in words."""
    wrong: list[str] = []
    by_code: dict[str, list[Json]] = {}
    for cause in picture.causes:
        by_code.setdefault(str(cause["code"]), []).append(cause)
    for one in expected:
        wrong += _compare_one(one, by_code.pop(one.code, []))
    silent = any(one.code == "d365_silent" for one in expected)
    for code, causes in sorted(by_code.items()):
        if code == "import_answer_lost" and silent:
            continue
        if code == SHIFT_NOT_CLOSED:
            causes = [one for one in causes if not _began_an_overlap(one, picture)]
        wrong += [
            f"reported but not planted: {code} {one['value']!r}, {one['receipts']} receipts" for one in causes
        ]
    return wrong


def _began_an_overlap(cause: Json, picture: Picture) -> bool:
    """An overlap begins as a shift that is not closed when the next one opens; told then, it ends with the closing."""
    overlaps = {one["value"] for one in picture.causes if one["code"] == "shift_overlap"}
    return cause["state"] == "ended" and cause["value"] in overlaps


def _compare_one(expected: Expected, causes: Sequence[Json]) -> list[str]:
    if len(causes) < expected.at_least:
        return [f"planted but not found: {expected.code}"]
    wrong = []
    if expected.at_most is not None and len(causes) > expected.at_most:
        wrong.append(f"{expected.code}: reported as {len(causes)} causes, planted as {expected.at_most}")
    for cause in causes:
        if cause["owner"] != expected.owner:
            wrong.append(f"{expected.code}: owner {cause['owner']}, should be {expected.owner}")
        if expected.remedy not in cause["do_this"].lower():
            wrong.append(
                f"{expected.code}: the remedy says nothing of “{expected.remedy}”: {cause['do_this']}"
            )
        empty = [part for part in ("what_happened", "why", "holds_up", "do_this") if not cause[part]]
        wrong += [f"{expected.code}: {part} is empty" for part in empty]
    if expected.members is not None:
        found = {
            _member(one) for cause in causes for one in cause["members"] if one["what"] in (RECEIPT, NUMBER)
        }
        wrong += [f"{expected.code}: {name} is not named" for name in sorted(expected.members - found)]
        wrong += [
            f"{expected.code}: {name} is named but was not planted"
            for name in sorted(found - expected.members)
        ]
    return wrong


def compare_statements(picture: Picture, prepared: Prepared, *, repaired: bool) -> list[str]:
    """Hold every statement against the books: its three columns, its causes, and that nothing is unexplained."""
    wrong: list[str] = []
    absent = prepared.lost if repaired else (*prepared.lost, *prepared.late)
    for storeday in prepared.storedays:
        statement = picture.statements.get(storeday)
        name = f"store {storeday[0]} on {storeday[1]}"
        if statement is None:
            wrong.append(f"{name}: no statement")
            continue
        wrong += [f"{name}: {text}" for text in _invariants(statement)]
        whole, arrived = prepared.expected(storeday, ()), prepared.expected(storeday, absent)
        wrong += [f"{name}: {text}" for text in _column(statement, "pos_says", whole)]
        wrong += [f"{name}: {text}" for text in _column(statement, "received", arrived)]
        if repaired:
            wrong += [f"{name}: {text}" for text in _column(statement, "in_d365", arrived)]
            wrong += [f"{name}: {text}" for text in _column(statement, "posted", arrived)]
            if statement["verdict"] != PROVED:
                wrong.append(f"{name}: {statement['verdict']}")
    return wrong


def _invariants(statement: Json) -> Iterable[str]:
    """The causes and what is unexplained make the difference; nothing is unexplained."""
    difference = Decimal(statement["totals"]["difference"])
    causes = sum((Decimal(one["amount"]) for one in statement["causes"]), ZERO)
    unexplained = Decimal(statement["unexplained"])
    if causes + unexplained != difference:
        yield f"causes of {causes} and {unexplained} unexplained do not make the difference of {difference}"
    if unexplained:
        yield f"{unexplained} is unexplained"
    for kind in ("tenders", "taxes", "groups"):
        for one in statement[kind]:
            if Decimal(one.get("unexplained") or 0):
                yield f"{one['unexplained']} of {kind} {one['code']} is unexplained"


def _column(statement: Json, column: str, books: Account) -> Iterable[str]:
    """Compare one column of a statement with the books, figure by figure."""
    if statement["receipts"][column] != books.receipts:
        yield f"{column} counts {statement['receipts'][column]} receipts, the books {books.receipts}"
    if _decimal(statement["totals"][column]) != books.total:
        yield f"{column} is {statement['totals'][column]}, the books hold {books.total}"
    kinds = {
        "tenders": books.tenders,
        "taxes": books.taxes,
        "groups": {name: getattr(books, name) for name in GROUPS},
    }
    for kind, ours in kinds.items():
        theirs = {str(one["code"]): _decimal(one[column]) for one in statement[kind]}
        for code in sorted({*ours, *theirs}):
            if ours.get(code, ZERO) != theirs.get(code, ZERO):
                yield f"{column} of {kind} {code} is {theirs.get(code, ZERO)}, the books hold {ours.get(code, ZERO)}"


def _decimal(value: str | None) -> Decimal | None:
    return None if value is None else Decimal(value)


def _names(prepared: Prepared, visits: Iterable[str]) -> frozenset[str]:
    return frozenset(prepared.by_visit[visit].name for visit in visits)


def _number(message: Message) -> str:
    return f"store {message.store} till {message.terminal} number {message.sequence}"


def _member(member: Json) -> str:
    if member["what"] == NUMBER:
        return f"store {member['store']} till {member['terminal']} number {member['sequence_number']}"
    return str(member["transaction_id"])

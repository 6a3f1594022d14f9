"""Statements and store-day summaries as rows: the statement as compressed JSON, its figures as plain columns."""

from __future__ import annotations

import json
import zlib
from collections.abc import AsyncIterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from shared.retail.figures import GROUPS, Figures
from shared.retail.money import ZERO, money_text, total
from shared.retail.shift import Shift
from shared.retail.shift_words import finding_json
from shared.retail.statement import ProofCause, Statement
from shared.retail.status import Status
from shared.retail.storeday import StoreDay, by_hand, income_expense
from shared.retail.supplement import Signed
from shared.storage.counts import counts_json
from shared.storage.keys import join_key
from shared.storage.protocols import Row, Table, Value

PART_BYTES = 60_000
CAUSES_SHOWN_MAX = 100  # in the summary row; the statement has them all


def statement_key(store: str, day: date) -> str:
    return join_key("statement", store, day.isoformat())


def statement_json(
    statement: Statement, d365_statements: list[dict[str, str]], in_d365: str
) -> dict[str, Any]:
    """Write a statement as the API gives it. The same statement gives the same text; no instant of compiling is in it."""
    day = statement.day
    return {
        "store": day.store,
        "legal_entity": day.legal_entity,
        "business_day": day.business_day.isoformat(),
        "currency": day.currency,
        "verdict": statement.verdict,
        "source": {"pos_says": statement.said_by, "in_d365": in_d365},
        "receipts": _counts(statement),
        "totals": _columns(statement, lambda figures: figures.total),
        "tenders": _by_code(statement, "tenders"),
        "taxes": _by_code(statement, "taxes"),
        "groups": [{"code": name, **_columns(statement, _group(name))} for name in GROUPS],
        "causes": [_cause_json(one, day.currency) for one in statement.causes],
        "unexplained": money_text(statement.unexplained.total, day.currency),
        "unexplained_detail": _nonzero(statement.unexplained, day.currency),
        "shifts": [
            _shift_json(shift) for shift in sorted(day.shifts, key=lambda one: (one.terminal, one.opened_at))
        ],
        "shift_findings": [finding_json(one) for one in day.shift_findings],
        "late": list(statement.late),
        **_beside_json(statement),
        "d365_statements": d365_statements,
        "signed": [_signed_json(one) for one in day.signed],
        "supplement": _supplement_json(statement),
    }


def _beside_json(statement: Statement) -> dict[str, Any]:
    """Write what the statement lists beside its proof: cash by hand, roundings, returns, gift cards, in and out, counts."""
    day = statement.day
    return {
        "by_hand": [
            {
                "kind": str(one.kind),
                "terminal": one.terminal,
                "count": one.count,
                "amount": money_text(one.amount, day.currency),
            }
            for one in by_hand(day)
        ],
        "rounding": [
            {
                "mechanism": one.mechanism,
                "count": one.count,
                "amount": money_text(one.amount, day.currency),
                "bound": money_text(one.bound, day.currency),
            }
            for one in statement.rounding
        ],
        "returns": _returns_json(day),
        "gift_cards": {
            "issued": _columns(statement, _group("gift_cards_issued"), ("received", "in_d365", "posted")),
            "redeemed": _columns(statement, _group("gift_cards_redeemed"), ("received", "in_d365", "posted")),
        },
        "income_expense": [
            {
                "kind": one.kind,
                "reason": one.reason,
                "count": one.count,
                "received": money_text(one.received, day.currency),
                "in_d365": money_text(one.in_d365, day.currency),
                "posted": money_text(one.posted, day.currency),
            }
            for one in income_expense(day)
        ],
        "counts": counts_json(statement),
    }


def _signed_json(signed: Signed) -> dict[str, Any]:
    return {
        "number": signed.number, "what": signed.name, "by": signed.by, "role": signed.role, "reason": signed.reason,
        "at": signed.at, "revision": signed.revision, "verdict": signed.verdict, "sha256": signed.sha256,
    }  # fmt: skip


def _supplement_json(statement: Statement) -> dict[str, Any] | None:
    """Write what changed since the last signature; amounts are changes, not totals."""
    supplement, currency = statement.supplement, statement.day.currency
    if supplement is None:
        return None
    return {
        "number": supplement.number,
        "since": {"number": supplement.since.number, "sha256": supplement.since.sha256},
        "business_day": statement.day.business_day.isoformat(),
        "receipts": list(supplement.receipts),
        "moves": [{"was": was, "is": status, "receipts": count} for was, status, count in supplement.moves],
        "changes": {
            name: {"receipts": one.count, **_nonzero(one, currency)}
            for name, one in supplement.columns.items()
        },
    }


def _returns_json(day: StoreDay) -> dict[str, Any]:
    """List what came back without a receipt, for each cashier, and refunds by another tender than the sale's."""
    till = [one for one in day.receipts if one.is_of_the_till and one.status is not Status.EXCLUDED]
    own = [one for one in till if one.currency in ("", day.currency)]
    cashiers: dict[str, list[Decimal]] = {}
    for one in own:
        if one.without_receipt is not None:
            cashiers.setdefault(one.operator, []).append(one.without_receipt)
    other = sorted((one.label, one.other_tender) for one in own if one.other_tender is not None)
    return {
        "without_receipt": [
            {"cashier": cashier, "count": len(some), "amount": money_text(total(some), day.currency)}
            for cashier, some in sorted(cashiers.items())
        ],
        "by_another_tender": [
            {"receipt": label, "amount": money_text(amount, day.currency)} for label, amount in other
        ],
    }


def _counts(statement: Statement) -> dict[str, int | None]:
    return {
        "pos_says": statement.pos_says.count if statement.pos_says is not None else None,
        "received": statement.received.count,
        "in_d365": statement.in_d365.count,
        "posted": statement.posted.count,
    }


def _columns(statement: Statement, pick: Any, only: tuple[str, ...] = ()) -> dict[str, str | None]:
    """Write one figure of every column, or of some."""
    currency = statement.day.currency
    whole = {
        "pos_says": money_text(pick(statement.pos_says), currency)
        if statement.pos_says is not None
        else None,
        "received": money_text(pick(statement.received), currency),
        "in_d365": money_text(pick(statement.in_d365), currency),
        "posted": money_text(pick(statement.posted), currency),
        "difference": money_text(pick(statement.difference), currency),
        "unexplained": money_text(pick(statement.unexplained), currency),
    }
    return {name: whole[name] for name in only} if only else whole


def _group(name: str) -> Any:
    def pick(figures: Figures) -> Decimal:
        amount: Decimal = getattr(figures, name)
        return amount

    return pick


def _by_code(statement: Statement, name: str) -> list[dict[str, str | None]]:
    columns = (statement.pos_says or Figures(), statement.received, statement.in_d365, statement.posted)
    codes = sorted({code for figures in columns for code in getattr(figures, name)})

    def picker(code: str) -> Any:
        return lambda figures: getattr(figures, name).get(code, ZERO)

    return [{"code": code, **_columns(statement, picker(code))} for code in codes]


def _cause_json(cause: ProofCause, currency: str) -> dict[str, Any]:
    decided = cause.decided
    return {
        "code": cause.code,
        "value": cause.value,
        "fingerprint": cause.fingerprint,
        "amount": money_text(cause.figures.total, currency),
        "count": cause.figures.count,
        "tenders": {code: money_text(one, currency) for code, one in sorted(cause.figures.tenders.items()) if one},
        "receipts": list(cause.receipts),
        "owner": cause.owner,
        "do_this": cause.do_this,
        "decided": None
        if decided is None
        else {
            "decision": decided.decision, "by": decided.by, "role": decided.role, "reason": decided.reason, "at": decided.at,
        },
    }  # fmt: skip


def _nonzero(figures: Figures, currency: str) -> dict[str, str]:
    amounts = {name: getattr(figures, name) for name in ("total", *GROUPS)}
    amounts |= {f"tax {code}": one for code, one in figures.taxes.items()}
    amounts |= {f"tender {code}": one for code, one in figures.tenders.items()}
    return {name: money_text(one, currency) for name, one in sorted(amounts.items()) if one}


def _shift_json(shift: Shift) -> dict[str, Any]:
    return {
        "terminal": shift.terminal,
        "shift": shift.shift,
        "opened_at": shift.opened_at.isoformat(),
        "closed_at": shift.closed_at.isoformat() if shift.closed_at else None,
        "ended_by": shift.ended_by or None,
        "made_by_us": shift.synthetic,
        "counted": [
            {"tender": tender, "currency": currency, "amount": amount}
            for tender, currency, amount in shift.counted
        ],
    }


def statement_row(store: str, day: date, text: str, at: datetime, old: Row | None) -> Row:
    """Build the row that keeps a statement: the next revision, remembering when the first was compiled.

    SignedBy stands on it where all of it is signed.
    """
    packed = zlib.compress(text.encode(), 6)
    parts = {
        f"Statement{number}": packed[start : start + PART_BYTES]
        for number, start in enumerate(range(0, len(packed), PART_BYTES))
    }
    values: dict[str, Value] = {
        "Record": "statement",
        "Revision": old.number("Revision") + 1 if old is not None else 1,
        "CompiledAt": at,
        "FirstCompiledAt": old.instant("FirstCompiledAt") if old is not None else at,
        **_signed_to_the_end(json.loads(text)),
        **parts,
    }
    return Row(partition=store, key=statement_key(store, day), values=values)


def _signed_to_the_end(body: Mapping[str, Any]) -> dict[str, Value]:
    """Say who signed last, where nothing came or changed since."""
    if not body["signed"] or body["supplement"] is not None:
        return {}
    last = body["signed"][-1]
    return {"SignedBy": last["by"], "SignedAt": last["at"]}


def statement_text(row: Row) -> str:
    """Give back the statement's JSON text."""
    names = sorted(
        (name for name in row.values if name.startswith("Statement")), key=lambda name: int(name[9:])
    )
    return zlib.decompress(b"".join(row.data(name) for name in names)).decode()


def storeday_row(body: Mapping[str, Any], at: datetime) -> Row:
    """Build the summary row of a store-day: plain columns that read well in the portal."""
    totals, counts = body["totals"], body["receipts"]
    values: dict[str, Value] = {
        "Store": body["store"],
        "BusinessDay": body["business_day"],
        "Verdict": body["verdict"],
        "Currency": body["currency"],
        "PosSays": totals["pos_says"] or "not stated",
        "Received": totals["received"],
        "InD365": totals["in_d365"],
        "Posted": totals["posted"],
        "Difference": totals["difference"],
        "Unexplained": body["unexplained"],
        "Receipts": counts["received"],
        "ReceiptsPosted": counts["posted"],
        "Causes": json.dumps(
            [{"code": one["code"], "amount": one["amount"]} for one in body["causes"][:CAUSES_SHOWN_MAX]]
        ),
        "CompiledAt": at,
        "SignedBy": body["signed"][-1]["by"] if body["signed"] else "",
        "SignedAt": body["signed"][-1]["at"] if body["signed"] else "",
        "Supplement": body["supplement"]["number"] if body["supplement"] else 0,
    }
    partition = join_key(body["legal_entity"], body["business_day"])
    return Row(
        partition=partition,
        key=join_key(body["legal_entity"], body["business_day"], body["store"]),
        values=values,
    )


def storedays_of(table: Table, legal_entity: str, day: date) -> AsyncIterator[Row]:
    """Read the summaries of a legal entity's business day."""
    return table.query(join_key(legal_entity, day.isoformat()))

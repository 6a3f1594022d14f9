"""Statements as sheets: CSV that no spreadsheet runs as a formula, and a page to print."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from shared.retail.csv_text import csv_text
from shared.retail.stretches import stretches
from shared.web.pages import at_words, page, table

_NUMBER = re.compile(r"(till .+) number (\d+)")
STRETCHES_MAX = 12
COLUMNS = ("pos_says", "received", "in_d365", "posted", "difference", "unexplained")
HEADS = ("POS says", "Received", "In D365", "Posted", "Difference", "Unexplained")
GROUPS = {
    "sales": "Sales without tax", "returns": "Returns without tax", "discounts": "Discounts given (in sales)",
    "gift_cards_issued": "Gift cards sold", "rounding": "Cash rounding",
}  # fmt: skip
Json = Mapping[str, Any]


def statement_csv(body: Json) -> str:
    """Write a statement: a row for each figure, then for each cause, count, and movement by hand."""
    keys = (body["store"], body["business_day"], body["currency"])
    rows: list[list[object]] = [
        [*keys, what, code, *(figures[name] for name in COLUMNS), "", ""]
        for what, code, figures in _figures(body)
    ]
    rows += [
        [*keys, "cause", one["code"], "", "", "", "", one["amount"], "", one["owner"], one["do_this"]]
        for one in body["causes"]
    ]
    for one in body["counts"]["lines"]:
        name = f"till {one['terminal']} shift {one['shift']} {one['tender']}"
        rows.append(
            [*keys, "counted", name, one["expected"], one["counted"], "", "", one["difference"], "", "", one["verdict"]]
        )  # fmt: skip
    for one in body["by_hand"]:
        name = f"{one['kind']} till {one['terminal']}"
        rows.append([*keys, "by hand", name, "", one["amount"], "", "", "", "", "", ""])
    head = ("store", "business_day", "currency", "what", "code", *COLUMNS, "owner", "note")
    return csv_text(head, rows)


def _figures(body: Json) -> Iterable[tuple[str, str, Json]]:
    yield "total", "", body["totals"]
    for what, name in (("tender", "tenders"), ("tax", "taxes"), ("group", "groups")):
        for one in body[name]:
            yield what, one["code"], one


def storedays_csv(storedays: Sequence[Json]) -> str:
    """Write the summary of a legal entity's day, a row a store."""
    names = (
        "store", "business_day", "verdict", "currency", "pos_says", "received", "in_d365", "posted", "difference",
        "unexplained", "receipts", "receipts_posted", "signed_by", "signed_at", "open_supplement", "compiled_at",
    )  # fmt: skip
    return csv_text(names, ([one.get(name) for name in names] for one in storedays))


def statement_page(body: Json) -> str:
    """Give a store-day's statement with its proof as a page to print and sign."""
    stated = body["source"]["pos_says"]
    words = (
        f"{body['legal_entity']}, {body['currency']}. POS says: {stated}. In D365: {body['source']['in_d365']}. "
        f"Revision {body.get('revision', '-')}, compiled {at_words(body.get('compiled_at'))}. Times are UTC."
    )
    return page(
        f"Store {body['store']}, {body['business_day']}: {body['verdict']}",
        f"<p class={body['verdict'].replace(' ', '-')}>{escape(words)}</p>",
        _proof(body), _causes(body), _vouchers(body), _counted(body), _found(body), _beside(body), _signatures(body),
    )  # fmt: skip


def _vouchers(body: Json) -> str:
    """Say what the vouchers come to, account by account where they were read."""
    found = body.get("vouchers") or {}
    if not found.get("said"):
        return ""
    rows = [
        [
            one["account"],
            ", ".join(one["what"]).replace("_", " "),
            one["expected"],
            one["found"],
            one["statement"],
        ]
        for one in found.get("accounts", [])
    ]
    head = ("Account", "Of", "By the statement", "In the ledger", "D365 statement")
    said = found["said"][:1].upper() + found["said"][1:]
    listed = table(head, rows, (2, 3)) if rows else ""
    return f"<h2>Vouchers</h2><p>{escape(said)}{'' if said.endswith('.') else '.'}</p>{listed}"


def _found(body: Json) -> str:
    """Show what is wrong with shifts, what rounding came to, and what came back without a receipt or by another tender."""
    parts = []
    shifts = [
        [one["terminal"], one["shift"], _flaw(one), at_words(one["since"]), "" if one["amount"] == "0" else one["amount"],
         _proposal(one)]
        for one in body.get("shift_findings", [])
    ]  # fmt: skip
    if shifts:
        head = ("Till", "Shift", "What is wrong", "Since", "Amount", "What to do, and why")
        parts.append("<h2>Shifts to look at</h2>" + table(head, shifts, (4,)))
    rounded = [
        [one["mechanism"], one["count"], one["amount"], one["bound"]] for one in body.get("rounding", [])
    ]
    if rounded:
        head4 = ("Rounding, proved", "Receipts", "Amount", "At most")
        parts.append("<h2>Rounding</h2>" + table(head4, rounded, (1, 2, 3)))
    returns = body.get("returns") or {}
    back = [
        [f"without a receipt, cashier {one['cashier'] or '-'}", one["count"], one["amount"]]
        for one in returns.get("without_receipt", [])
    ]
    back += [
        [f"by another tender: {one['receipt']}", 1, one["amount"]]
        for one in returns.get("by_another_tender", [])
    ]
    if back:
        parts.append("<h2>Returns to look at</h2>" + table(("What", "Count", "Amount"), back, (1, 2)))
    return "".join(parts)


def _proof(body: Json) -> str:
    rows = []
    for what, code, figures in _figures(body):
        name = {"total": "Total paid", "tender": f"Tender {code}", "tax": f"Tax {code}"}.get(
            what, GROUPS.get(code, code)
        )
        rows.append([name, *("not stated" if figures[one] is None else figures[one] for one in COLUMNS)])
    counts = body["receipts"]
    rows.insert(0, ["Receipts", *(counts.get(one, "") for one in COLUMNS)])
    return table(("", *HEADS), rows, range(1, 7))


def _causes(body: Json) -> str:
    if not body["causes"]:
        return "<h2>Causes</h2><p>None.</p>"
    rows = []
    for one in body["causes"]:
        decided = one["decided"]
        by = f"{decided['decision']} by {decided['by']}: {decided['reason']}" if decided else ""
        receipts = _receipts(one["receipts"])
        words = f"{one['code'].replace('_', ' ')} {one['value']}".strip()
        rows.append([words, one["amount"], receipts, one["owner"].replace("_", " "), by or one["do_this"]])
    rows.append(["Unexplained", body["unexplained"], "", "", ""])
    return f"<h2>Causes</h2>{table(('Cause', 'Amount', 'Receipts', 'Owner', 'What to do, or what was decided'), rows, (1,))}"


def _flaw(finding: Json) -> str:
    others = ", ".join(finding.get("others", []))
    return f"{finding['flaw'].replace('_', ' ')}{f' with {others}' if others else ''}"


def _proposal(finding: Json) -> str:
    proposal = finding["proposal"]
    act, at = proposal.get("act", ""), proposal.get("at")
    begin = f"{act[:1].upper()}{act[1:]}{f' at {at_words(at)}' if at else ''}: " if act else ""
    return f"{begin}{proposal['because']}."


def _receipts(names: Sequence[str]) -> str:
    """List receipts, at most twelve; missing numbers by till, as stretches."""
    numbers: dict[str, list[int]] = {}
    for name in names:
        found = _NUMBER.fullmatch(name)
        if found is None:
            return ", ".join(names[:12]) + (" …" if len(names) > 12 else "")
        numbers.setdefault(found[1], []).append(int(found[2]))
    return "; ".join(f"{till}: {stretches(some, STRETCHES_MAX)}" for till, some in numbers.items())


def _counted(body: Json) -> str:
    lines = body["counts"]["lines"]
    if not lines:
        return "<h2>Counted</h2><p>Nothing was counted.</p>"
    rows = [
        [one["terminal"], one["shift"], one["tender"], one["expected"], one["counted"], one["difference"], one["verdict"]]
        for one in lines
    ]  # fmt: skip
    head = ("Till", "Shift", "Tender", "Expected", "Counted", "Over / short", "D365's limit")
    return f"<h2>Counted</h2>{table(head, rows, (3, 4, 5))}"


def _beside(body: Json) -> str:
    parts = []
    shifts = [
        [one["terminal"], one["shift"], at_words(one["opened_at"]),
         at_words(one["closed_at"]) if one["closed_at"] else "not closed", one["ended_by"] or ""]
        for one in body["shifts"]
    ]  # fmt: skip
    if shifts:
        parts.append(
            "<h2>Shifts</h2>" + table(("Till", "Shift", "Opened", "Closed", "Ended by a person"), shifts)
        )
    money = [
        [one["kind"].replace("_", " ").lower(), one["reason"], one["count"], one["received"], one["posted"]]
        for one in body["income_expense"]
    ]
    if money:
        head = ("Money in and out", "Reason", "Count", "Received", "Posted")
        parts.append("<h2>Income and expense</h2>" + table(head, money, (2, 3, 4)))
    cards = body["gift_cards"]
    if any((cards[kind]["received"] or "").strip("0.-") for kind in cards):
        rows = [
            [kind, *(cards[kind][one] for one in ("received", "in_d365", "posted"))]
            for kind in ("issued", "redeemed")
        ]
        columns = ("Gift cards (liability)", "Received", "In D365", "Posted")
        parts.append("<h2>Gift cards</h2>" + table(columns, rows, (1, 2, 3)))
    hand = [
        [one["kind"].replace("_", " ").lower(), one["terminal"], one["count"], one["amount"]]
        for one in body["by_hand"]
    ]
    if hand:
        parts.append(
            "<h2>To enter in D365 by hand</h2>" + table(("What", "Till", "Count", "Amount"), hand, (2, 3))
        )
    return "".join(parts)


def _signatures(body: Json) -> str:
    rows = [
        [one["what"], one["verdict"], one["by"], at_words(one["at"]), one["reason"], one["sha256"]]
        for one in body["signed"]
    ]
    parts = [
        table(("Signed", "Verdict", "By", "At", "Why", "SHA-256 of what was signed"), rows)
        if rows
        else "<p>Not signed off. Signature: ______________________</p>"
    ]
    supplement = body["supplement"]
    if supplement is not None:
        changes = "; ".join(
            f"{name.replace('_', ' ')} {one.get('total', '0.00')} ({one['receipts']} receipts)"
            for name, one in supplement["changes"].items()
        )
        came = ", ".join(supplement["receipts"]) or "none"
        words = (
            f"Supplement {supplement['number']}, not signed: receipts that came {came}; changes: {changes}."
        )
        parts.append(f"<p>{escape(words)}</p>")
    return "<h2>Signed off</h2>" + "".join(parts)

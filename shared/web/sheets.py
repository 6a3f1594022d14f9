"""Statements as sheets: CSV that no spreadsheet runs as a formula, and a page to print."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

FORMULA_STARTS = (
    "=",
    "+",
    "-",
    "@",
    "\t",
    "\r",
    "\n",
    "\uff1d",
    "\uff0b",
    "\uff0d",
    "\uff20",
)  # the last four: wide ones
COLUMNS = ("pos_says", "received", "in_d365", "posted", "difference", "unexplained")
HEADS = ("POS says", "Received", "In D365", "Posted", "Difference", "Unexplained")
GROUPS = {
    "sales": "Sales without tax", "returns": "Returns without tax", "discounts": "Discounts given (in sales)",
    "gift_cards_issued": "Gift cards sold", "rounding": "Cash rounding",
}  # fmt: skip
Json = Mapping[str, Any]


def csv_text(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Write rows as CSV. A text that a spreadsheet would run gets an apostrophe; a number, negative too, stays one."""
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\r\n")
    writer.writerow(head)
    for row in rows:
        writer.writerow([_safe(value) for value in row])
    return written.getvalue()


def _safe(value: object) -> str:
    text = "" if value is None else str(value)
    is_number = text.removeprefix("-").replace(".", "", 1).isdecimal() and text.isascii()
    runs = text.startswith(FORMULA_STARTS) or text.lstrip().startswith(FORMULA_STARTS)
    return f"'{text}" if runs and not is_number else text


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


def page(title: str, *parts: str) -> str:
    """Give a whole page that prints well and asks nothing of any other server."""
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<style>{_STYLE}</style></head><body><h1>{escape(title)}</h1>{''.join(parts)}</body></html>"
    )


def table(head: Sequence[str], rows: Iterable[Sequence[object]], numbers: Iterable[int] = ()) -> str:
    """Give a table; the columns in `numbers` are set to the right."""
    right = set(numbers)

    def cells(tag: str, values: Sequence[object]) -> str:
        return "".join(
            f"<{tag}{' class=n' if at in right else ''}>{escape('' if value is None else str(value))}</{tag}>"
            for at, value in enumerate(values)
        )

    body = "".join(f"<tr>{cells('td', row)}</tr>" for row in rows)
    return f"<table><thead><tr>{cells('th', head)}</tr></thead><tbody>{body}</tbody></table>"


def statement_page(body: Json) -> str:
    """Give a store-day's statement with its proof as a page to print and sign."""
    stated = body["source"]["pos_says"]
    words = (
        f"{body['legal_entity']}, {body['currency']}. POS says: {stated}. In D365: {body['source']['in_d365']}. "
        f"Revision {body.get('revision', '-')}, compiled {body.get('compiled_at', '-')}."
    )
    return page(
        f"Store {body['store']}, {body['business_day']}: {body['verdict']}",
        f"<p class={body['verdict'].replace(' ', '-')}>{escape(words)}</p>",
        _vouchers(body), _proof(body), _causes(body), _counted(body), _found(body), _beside(body), _signatures(body),
    )  # fmt: skip


def _vouchers(body: Json) -> str:
    said = (body.get("vouchers") or {}).get("said", "")
    return f"<p>{escape(said)}</p>" if said else ""


def _found(body: Json) -> str:
    """Show what is wrong with shifts, what rounding came to, and what came back without a receipt or by another tender."""
    parts = []
    shifts = [
        [one["terminal"], one["shift"], one["flaw"].replace("_", " "), one["since"], one["amount"], one["proposal"]["because"]]
        for one in body.get("shift_findings", [])
    ]  # fmt: skip
    if shifts:
        head = ("Till", "Shift", "What is wrong", "Since", "Amount", "Why, and what to do")
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
        receipts = ", ".join(one["receipts"][:12]) + (" …" if len(one["receipts"]) > 12 else "")
        words = f"{one['code'].replace('_', ' ')} {one['value']}".strip()
        rows.append([words, one["amount"], receipts, one["owner"].replace("_", " "), by or one["do_this"]])
    rows.append(["Unexplained", body["unexplained"], "", "", ""])
    return f"<h2>Causes</h2>{table(('Cause', 'Amount', 'Receipts', 'Owner', 'What to do, or what was decided'), rows, (1,))}"


def _counted(body: Json) -> str:
    lines = body["counts"]["lines"]
    if not lines:
        return "<h2>Counted</h2><p>Nothing was counted.</p>"
    rows = [
        [one["terminal"], one["shift"], one["tender"], one["expected"], one["counted"], one["difference"], one["verdict"]]
        for one in lines
    ]  # fmt: skip
    head = ("Till", "Shift", "Tender", "Expected", "Counted", "Over / short", "")
    return f"<h2>Counted</h2>{table(head, rows, (3, 4, 5))}"


def _beside(body: Json) -> str:
    parts = []
    shifts = [
        [one["terminal"], one["shift"], one["opened_at"], one["closed_at"] or "not closed", one["ended_by"] or ""]
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
        [one["what"], one["verdict"], one["by"], one["at"], one["reason"], one["sha256"]]
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


_STYLE = (
    "body{font:13px/1.4 system-ui,sans-serif;margin:2em;color:#111}h1{font-size:20px}h2{font-size:15px;margin-top:1.6em}"
    "table{border-collapse:collapse;width:100%}th,td{border-bottom:1px solid #ccc;padding:3px 8px;text-align:left;"
    "vertical-align:top;overflow-wrap:anywhere}.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}"
    "th{background:#f4f4f4}.proved{border-left:6px solid #1a7f37;padding-left:8px}"
    ".not-proved{border-left:6px solid #cf222e;padding-left:8px}"
    ".completeness-not-proven{border-left:6px solid #9a6700;padding-left:8px}"
    "@media print{body{margin:0}thead{display:table-header-group}tr{break-inside:avoid}}"
)


def trail_page(body: Json) -> str:
    """Give the trail of a receipt (of each, where several tills printed its number) as one page."""
    return page(
        f"Receipt {body['receipts'][0]['receipt']}, store {body['receipts'][0]['store']}, {body['receipts'][0]['business_day']}",
        *(_trail(one) for one in body["receipts"]),
    )


def _trail(one: Json) -> str:
    document, d365, package, mapping = (
        one["document"],
        one["d365"],
        one["package"] or {},
        one["mapping"] or {},
    )
    altered = ", ".join(one["altered"])
    verdict = f"ALTERED since: {altered}" if altered else "Every hash checked: nothing was altered."
    second = " (a second version, which does not count)" if one["is_second_version"] else ""
    steps: list[tuple[str, object, object]] = [
        ("Rung up", document["completed_at"], f"till {one['terminal']}, {one['total']} {one['currency']}"),
        (
            "Arrived",
            document["received_at"],
            f"{document['adapter']}, {document['bytes']} bytes, SHA-256 {document['sha256']}",
        ),
        ("Mapped", f"version {mapping['version']}" if mapping else "not yet", mapping.get("reason", "")),
        (
            "Sent",
            package.get("package", "not yet"),
            f"{package.get('final_status') or ''} {package.get('sha256') or ''}",
        ),
        (
            "In D365",
            d365["number"] or "not yet",
            f"{d365['legal_entity'] or ''} register {d365['register'] or ''}",
        ),
        ("D365 statement", d365["statement"] or "not yet", ""),
        ("Sales order", d365["sales_order"] or "-", ""),
        ("Invoice", d365["invoice"] or "-", ""),
        ("Credit note", d365["credit_note"] or "-", ""),
    ]
    steps += [("Rests on", "", line) for line in d365["evidence"]]
    steps += [(name.replace("_", " ").capitalize(), other, "") for name, other in one["corrections"].items()]
    steps += [
        (f"Signed: {each['what']}", each["at"], f"by {each['by']}, then {each['status_then']}")
        for each in one["signed"]
    ]
    held = [
        [each["reason"].replace("_", " "), each["value"], each["owner"], each["state"]]
        for each in one["causes"]
    ]
    return (
        f"<h2>{escape(one['account'])} {escape(one['transaction_id'])}: {escape(one['status'])}{escape(second)}</h2>"
        f"<p class={'not-proved' if altered else 'proved'}>{escape(verdict)}</p>"
        + table(("Step", "When or which", ""), steps)
        + (table(("What held it", "", "Owner", "State"), held) if held else "")
        + table(("History",), [[line] for line in one["history"]])
    )

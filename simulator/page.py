"""One page for people: what headquarters has, what it posted, what stands in its way. No script: reload it to see more."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from html import escape

Row = Mapping[str, object]
_STYLE = """
:root{color-scheme:light dark;--ink:#1b1f24;--soft:#5b6470;--line:#dfe3e8;--ground:#f6f7f9;--card:#fff;--bad:#a4161a;
--good:#1a7f4b}
@media(prefers-color-scheme:dark){:root{--ink:#e6e9ee;--soft:#9aa4b2;--line:#343b45;--ground:#14181d;--card:#1c2128;
--bad:#ff7b72;--good:#56d364}}
body{font:15px/1.5 system-ui,sans-serif;margin:0;background:var(--ground);color:var(--ink)}
main{max-width:82rem;margin:0 auto;padding:1.5rem 1rem 4rem}h1{font-size:1.5rem;margin:0}h2{font-size:1.05rem;margin:0 0 .5rem}
.soft{color:var(--soft)}.bad{color:var(--bad);font-weight:600}.good{color:var(--good);font-weight:600}
a{color:inherit}nav a{margin-right:1rem}.tiles{display:flex;flex-wrap:wrap;gap:.75rem;margin:1rem 0}
.tile{background:var(--card);border:1px solid var(--line);border-radius:.5rem;padding:.5rem 1rem;min-width:8rem}
.tile b{display:block;font-size:1.4rem;font-variant-numeric:tabular-nums}
section{background:var(--card);border:1px solid var(--line);border-radius:.5rem;padding:1rem;margin:1rem 0;overflow-x:auto}
table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.25rem .75rem .25rem 0;vertical-align:top;
border-bottom:1px solid var(--line);font-variant-numeric:tabular-nums}th{color:var(--soft);font-weight:500;white-space:nowrap}
td.n,th.n{text-align:right}td:first-child{white-space:nowrap}table+table{margin-top:1.25rem}
tr:last-child td{border-bottom:0}details summary{cursor:pointer}
.steps{display:flex;gap:2px}.steps i{width:.6rem;height:.9rem;background:var(--line);border-radius:1px}
.steps i.on{background:var(--good)}.steps i.off{background:var(--bad)}ol{margin:.25rem 0;padding-left:1.4rem}
"""
_SECTIONS = (
    ("day", "Store days"), ("statements", "Statements"), ("shifts", "Shifts"), ("errors", "Validation errors"),
    ("ledger", "Ledger"), ("stock", "Stock on hand"), ("invoices", "Invoices"), ("imports", "Imports"), ("faults", "On order"),
)  # fmt: skip
_ROWS_MAX = 200


def page(state: Row, totals: Sequence[Row]) -> str:
    """Write the page from `/_sim/state` and `/_sim/totals`."""
    nav = "".join(f'<a href="#{name}">{escape(title)}</a>' for name, title in _SECTIONS)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Headquarters (simulated)</title>'
        '<meta name="viewport" content="width=device-width">'
        f"<style>{_STYLE}</style></head><body><main><h1>Headquarters (simulated)</h1>"
        f'<p class="soft">This is not Dynamics 365. Its clock says {escape(str(state["now"]))}.'
        ' The same as JSON: <a href="/_sim/state">/_sim/state</a>.</p>'
        f"<nav>{nav}</nav>{_warning(state)}{_tiles(state)}{_bodies(state, totals)}</main></body></html>"
    )


def _warning(state: Row) -> str:
    dangers, doubles = state["double_posting_dangers"], len(_rows(state["double_postings"]))
    if not dangers and not doubles:
        return ""
    return f'<p class="bad">Posted receipts sent again: {escape(str(dangers))}. Posted twice: {doubles}.</p>'


def _tiles(state: Row) -> str:
    statements, shifts = _rows(state["statements"]), _rows(state["shifts"])
    waiting = [one for one in statements if one["state"] != "Posted"]
    figures = (
        ("receipts", _part(state["transactions"], "total"), ""),
        ("validation errors", len(_rows(state["validation_errors"])), "bad"),
        ("statements posted", len(statements) - len(waiting), ""), ("statements that stopped", len(waiting), "bad"),
        ("shifts not closed", sum(one["Status"] != "Closed" for one in shifts), ""),
        ("invoices", len(_rows(state["invoices"])), ""),
    )  # fmt: skip
    return '<div class="tiles">' + "".join(_tile(*one) for one in figures) + "</div>"


def _tile(name: str, figure: object, kind: str) -> str:
    css = f' class="{kind}"' if kind and figure else ""
    return (
        f'<div class="tile"><b{css}>{escape(str(figure))}</b><span class="soft">{escape(name)}</span></div>'
    )


def _bodies(state: Row, totals: Sequence[Row]) -> str:
    days = _table(_rows(state["receipts_by_day"]), "StoreNumber businessDate receipts by_state")
    faults = _rows(state["faults"]) + [
        {"kind": "statement", **one} for one in _rows(state["statement_faults"])
    ]
    rules = _text(state["disabled_rules"]) or "none"
    bodies = {
        "day": days + (_table(totals, _TOTALS) if totals else ""),
        "statements": _statements(_rows(state["statements"])),
        "shifts": _table(_rows(state["shifts"]), _SHIFTS),
        "errors": _table(_rows(state["validation_errors"]), "TransactionNumber rule line message"),
        "ledger": _table(_rows(state["ledger_by_account"]), "dataAreaId account balance currency"),
        "stock": _table(
            _rows(state["on_hand"]), "dataAreaId WarehouseId ItemNumber OnHandQuantity MovedQuantity"
        ),
        "invoices": _table(_rows(state["invoices"]), _INVOICES),
        "imports": _table(
            _rows(state["executions"]), "executionId company status submitted_at entities errors"
        ),
        "faults": _table(faults, "kind state text times left fired")
        + _declared(_rows(state["declarations"]))
        + f'<p class="soft">Validation rules switched off: {escape(rules)}.</p>',
    }
    return "".join(
        f'<section id="{name}"><h2>{escape(title)}</h2>{bodies[name]}</section>' for name, title in _SECTIONS
    )


def _declared(rows: Sequence[Row]) -> str:
    return _table(rows, "StoreNumber Terminal BatchShiftId TenderType Amount") if rows else ""


_TOTALS = "dataAreaId StoreNumber businessDate transactions sales returns tax payments discounts rounding charges differences"
_SHIFTS = "StoreNumber Terminal BatchShiftId Status StartDateTimeUtc CloseDateTimeUtc StatementId Error"
_INVOICES = "InvoiceNumber SalesOrderNumber InvoiceCustomerAccountNumber TotalInvoiceAmount TotalTaxAmount"
_NUMBERS = (
    "transactions sales returns discounts rounding charges differences balance OnHandQuantity MovedQuantity errors left fired"
    " TotalInvoiceAmount TotalTaxAmount receipts Amount times transaction counted difference banked safe added removed"
)


def _statements(rows: Sequence[Row]) -> str:
    def steps(row: Row) -> str:
        history = row["history"]
        passed = len(history) if isinstance(history, list) else 0
        failed = ['<i class="off"></i>'] if row["ErrorMessage"] else []
        marks = (['<i class="on"></i>'] * passed + failed + ["<i></i>"] * 14)[:14]
        return f'<span class="steps" title="{passed} of 14 states">{"".join(marks)}</span>'

    def story(row: Row) -> str:
        reached, falls, lines = row["history"], row["falls"], _rows(row["lines"])
        parts = [f"<li>{escape(_text(one))}</li>" for one in reached] if isinstance(reached, list) else []
        parts += (
            [f'<li class="bad">{escape(_text(one))}</li>' for one in falls] if isinstance(falls, list) else []
        )
        return f"<details><summary>{len(parts)} steps</summary><ol>{''.join(parts)}</ol>{_table(lines, _LINES)}</details>"

    def outcome(row: Row) -> str:
        css = "good" if row["state"] == "Posted" else "bad" if row["ErrorMessage"] else "soft"
        return f'<span class="{css}">{escape(str(row["state"]))}</span>'

    made = {"state": outcome, "passed": steps, "steps": story}
    return _table(
        rows,
        "StatementId kind StoreNumber businessDate group transactions state passed ErrorMessage steps",
        made,
    )


_LINES = "shift terminal staff tender transaction added removed banked safe counted difference"


def _table(rows: Sequence[Row], names: str, made: Mapping[str, Callable[[Row], str]] | None = None) -> str:
    """Write a table of the columns named. made: columns whose HTML is made from the row."""
    if not rows:
        return '<p class="soft">Nothing yet.</p>'
    columns, made = names.split(), made or {}
    head = "".join(f'<th scope="col"{_css(name)}>{escape(_title(name))}</th>' for name in columns)
    body = "".join(
        "<tr>" + "".join(f"<td{_css(name)}>{_cell(row, name, made)}</td>" for name in columns) + "</tr>"
        for row in rows[-_ROWS_MAX:]
    )
    more = f'<p class="soft">The last {_ROWS_MAX} of {len(rows)}.</p>' if len(rows) > _ROWS_MAX else ""
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{more}"


def _cell(row: Row, name: str, made: Mapping[str, Callable[[Row], str]]) -> str:
    return made[name](row) if name in made else escape(_text(row.get(name, "")))


def _css(name: str) -> str:
    return ' class="n"' if name in _NUMBERS.split() else ""


def _title(name: str) -> str:
    plain = {
        "ErrorMessage": "why it stopped", "by_state": "state", "group": "split",
        "entities": "rows created · updated, by entity", "executionId": "import",
    }  # fmt: skip
    return plain.get(name, name.replace("_", " "))


def _rows(value: object) -> list[Row]:
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []


def _part(value: object, name: str) -> object:
    return value.get(name, "") if isinstance(value, Mapping) else ""


def _text(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_text(part)}" for name, part in value.items())
    if isinstance(value, Iterable) and not isinstance(value, str):
        return " · ".join(_text(part) for part in value)
    return str(value)

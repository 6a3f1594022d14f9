"""One page for people: what headquarters has, what it posted, what stands in its way."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape

_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:70rem;padding:0 1rem;color:#1b1b1b}"
    "table{border-collapse:collapse;width:100%;margin-bottom:2rem}th,td{text-align:left;padding:.3rem .6rem;"
    "border-bottom:1px solid #ddd;font-variant-numeric:tabular-nums}caption{text-align:left;font-weight:600;padding:.4rem 0}"
    ".bad{color:#a00000;font-weight:600}"
)


def page(state: Mapping[str, object], totals: Sequence[Mapping[str, object]]) -> str:
    """Write the page from `/_sim/state` and `/_sim/totals`."""
    dangers, doubles = state["double_posting_dangers"], state["double_postings"]
    warning = ""
    if dangers or doubles:
        warning = (
            f'<p class="bad">Posted receipts sent again: {escape(str(dangers))}.'
            f" Posted twice: {len(_rows(doubles))}.</p>"
        )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Headquarters (simulated)</title>'
        f"<style>{_STYLE}</style></head><body><h1>Headquarters (simulated)</h1>"
        f"<p>This is not Dynamics 365. Its clock says {escape(str(state['now']))}.</p>{warning}"
        f"{_table('Posted by store and business day', totals, _TOTALS)}"
        f"{_table('Statements', _rows(state['statements']), _STATEMENTS)}"
        f"{_table('Imports', _rows(state['executions']), _EXECUTIONS)}"
        f"{_table('Validation errors', _rows(state['validation_errors'])[:200], _ERRORS)}"
        "</body></html>"
    )


_TOTALS = (
    "dataAreaId",
    "StoreNumber",
    "businessDate",
    "transactions",
    "sales",
    "returns",
    "tax",
    "payments",
    "discounts",
    "rounding",
)
_STATEMENTS = ("StatementId", "kind", "StoreNumber", "businessDate", "state", "transactions", "ErrorMessage")
_EXECUTIONS = ("executionId", "company", "status", "submitted_at", "entities", "errors")
_ERRORS = ("TransactionNumber", "rule", "line", "message")


def _rows(value: object) -> list[Mapping[str, object]]:
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []


def _table(caption: str, rows: Sequence[Mapping[str, object]], names: Iterable[str]) -> str:
    columns = list(names)
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in columns)
    if not rows:
        return f"<table><caption>{escape(caption)}</caption><tr><td>Nothing yet.</td></tr></table>"
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(_text(row.get(name, '')))}</td>" for name in columns) + "</tr>"
        for row in rows
    )
    return f"<table><caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _text(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_text(part)}" for name, part in value.items())
    if isinstance(value, list):
        return "/".join(_text(part) for part in value)
    return str(value)

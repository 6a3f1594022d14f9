"""Pages that print well: a heading, tables, instants as people read them. They ask nothing of any other server."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

WORD_MAX = 30  # characters of a word that is never broken
_LONG = " class=w"


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
            f"<{tag}{' class=n' if at in right else _LONG if _is_long(value) else ''}>"
            f"{escape('' if value is None else str(value))}</{tag}>"
            for at, value in enumerate(values)
        )

    body = "".join(f"<tr>{cells('td', row)}</tr>" for row in rows)
    return f"<table><thead><tr>{cells('th', head)}</tr></thead><tbody>{body}</tbody></table>"


def _is_long(value: object) -> bool:
    """Whether a text holds a word that no column is wide enough for, such as a hash."""
    return any(len(word) > WORD_MAX for word in str(value).split())


def at_words(instant: str | None) -> str:
    """Write an instant for people, to the minute, or to the second where it has any."""
    if not instant:
        return "-"
    text = instant.replace("T", " ").removesuffix("+00:00")[:19]
    return text.removesuffix(":00") if text.count(":") == 2 else text


_STYLE = (
    "body{font:13px/1.4 system-ui,sans-serif;margin:2em;color:#111}h1{font-size:20px}h2{font-size:15px;margin-top:1.6em}"
    "table{border-collapse:collapse;width:100%}th,td{border-bottom:1px solid #ccc;padding:3px 8px;text-align:left;"
    "vertical-align:top;overflow-wrap:break-word}.w{overflow-wrap:anywhere}.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}"
    "th{background:#f4f4f4}.proved{border-left:6px solid #1a7f37;padding-left:8px}"
    ".not-proved{border-left:6px solid #cf222e;padding-left:8px}"
    ".completeness-not-proven{border-left:6px solid #9a6700;padding-left:8px}"
    "@media print{body{margin:0}thead{display:table-header-group}tr{break-inside:avoid}}"
)

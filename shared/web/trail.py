"""The trail of one receipt as a page to print."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from shared.web.pages import page, table

Json = Mapping[str, Any]


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

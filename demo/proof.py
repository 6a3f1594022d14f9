"""The proof of the worst store-day on one screen, and the trail of one receipt from its printed number. API only."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

from demo.chain import CURRENCY
from demo.picture import Picture
from demo.report import CAUSE_WORDS, GROUP_WORDS, OWNER_WORDS
from demo.tables import Column, amount, count, item, plural, table
from demo.web import Desk

Json = dict[str, Any]
StoreDay = tuple[str, str]
FIGURES = ("pos_says", "received", "in_d365", "posted", "difference")
HEADS = ("POS says", "Received", "In D365", "Posted", "Difference")
RECEIPTS_SHOWN = 3


def worst_storeday(picture: Picture) -> StoreDay:
    """Give the store-day with most in doubt: the largest difference, whatever its sign."""

    def doubt(one: tuple[StoreDay, Json]) -> tuple[Decimal, str]:
        return abs(Decimal(one[1]["totals"]["difference"])) + abs(Decimal(one[1]["unexplained"])), one[0][0]

    return max(picture.statements.items(), key=doubt)[0]


def proof_text(statement: Json) -> str:
    """Show a statement with its proof: three columns, the causes that add up, what was counted, who signed."""
    rows = [["Total paid", *(amount(statement["totals"][one]) for one in FIGURES)]]
    for kind, words in (("tenders", "Tender {}"), ("taxes", "Tax {}"), ("groups", "{}")):
        for one in statement[kind]:
            name = (
                GROUP_WORDS.get(one["code"], one["code"]) if kind == "groups" else words.format(one["code"])
            )
            rows.append([name, *(amount(one[figure]) for figure in FIGURES)])
    receipts = statement["receipts"]
    rows.append(["Receipts", *(count(receipts.get(one)) for one in FIGURES[:4]), ""])
    title = (
        f"STORE {statement['store']}, {statement['business_day']}: {statement['verdict'].upper()} ({CURRENCY}; POS says: "
        f"{statement['source']['pos_says']}; in D365: {statement['source']['in_d365']})"
    )
    columns = (Column("Statement"), *(Column(head, True) for head in HEADS))
    return "\n\n".join([table(title, columns, rows), _causes(statement), _counts(statement)])


def _causes(statement: Json) -> str:
    rows = []
    for one in statement["causes"]:
        named = ", ".join(one["receipts"][:RECEIPTS_SHOWN])
        more = len(one["receipts"]) - RECEIPTS_SHOWN
        rows.append(
            [
                CAUSE_WORDS.get(one["code"], one["code"]),
                amount(one["amount"]),
                OWNER_WORDS.get(one["owner"], one["owner"]),
                f"{named} and {plural(more, 'other')}" if more > 0 else named,
            ]
        )
    rows.append(["Unexplained", amount(statement["unexplained"]), "", ""])
    whole = sum((Decimal(one["amount"]) for one in statement["causes"]), Decimal(statement["unexplained"]))
    rows.append(["Together, which is the difference", amount(whole), "", ""])
    columns = (Column("Cause"), Column("Amount", True), Column("Whose it is"), Column("Receipts"))
    return table("WHY THE COLUMNS DIFFER", columns, rows, last_is_sum=True)


def _counts(statement: Json) -> str:
    lines = statement["counts"]["lines"]
    if not lines:
        return "Nothing was counted in the tills."
    rows = [
        [
            one["terminal"],
            one["shift"],
            one["tender"],
            amount(one["expected"]),
            amount(one["counted"]),
            amount(one["difference"]),
            one["verdict"],
        ]
        for one in lines
    ]
    columns = (
        Column("Till"), Column("Shift"), Column("Tender"), Column("Expected", True), Column("Counted", True),
        Column("Over or short", True), Column("By D365's limits"),
    )  # fmt: skip
    return table("WHAT WAS COUNTED", columns, rows)


async def trail_text(desk: Desk, storeday: StoreDay, printed: str) -> tuple[str, list[Json]]:
    """Show everything that became of one receipt, from the number printed on it; also give the trail itself."""
    found = await desk.read("trail", *storeday, printed)
    trails: list[Json] = found["receipts"] if found is not None else []
    lines = [f"THE TRAIL OF RECEIPT {printed}, store {storeday[0]}, {storeday[1]}", ""]
    for one in trails:
        document, d365, package, mapping = (
            one["document"],
            one["d365"],
            one["package"] or {},
            one["mapping"] or {},
        )
        altered = ", ".join(one["altered"])
        steps = [
            f"rung up at till {one['terminal']} at {document['completed_at']}: {amount(one['total'])} {one['currency']}",
            f"arrived {document['received_at']}, {count(document['bytes'])} bytes, SHA-256 {document['sha256'][:16]}…",
            f"mapped with version {mapping.get('version', '-')} of the mappings",
            f"sent in package {package.get('package', '-')}, content SHA-256 {str(package.get('sha256') or '-')[:16]}…",
            f"in D365 as {d365['number']} of {d365['legal_entity']}, register {d365['register']}",
            *(f"rests on {line}" for line in d365["evidence"]),
            f"now {one['status']}; "
            + (f"ALTERED since: {altered}" if altered else "every hash checked, nothing was altered"),
        ]
        lines += [item(step) for step in steps]
    return "\n".join(lines), trails


async def save_page(desk: Desk, storeday: StoreDay, folder: Path) -> Path:
    """Keep the printable statement of a store-day beside the evidence."""
    path = folder / f"statement-{storeday[0]}-{storeday[1]}.html"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(await desk.read_text("statements", *storeday, format="html"), encoding="utf-8")
    return path

"""The day in tables that a controller understands: per store, by cause, for the chain, and what it cost."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from demo.chain import CURRENCY
from demo.picture import Picture
from demo.tables import Column, amount, count, paragraph, plural, table

Json = dict[str, Any]
STORES_SHOWN = 12
ZERO = Decimal(0)
CAUSE_WORDS: Mapping[str, str] = {
    "tender_unmapped": "tender not mapped",
    "warehouse_missing": "store without a warehouse",
    "shift_overlap": "overlapping shift",
    "receipts_missing": "never arrived",
    "receipt_late": "arrived after close",
    "not_sent_yet": "on its way to D365",
    "not_posted_yet": "in D365, not posted yet",
    "d365_throttled": "D365 asked us to slow down",
    "d365_silent": "D365 did not answer",
    "import_answer_lost": "no answer to a package",
}
OWNER_WORDS = {
    "finance": "Finance", "store_operations": "Store operations", "retail_systems": "Retail systems", "it": "IT",
}  # fmt: skip
GROUP_WORDS = {
    "sales": "Sales without tax", "returns": "Returns without tax", "gift_cards_issued": "Gift cards sold",
    "rounding": "Cash rounding", "discounts": "Discounts given (in sales)",
}  # fmt: skip
_STORE_COLUMNS = (
    Column("Store"), Column("Day"), Column("POS says", True), Column("Received", True), Column("In D365", True),
    Column("Posted", True), Column("Difference", True), Column("Unexplained", True),
    Column("Causes, which add up to the difference"),
)  # fmt: skip
_FIGURES = ("pos_says", "received", "in_d365", "posted", "difference")


def stores_table(picture: Picture) -> str:
    """Show the store-days with the largest differences first, the rest summed; causes that add up beside each."""
    ordered = sorted(picture.statements.items(), key=lambda one: (-_weight(one[1]), one[0]))
    shown = [one for one in ordered if _weight(one[1]) > 0][:STORES_SHOWN]
    rest = ordered[len(shown) :]
    rows: list[list[str]] = []
    for (store, day), statement in shown:
        rows += _with_causes([store, day[5:]], [statement])
    if rest:
        rows += _with_causes(
            [plural(len(rest), "other" if shown else "store-day"), ""], [one for _, one in rest]
        )
    rows += _with_causes(["All", ""], [one for _, one in ordered])[:1]
    if rows:
        rows[-1][-1] = ""
    return table(f"STORE BY STORE, worst first ({CURRENCY})", _STORE_COLUMNS, rows, last_is_sum=True)


def _weight(statement: Json) -> Decimal:
    """Weigh a store-day: by its difference, and a little by having causes at all."""
    difference = (
        abs(Decimal(statement["totals"]["difference"])) + abs(Decimal(statement["unexplained"])) * 1000
    )
    return difference + (Decimal("0.001") if statement["causes"] else ZERO)


def _with_causes(head: list[str], statements: Sequence[Json]) -> list[list[str]]:
    """Give the row of one or more store-days, and a further row for each further cause."""
    figures = [amount(_sum(one["totals"][name] for one in statements)) for name in _FIGURES]
    unexplained = amount(_sum(one["unexplained"] for one in statements))
    causes: dict[tuple[str, str], tuple[Decimal, int]] = {}
    for statement in statements:
        for cause in statement["causes"]:
            decided = f", confirmed {cause['decided']['decision']}" if cause["decided"] else ""
            key = (str(cause["code"]), decided)
            money, receipts = causes.get(key, (ZERO, 0))
            causes[key] = (money + Decimal(cause["amount"]), receipts + len(cause["receipts"]))
    texts = [
        f"{amount(money)} {CAUSE_WORDS.get(code, code)}{decided} ({plural(receipts, 'receipt')})"
        for (code, decided), (money, receipts) in sorted(causes.items(), key=lambda one: -abs(one[1][0]))
    ] or [""]
    blank = [""] * (len(head) + len(figures) + 1)
    return [[*head, *figures, unexplained, texts[0]], *([*blank, text] for text in texts[1:])]


def _sum(amounts: Iterable[str | None]) -> Decimal | None:
    """Add amounts up; None where one of them is not stated."""
    whole = ZERO
    for one in amounts:
        if one is None:
            return None
        whole += Decimal(one)
    return whole


def exceptions_text(picture: Picture) -> str:
    """Show what waits for whom, the most valuable first, each in four parts; what ended by itself in one line each."""
    still = [one for one in picture.causes if one["state"] == "open"]
    ended = [one for one in picture.causes if one["state"] != "open"]
    lines = [f"WHAT WAITS FOR SOMEBODY ({plural(len(still), 'cause')})", ""]
    for one in sorted(
        still, key=lambda cause: (-abs(Decimal(cause["amount"])), cause["code"], cause["value"])
    ):
        owner = OWNER_WORDS.get(one["owner"], one["owner"])
        head = f"{owner}: {plural(one['receipts'], 'receipt')}, {amount(one['amount'])} {one['currency'] or CURRENCY}"
        stores = ", ".join(one["stores"])
        word = "store" if len(one["stores"]) == 1 else "stores"
        lines.append(f"{head}, {word} {stores}" if stores else head)
        lines.append(paragraph(" ".join((one["what_happened"], one["why"])), 4))
        lines.append(paragraph(one["holds_up"], 4))
        lines.append(paragraph(f"Do this: {one['do_this']}", 4))
        lines.append("")
    if not still:
        lines += ["Nothing.", ""]
    if ended:
        lines += [f"OVER ({plural(len(ended), 'cause')})", ""]
        for one in sorted(ended, key=lambda cause: (cause["code"], cause["value"])):
            how = "; ".join(one.get("ended_how", []))
            lines.append(
                paragraph(
                    f"{OWNER_WORDS.get(one['owner'], one['owner'])}: {one['what_happened']} Ended: {how}.", 4
                )
            )
        lines.append("")
    return "\n".join(lines).rstrip()


def chain_table(picture: Picture) -> str:
    """Show the chain's totals: by tender, by tax, and sales, returns and the rest."""
    statements = list(picture.statements.values())
    rows: list[list[str]] = []
    for kind, words in (("tenders", "Tender {}"), ("taxes", "Tax {}"), ("groups", "{}")):
        for code in _codes(statements, kind):
            name = GROUP_WORDS.get(code, code) if kind == "groups" else words.format(code)
            rows.append([name, *(amount(_of_code(statements, kind, code, column)) for column in _FIGURES)])
    counts = [_counted(statements, name) for name in ("pos_says", "received", "in_d365", "posted")]
    difference = None if counts[0] is None or counts[3] is None else counts[0] - counts[3]
    rows.append(["Receipts", *(count(one) for one in counts), count(difference)])
    totals = [amount(_sum(one["totals"][name] for one in statements)) for name in _FIGURES]
    rows.append(["Total paid", *totals])
    columns = (
        Column("The chain"),
        *(Column(name, True) for name in ("POS says", "Received", "In D365", "Posted", "Difference")),
    )
    return table(f"THE WHOLE CHAIN ({CURRENCY})", columns, rows, last_is_sum=True)


def _codes(statements: Sequence[Json], kind: str) -> list[str]:
    if kind == "groups":
        return list(GROUP_WORDS)
    return sorted({str(one["code"]) for statement in statements for one in statement[kind]})


def _of_code(statements: Sequence[Json], kind: str, code: str, column: str) -> Decimal | None:
    return _sum(one[column] for statement in statements for one in statement[kind] if one["code"] == code)


def _counted(statements: Sequence[Json], column: str) -> int | None:
    found = [one["receipts"][column] for one in statements]
    return None if any(one is None for one in found) else sum(found)


def usage_table(picture: Picture, receipts: int) -> str:
    """Show calls to D365 and storage operations, in all and for each thousand receipts."""
    rows: list[list[str]] = []
    for part, words in (("d365", "D365"), ("storage", "Storage")):
        kinds: Mapping[str, int] = picture.usage.get(part, {})
        for kind, number in sorted(kinds.items(), key=lambda one: (-one[1], one[0])):
            rows.append([f"{words}: {kind}", count(number), _per_thousand(number, receipts)])
        rows.append(
            [f"{words}, all", count(sum(kinds.values())), _per_thousand(sum(kinds.values()), receipts)]
        )
    columns = (
        Column("Calls and operations so far"),
        Column("Number", True),
        Column("Per 1,000 receipts", True),
    )
    return table(f"WHAT IT TOOK, for {count(receipts)} receipts traded in small calls all day", columns, rows)


def _per_thousand(number: int, receipts: int) -> str:
    return f"{number * 1000 / receipts:,.1f}" if receipts else "-"

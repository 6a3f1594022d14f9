"""Whatever D365 and its people do: nothing is posted twice, nothing of theirs is written over, and somebody is told.

The table in docs/when-d365-misbehaves.md is what these tests saw. `TILLPOST_WRITE_DOCS=1` writes it anew; without it, a
difference is a failure.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from tests.contract.misbehaviour import CASES, PEOPLE, Case
from tests.contract.posting_world import PostingWorld, posting_world
from tests.unit.documents import sale_document
from tests.unit.flow_services import run

PAGE = Path(__file__).parents[2] / "docs" / "when-d365-misbehaves.md"
BEAT_MINUTES = 6
PACKAGE_NAME = re.compile(r"P\d{8}T\d{6}-[0-9a-f]{6}")
WRITING = os.environ.get("TILLPOST_WRITE_DOCS") == "1"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_d365_does_wrong_is_told_and_never_posts_twice(case: Case, tmp_path: Path) -> None:
    row = run(lived(case, tmp_path))
    if WRITING:
        write(case, row)
    assert row in PAGE.read_text(), f"the page does not say what happened: {row}"


def test_the_page_holds_these_cases_and_no_other() -> None:
    rows = [
        line.split(" | ")[0].removeprefix("| ")
        for line in PAGE.read_text().splitlines()
        if line.startswith("| ")
    ]
    assert [name for name in rows if not name.startswith(("What happens", "---"))] == [
        case.name for case in CASES
    ]


async def lived(case: Case, folder: Path) -> str:
    """Let the case happen and give its row of the page."""
    async with posting_world(folder) as world:
        if case.before is not None:
            await case.before(world)
        await world.send(sale_document(1), sale_document(2))
        if case.after is not None:
            await case.after(world)
        await pass_time(world, case)
        assert all(one["fired"] for one in (await world.sim("faults"))["faults"]), await world.sim("faults")
        assert await by_status(world) == case.becomes, await histories(world)
        await nothing_wrong(
            world, case, case.posts if case.becomes == {"posted": 2} or case.posts != 2 else None
        )
        opened, ended = await world.causes(), await world.causes("ended")
        assert tuple(sorted({*opened, *ended})) == tuple(sorted(case.told)), [*opened, *ended]
        assert tuple(sorted(opened)) == tuple(sorted(case.stays))
        then = ""
        if case.mend is not None:
            await case.mend(world)
            await pass_time(world, case)
            assert await by_status(world) == case.mended, await histories(world)
            then = said(await by_status(world))
            await nothing_wrong(world, case, None, mended=True)
        return row_of(case, {**ended, **opened}, then)


async def pass_time(world: PostingWorld, case: Case) -> None:
    """Let time pass until everything is posted, or the case's time is over."""
    for _ in range(case.minutes // BEAT_MINUTES):
        await world.beat(minutes=BEAT_MINUTES)
        if set((await world.statuses()).values()) == {"posted"} and not case.stays:
            return


async def by_status(world: PostingWorld) -> dict[str, int]:
    return dict(Counter((await world.statuses()).values()))


async def histories(world: PostingWorld) -> list[str]:
    rows = [*(await world.receipts()).values(), *await world.packages()]
    return [row.text("History") for row in rows]


async def nothing_wrong(world: PostingWorld, case: Case, posts: int | None, *, mended: bool = False) -> None:
    """D365's ledger has nothing twice, what a person wrote there still stands, and as much is posted as was said."""
    receipts, _ = await world.ledger()
    assert posts is None or receipts == posts
    if case.kept is not None and not mended:
        odata_set, name, value = case.kept
        assert value in [row[name] for row in await world.rows(odata_set)]


def row_of(case: Case, causes: dict[str, dict[str, Any]], then: str) -> str:
    told = [f"{OWNERS[one['owner']]}: {one['what_happened']}" for _, one in sorted(causes.items())]
    mended = f"{case.mend_words}: {then}" if then else "" if not case.stays else "nothing else: it stays told"
    cells = (case.name, said(case.becomes or {}), " ".join(told) or "nobody", mended or "by itself")
    return "| " + " | ".join(PACKAGE_NAME.sub("…", cell).replace("|", "/") for cell in cells) + " |"


OWNERS = {
    "it": "IT",
    "finance": "Finance",
    "store_operations": "Store operations",
    "retail_systems": "Retail systems",
}


def said(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {status}" for status, count in sorted(counts.items()))


HEAD = """# When D365 misbehaves

What D365, its people and its neighbours can do to a store's day, and what the app then shows. Each row was lived through by a
test against the simulated D365, with two receipts of 24.00 on their way; the test wrote the row. In none of them is a receipt in
the ledger twice, and in none is anything written over that somebody has put into D365.

*Told* is what people read as a cause, with its owner. *Then* is how it ended.

"""


def write(case: Case, row: str) -> None:
    """Put a row into the page, in the order of the cases."""
    found = {line.split(" | ")[0].removeprefix("| "): line for line in _lines() if line.startswith("| ")}
    found[case.name] = row
    text = HEAD
    for group in dict.fromkeys(one.group for one in CASES):
        text += f"## {group}\n\n| What happens | Receipts | Told | Then |\n|---|---|---|---|\n"
        text += "".join(f"{found[one.name]}\n" for one in CASES if one.group == group and one.name in found)
        text += "\n" if group != PEOPLE else ""
    PAGE.write_text(text)


def _lines() -> Iterable[str]:
    return PAGE.read_text().splitlines() if PAGE.exists() else ()

"""The read-only script against the simulator: it writes nothing, names what differs, and keeps step with its page."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from scripts.check_environment import CHECKS, main, report
from simulator.switches import CHOICES
from tests.contract.posting_world import SETUP, PostingWorld, posting_world
from tests.contract.simulator_driver import CLIENT_ID, CLIENT_SECRET, headquarters

PAGE = (Path(__file__).parents[2] / "docs" / "what-only-a-sandbox-can-prove.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| (\d+) \|(.*)$", re.MULTILINE)
# The calls it may make: reading, and questions that change nothing though they are posted.
QUESTIONS = {
    "GetExecutionSummaryStatus", "GetEntityExecutionSummaryStatusList", "GetExecutionErrors", "GetApplicationVersion",
    "GetPlatformBuildVersion",
}  # fmt: skip
Story = Callable[[PostingWorld], Awaitable[None]]


def tell(story: Story, folder: Path) -> None:
    async def told() -> None:
        async with posting_world(folder) as world:
            await story(world)

    asyncio.run(told())


def verdicts(text: str) -> dict[int, str]:
    return {int(found[1]): found[2] for found in re.finditer(r"^ *(\d+)  (\w+(?: it)?) ", text, re.MULTILINE)}


def test_it_makes_no_call_that_writes_and_leaves_d365_as_it_was(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def story(world: PostingWorld) -> None:
        before = (await world.sim("state"))["rows"], await world.sim("calls")
        assert await report(world.services.d365) == 0
        after = (await world.sim("state"))["rows"], await world.sim("calls")
        assert after[0] == before[0]
        made = set(after[1]["d365"]["by_kind"])
        assert {one.partition(" ")[2] for one in made if not one.startswith("GET ")} <= QUESTIONS
        assert after[1]["blob"]["total"] == 0

    tell(story, tmp_path)
    found = verdicts(capsys.readouterr().out)
    assert set(found) == set(CHECKS)
    assert {number for number, verdict in found.items() if verdict == "DIFFERS"} == set()
    assert found[1] == found[8] == found[9] == found[60] == "holds"


def test_what_differs_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async def story(world: PostingWorld) -> None:
        await world.sim(
            "contract",
            {
                "rename_fields": [{"set": "RetailTransactions", "field": "RreceiptId", "to": "ReceiptId"}],
                "shorten_fields": [{"set": "RetailTransactions", "field": "TransactionNumber", "length": 12}],
                "hide_sets": ["RetailStatementJourBIEntities"],
            },
        )
        assert await report(world.services.d365) == 2

    tell(story, tmp_path)
    text = capsys.readouterr().out
    found = verdicts(text)
    assert (found[1], found[2], found[5]) == ("DIFFERS", "DIFFERS", "unknown")
    assert (
        "RetailTransactions.RreceiptId: expected a field of this name, found no such field; the nearest is"
        in text
    )
    assert "RetailTransactions.TransactionNumber: length 44, found length 12" in text
    assert "RetailStatementJourBIEntities: " in text


def test_it_signs_in_with_the_app_s_own_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sample = Path(__file__).parents[2] / "local.settings.sample.json"
    values: dict[str, str] = json.loads(sample.read_text(encoding="utf-8"))["Values"]
    with headquarters(tmp_path, SETUP) as hq:
        values |= {
            "D365_URL": hq.url, "D365_AUTHORITY": hq.url, "D365_CA_FILE": str(tmp_path / "ca.pem"), "D365_CLIENT_ID": CLIENT_ID,
            "D365_CLIENT_SECRET": CLIENT_SECRET,
        }  # fmt: skip
        for name, value in values.items():
            monkeypatch.setenv(name, value)
        assert main() == 0
    text = capsys.readouterr().out
    assert f"D365 at {hq.url} (simulator); nothing is written there." in text
    assert f"{len(CHECKS)} checks, 0 differ." in text


def test_without_settings_it_says_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("TILLPOST_ENVIRONMENT", raising=False)
    assert main() == 2
    assert "TILLPOST_ENVIRONMENT is not set" in capsys.readouterr().err


def test_the_page_marks_exactly_the_checks_that_the_script_runs() -> None:
    marked = {int(number) for number, rest in ROW.findall(PAGE) if "**script**" in rest}
    assert marked - {63} == set(CHECKS)  # 63 is running all of it again with less


def test_each_number_of_the_page_stands_once_and_none_is_missing() -> None:
    numbers = [int(number) for number, _ in ROW.findall(PAGE)]
    assert sorted(numbers) == list(range(1, max(numbers) + 1))


def test_every_switch_of_the_simulator_is_on_the_page() -> None:
    assert {one for one in CHOICES if f"`{one}`" not in PAGE} == set()

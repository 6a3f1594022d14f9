"""The documents keep to what is there: links, reasons, targets, routes, folders; and README's example is run."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
from datetime import UTC, date, datetime
from itertools import pairwise
from pathlib import Path

import pytest

from scripts.runbook import Step, steps_of
from scripts.write_docs import pages
from shared.gate import admit_person, admit_sender
from shared.pos.registry import ADAPTERS
from shared.retail.business_day import store_zone
from shared.retail.checks_daily import DAILY_CHECKS
from shared.retail.checks_monthly import MONTHLY_CHECKS
from shared.retail.mapped import MappedTransaction
from shared.retail.mapping import MappingRow, Mappings, map_transaction
from shared.retail.mapping_csv import KINDS, read_mapping_csv
from shared.retail.reasons import FINANCE, STORE_OPERATIONS
from shared.retail.rules import problems_of
from shared.settings import read_settings
from shared.web.openapi import openapi_document
from tests.contract.runbook_rules import broken_links, mistakes_of, mistakes_of_commands, targets
from tests.unit.test_local_settings_sample import values

TOP = Path(__file__).resolve().parents[2]
README = (TOP / "README.md").read_text(encoding="utf-8")
HANDOVER = [TOP / "docs" / "portal.md", *sorted((TOP / "docs" / "handover").glob("*.md"))]
FOLDERS = ("docs", "demo", "simulator", "localhost", "infra", "shared", "benchmarks")
PAGES = [*sorted(TOP.glob("*.md")), *sorted(page for name in FOLDERS for page in (TOP / name).rglob("*.md"))]
NEVER_SHOWN = (
    "dead letter",
    "payload",
    "poison",
    "idempoten",
    "queue",
    "odata",
    "exception class",
    "4xx",
    "5xx",
)
ADR_LINES_MAX = 40


def page_name(page: Path) -> str:
    return str(page.relative_to(TOP))


def without_code(text: str) -> str:
    return re.sub(r"```.*?```", "", text, flags=re.DOTALL)


def code_of(text: str) -> str:
    """Everything a page shows as code, in blocks and within sentences."""
    blocks = re.findall(r"```\w*\n(.*?)```", text, flags=re.DOTALL)
    return "\n".join([*blocks, *re.findall(r"`([^`\n]+)`", without_code(text))])


@pytest.mark.parametrize("page", PAGES, ids=page_name)
def test_every_relative_link_leads_to_a_page_that_is_there_and_to_a_heading_of_it(page: Path) -> None:
    assert broken_links(page) == []


@pytest.mark.parametrize("name", sorted(pages()))
def test_what_is_derived_on_a_page_is_what_the_app_has(name: str) -> None:
    assert (TOP / "docs" / name).read_text(encoding="utf-8") == pages()[name], "python -m scripts.write_docs"


@pytest.mark.parametrize("name", ["finance.md", "retail-operations.md"])
def test_each_check_has_its_section_on_its_owners_page(name: str) -> None:
    page = (TOP / "docs" / "handover" / name).read_text(encoding="utf-8")
    sections = re.findall(r"^### (.+)\n\n(.+)", page, flags=re.MULTILINE)
    of_finance = name == "finance.md"
    own = [one.key for one in (*DAILY_CHECKS, *MONTHLY_CHECKS) if (one.owner == FINANCE) == of_finance]
    assert sorted(key for key, _ in sections) == sorted(own)


@pytest.mark.parametrize("page", HANDOVER, ids=page_name)
def test_the_pages_of_the_handover_name_calls_and_commands_that_are_there(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    owner = FINANCE if page.name == "finance.md" else STORE_OPERATIONS
    shown = [one for one in steps_of(text) if one.place == "http"]
    within = [Step("http", "", one) for one in re.findall(r"`((?:GET|POST|PUT) /api/[^`\s]+)`", text)]
    wrong = [told for one in shown for told in mistakes_of(one, owner)]
    wrong += [told for one in within for told in mistakes_of(one, owner) if "no such route" in told]
    commands = [one.text for one in steps_of(text) if one.place == "sh"] + re.findall(
        r"`(make [^`\n]+)`", text
    )
    assert [*wrong, *mistakes_of_commands("\n".join(commands))] == []


@pytest.mark.parametrize(
    "page",
    ["CHANGELOG.md", "docs/reasons.md", "docs/handover/finance.md", "docs/handover/retail-operations.md"],
)
def test_pages_for_store_and_finance_people_hold_no_words_of_ours(page: str) -> None:
    text = without_code((TOP / page).read_text(encoding="utf-8")).lower()
    assert not [word for word in NEVER_SHOWN if word in text]


def test_every_target_that_readme_names_is_in_the_makefile() -> None:
    named = set(re.findall(r"(?:^|\s)make ([a-z][a-z-]*)", code_of(README)))
    assert {"demo", "test", "run", "drill"} <= named
    assert named <= targets()


def test_readme_lists_every_route_and_no_other() -> None:
    named = set(re.findall(r"`(GET|POST|PUT) (/api/[^`\s]+)`", README))
    described = {
        (method.upper(), path) for path, methods in openapi_document()["paths"].items() for method in methods
    }
    assert named == described


def test_every_folder_on_readmes_map_is_there() -> None:
    section = README.partition("## Where things are")[2].partition("\n## ")[0]
    folders = re.findall(r"^\| `([^`]+/)` \|", section, flags=re.MULTILINE)
    assert folders
    assert not [folder for folder in folders if not any((TOP / folder).glob("[!_]*"))]


@pytest.mark.parametrize("page", sorted((TOP / "docs" / "adr").glob("*.md")), ids=page_name)
def test_a_decision_is_short_and_says_what_was_given_up(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= ADR_LINES_MAX
    assert text.startswith(f"# {int(page.name[:4])}. ")
    assert all(f"**{part}.**" in text for part in ("Question", "Decision", "Given up"))


WRITE_DOWN = """
import json, sys
print(json.dumps([sys.argv[1:], sys.stdin.read() if "@-" in sys.argv else sys.argv[-1]]))
"""


def calls_of_readmes_example(folder: Path) -> dict[str, tuple[dict[str, str], bytes]]:
    """Run README's example with a `curl` that only writes down what it was given: headers and body by address."""
    blocks = re.findall(r"```sh\n(.*?)```", README, flags=re.DOTALL)
    example = next(block for block in blocks if "SIGNATURE" in block)
    python, written_down, shell = shlex.quote(sys.executable), folder / "curl.py", shutil.which("sh")
    written_down.write_text(WRITE_DOWN, encoding="utf-8")
    curl = f'curl() {{ {python} {shlex.quote(str(written_down))} "$@"; }}\n'
    assert shell
    script = curl + example.replace(".venv/bin/python", python)
    ran = subprocess.run([shell, "-e", "-c", script], cwd=TOP, capture_output=True, text=True, check=True)
    calls = {}
    for arguments, body in map(json.loads, ran.stdout.splitlines()):
        headers = dict(one.split(": ", 1) for before, one in pairwise(arguments) if before == "-H")
        calls[next(one for one in arguments if one.startswith("http"))] = (headers, body.encode())
    return calls


def test_readmes_example_is_signed_adds_up_and_is_mapped(tmp_path: Path) -> None:
    calls = calls_of_readmes_example(tmp_path)
    assert json.loads(calls.pop("https://localhost:8443/_sim/setup")[1])["stores"]
    settings = read_settings(values())
    headers, body = calls.pop("http://127.0.0.1:7071/api/transactions")
    sender = admit_sender(settings, headers, "POST", "/api/transactions", body, datetime.now(UTC))
    (arrival,) = ADAPTERS["canonical"].read(body, sender.account)
    assert arrival.transaction is not None
    assert problems_of(arrival.transaction) == ()
    rows: dict[tuple[str, ...], tuple[MappingRow, ...]] = {}
    for address, (headers_of_put, content) in calls.items():
        kind = KINDS[address.rpartition("/")[2]]
        assert "retail_systems" in admit_person(settings, headers_of_put).roles
        read, mistakes = read_mapping_csv(kind, content)
        assert not mistakes
        rows |= {(kind.name, *(one[name] for name in kind.key)): (MappingRow(one, 1),) for one in read}
    mapped = map_transaction(arrival.transaction, date(2026, 11, 23), Mappings(1, rows), ())
    assert isinstance(mapped, MappedTransaction)
    assert mapped.local_completed_at.tzinfo == store_zone("America/New_York")
    assert mapped.lines[0].tax_codes == ("NYGEN",)
    assert mapped.tenders[0].payment_method == "1"

"""One runbook for each reason, whole, and naming nothing that is not there; and the app starts with no reason left alone."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from scripts.runbook import RUNBOOKS as FOLDER
from scripts.runbook import Step, read_runbook, steps_of
from shared.errors import SettingsError
from shared.flows.releasing.order import ENDED_BY_WORD
from shared.retail.mapping_rows import MappingRow, Mappings
from shared.retail.reason import FINANCE, IT, OWNERS, RETAIL_SYSTEMS, STORE_OPERATIONS, Reason
from shared.retail.reasons import REASONS
from shared.retail.runbooks import RUNBOOKS, refuse_orphans, runbook_of
from shared.retail.store_readiness import lacks_of
from shared.settings import ROLES
from shared.web.routes import ROUTES
from tests.contract.runbook_rules import anchors_of, broken_links, mistakes_of, roles_by_route
from tests.unit.test_mapping import STORE

TOP = Path(__file__).resolve().parents[2]
OWNER_WORDS = {
    FINANCE: "Finance", STORE_OPERATIONS: "Store operations", RETAIL_SYSTEMS: "Retail systems", IT: "IT",
}  # fmt: skip
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
# What holds receipts that a release sends on their way, after the fix.
HOLDS_RECEIPTS = {
    "cannot_be_mapped", "changed_in_d365", "d365_data_refused", "d365_reference", "d365_refused", "d365_rule",
    "disposition_unmapped", "does_not_balance", "does_not_fit_d365", "drawer_unmapped", "gone_from_d365", "item_unmapped",
    "look_alike", "other_currency", "reason_unmapped", "return_place_missing", "staff_unmapped", "store_unknown",
    "store_wrong_account", "tax_unmapped", "tender_unmapped", "terminal_unmapped", "warehouse_missing",
}  # fmt: skip
WORDS_AT_LEAST = 60  # a page of fewer words says nothing that its reason's own texts do not


def test_each_reason_has_its_runbook_and_each_runbook_its_reason() -> None:
    pages = {page.stem for page in FOLDER.glob("*.md")}
    assert pages == set(REASONS)
    assert pages == RUNBOOKS
    assert all((TOP / runbook_of(code)).is_file() for code in REASONS)


@pytest.mark.parametrize("reason", REASONS.values(), ids=lambda one: one.code)
def test_a_runbook_says_all_it_must_and_names_nothing_that_is_not_there(reason: Reason) -> None:
    read = read_runbook(reason.code)
    assert read.who.startswith(f"{OWNER_WORDS[reason.owner]}.")
    assert read.steps[0].text == "GET /api/causes/{fingerprint}"
    assert [wrong for step in read.steps for wrong in mistakes_of(step, reason.owner)] == []
    text = (FOLDER / f"{reason.code}.md").read_text(encoding="utf-8")
    prose = re.sub(r"```.*?```|`[^`\n]+`", "", text, flags=re.DOTALL)
    assert [word for word in NEVER_SHOWN if word in prose.lower()] == []
    assert len(prose.split()) >= WORDS_AT_LEAST
    named = re.findall(r"`((?:GET|POST|PUT) /api/\S+)`", text)
    assert [
        wrong
        for one in named
        for wrong in mistakes_of(Step("http", "", one), reason.owner)
        if "no such" in wrong
    ] == []


def test_no_two_runbooks_tell_the_same_effect_or_the_same_meaning() -> None:
    read = [read_runbook(code) for code in REASONS]
    assert len({one.meaning for one in read}) == len(read)
    assert len({one.effect for one in read}) == len(read)


def test_a_runbook_has_released_only_what_a_release_ends() -> None:
    """A release sends receipts on their way; what holds none ends by it only where a person's word is meant to end it."""
    released = {code for code in REASONS if any("/release" in step.text for step in read_runbook(code).steps)}
    assert released - ENDED_BY_WORD == HOLDS_RECEIPTS
    assert released >= ENDED_BY_WORD


def test_what_may_never_go_has_a_step_that_ends_it() -> None:
    """What no fix sends on its way would wait for ever, and hold up the close of its month."""
    ends = {code for code in REASONS if any("/write-off" in step.text for step in read_runbook(code).steps)}
    assert ends == {
        "drop_gone_from_d365", "gone_from_d365", "kind_not_supported", "look_alike", "store_wrong_account",
        "write_off_proposed",
    }  # fmt: skip
    for code in REASONS:
        text = (FOLDER / f"{code}.md").read_text(encoding="utf-8")
        assert "leave the entry open" not in text
        assert "need nothing more" not in text


@pytest.mark.parametrize(
    ("step", "wrong"),
    [
        (Step("http", "", "GET /api/cause/{fingerprint}"), "no such route"),
        (Step("http", "", "POST /api/causes/{fingerprint}"), "no such route"),
        (Step("http", "", "DELETE /api/causes/{fingerprint}"), "this is no call"),
        (Step("http", "", "GET /api/causes?state=closed"), "no such query"),
        (Step("http", "", 'POST /api/causes/{fingerprint}/release\n{"reasons": "x"}'), "not taken: reasons"),
        (Step("http", "", "POST /api/causes/{fingerprint}/release\n{}"), "missing: reason"),
        (Step("http", "", "GET /api/causes/{cause}"), "nothing gives {cause}"),
        (Step("http", "", "POST /api/preflight"), "is not for finance"),
        (Step("http", "it", "PUT /api/mappings/tenders\nX-Reason: x\n\nstore,tender,payment_method"), "is not for it"),
        (Step("http", "", "PUT /api/mappings/tender\nX-Reason: x\n\nstore,tender,payment_method"), "no such list"),
        (Step("http", "", "PUT /api/mappings/tenders\nX-Reason: x\n\nstore,tender,method"), "has no column method"),
        (Step("http", "", "PUT /api/mappings/tenders\n\nstore,tender,payment_method"), "no reason"),
        (Step("sh", "", "make tidy"), "no such target: make tidy"),
        (Step("console", "", "press the button"), "is done in none of"),
        (Step("d365", "", "the customer"), "no sentence"),
    ],
)  # fmt: skip
def test_a_step_that_names_what_is_not_there_is_found(step: Step, wrong: str) -> None:
    assert [one for one in mistakes_of(step, FINANCE) if wrong in one]


def test_the_roles_of_the_routes_are_read_from_the_gate() -> None:
    roles = roles_by_route()
    assert roles["GET", "/api/causes"] == set(ROLES)
    assert roles["POST", "/api/preflight"] == {IT}
    assert roles["POST", "/api/shifts/{store}/{terminal}/{shift}/end"] == {STORE_OPERATIONS}
    assert roles["POST", "/api/causes/{fingerprint}/release"] == {
        FINANCE,
        STORE_OPERATIONS,
        RETAIL_SYSTEMS,
        IT,
    }


def test_every_route_that_changes_something_names_the_roles_it_admits_and_a_reader_is_none_of_them() -> None:
    deciding = [one for one in ROUTES if one.method != "get" and one.security.roles]
    roles = {one.path: roles_by_route()[one.method.upper(), f"/api{one.path}"] for one in deciding}
    assert len(roles) >= 24
    assert [path for path, admitted in roles.items() if not admitted or not admitted <= set(OWNERS)] == []
    assert {path for path, admitted in roles.items() if admitted == {FINANCE}} == {
        "/statements/{store}/{business_day}/sign-off",
        "/transactions/{store}/{account}/{transaction_id}/reversal",
        "/transactions/{store}/{account}/{transaction_id}/write-off",
        "/transactions/{store}/{account}/{transaction_id}/write-off/approve",
        "/transactions/{store}/{account}/{transaction_id}/write-off/withdraw",
    }


def test_a_runbook_without_one_of_its_parts_is_refused(tmp_path: Path) -> None:
    whole = (FOLDER / "tender_unmapped.md").read_text(encoding="utf-8")
    for part in ("**Effect.**", "**Who.**", "**Meaning.**", "## Steps", "## How to know it worked"):
        (tmp_path / "tender_unmapped.md").write_text(whole.replace(part, "**Else.**"), encoding="utf-8")
        with pytest.raises(ValueError, match="tender_unmapped lacks"):
            read_runbook("tender_unmapped", tmp_path)


def test_a_step_keeps_its_lines_and_says_who_makes_it() -> None:
    (step,) = steps_of("1. x\n\n   ```http it\n   POST /api/preflight\n   ```\n")
    assert step == Step("http", "it", "POST /api/preflight")


GOOD = REASONS["tender_unmapped"]


@pytest.mark.parametrize(
    ("reasons", "runbooks", "told"),
    [
        ({"tender_unmapped": replace(GOOD, owner="")}, {"tender_unmapped"}, "tender_unmapped has no owner"),
        ({"tender_unmapped": replace(GOOD, owner="nobody")}, {"tender_unmapped"}, "tender_unmapped has no owner"),
        ({"tender_unmapped": replace(GOOD, do_this=" ")}, {"tender_unmapped"}, "tender_unmapped has no remedy"),
        ({"tender_unmapped": GOOD}, set(), "tender_unmapped has no runbook"),
        ({}, {"tender_unmapped"}, "runbook tender_unmapped is for no reason"),
    ],
)  # fmt: skip
def test_a_reason_that_lacks_its_owner_remedy_or_runbook_is_refused(
    reasons: dict[str, Reason], runbooks: set[str], told: str
) -> None:
    with pytest.raises(SettingsError, match=told):
        refuse_orphans(reasons, runbooks)


def test_the_app_does_not_start_with_a_reason_that_has_no_runbook() -> None:
    without = (
        "from shared.retail import runbooks; runbooks.RUNBOOKS -= {'tender_unmapped'}; import function_app"
    )
    ran = subprocess.run(
        [sys.executable, "-c", without], cwd=TOP, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 1
    assert "the registry of reasons is not whole: tender_unmapped has no runbook" in ran.stderr


def test_anchors_are_what_github_makes_of_headings(tmp_path: Path) -> None:
    assert anchors_of("# A `b` c\n## What's *in* it?\n## Same\n## Same\n") == {
        "a-b-c",
        "whats-in-it",
        "same",
        "same-1",
    }
    (tmp_path / "other.md").write_text("# There\n", encoding="utf-8")
    page = tmp_path / "page.md"
    page.write_text(
        "[a](other.md#there) [b](other.md#gone) [c](none.md) [d](#self) [e](https://x)\n# Self\n",
        encoding="utf-8",
    )
    assert broken_links(page) == ["other.md#gone", "none.md"]


def test_a_store_that_lacks_something_names_nobody_who_may_not_give_it() -> None:
    may_import = roles_by_route()[("PUT", "/api/mappings/{kind}")]
    bare = STORE | dict.fromkeys(("warehouse", "site", "tax_group", "customer_account", "channel_id"), "")
    known = Mappings(1, {("stores", "S1"): (MappingRow(bare, 1),)})
    lacks = [
        *lacks_of("S1", known, date(2017, 12, 23), ["1"], []),
        *lacks_of("S9", known, date(2017, 12, 23), [], []),
    ]
    steps = [one for one in lacks if "mapping" in one.do_this]
    assert len(steps) > 10
    wrong = [one for one in steps if one.owner not in may_import and "then retail systems" not in one.do_this]
    assert wrong == []

"""What no line of the app does: compare secrets letter by letter, start a shell, read YAML or bare XML, write filters by hand."""

from __future__ import annotations

import ast
import re
from datetime import datetime
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.d365.odata import condition, key_path
from shared.storage.memory import memory_tables
from shared.storage.protocols import Condition, Row
from tests.unit.flow_services import Hand, run

TOP = Path(__file__).resolve().parents[2]
APP = [TOP / "function_app.py", *sorted((TOP / "shared").rglob("*.py"))]
OURS = [
    *APP,
    *(path for folder in ("localhost", "scripts", "simulator") for path in (TOP / folder).rglob("*.py")),
]
OURS = [path for path in OURS if "node" not in path.parts]
SECRET = re.compile(r"signature|hmac|secret|password", re.IGNORECASE)
# At the gate every hash is one of a secret; elsewhere it is of what is kept, lets nobody in and is shown to whoever asks.
AT_THE_GATE = re.compile(r"signature|hmac|secret|password|digest|hash|sha256", re.IGNORECASE)
GATE = ("shared/gate", "shared/vendor_signatures", "shared/triggers", "shared/settings")
FILTER = re.compile(r"(?:^|[ (])\w+ (?:eq|ne|ge|gt|le|lt) '?$")
BUILDERS = {"shared/storage/filters.py", "shared/d365/odata.py"}


def name_of(path: Path) -> str:
    return path.relative_to(TOP).as_posix()


@cache
def nodes(path: Path) -> tuple[ast.AST, ...]:
    return tuple(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))


def compared_letter_by_letter(path: Path) -> list[str]:
    found, words = [], AT_THE_GATE if name_of(path).startswith(GATE) else SECRET
    for node in nodes(path):
        if not isinstance(node, ast.Compare) or not any(
            isinstance(one, ast.Eq | ast.NotEq) for one in node.ops
        ):
            continue
        sides = [node.left, *node.comparators]
        if any(isinstance(one, ast.Constant) for one in sides):
            continue  # with a constant: whether there is one at all
        names = {ast.unparse(one) for one in sides}
        if any(words.search(one) for one in names):
            found.append(f"{name_of(path)}:{node.lineno}: {ast.unparse(node)}")
    return found


def test_no_secret_is_compared_letter_by_letter() -> None:
    assert [one for path in APP for one in compared_letter_by_letter(path)] == []


def test_the_rule_sees_what_it_forbids(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = tmp_path / "shared" / "gate" / "wrong.py"
    wrong.parent.mkdir(parents=True)
    wrong.write_text(
        "ok = signature == mac\nalso = hashlib.sha256(b).hexdigest() != kept\nfine = signature == ''\n"
    )
    monkeypatch.setattr(f"{__name__}.TOP", tmp_path)
    assert [one.split(":")[1] for one in compared_letter_by_letter(wrong)] == ["1", "2"]


def test_no_shell_no_yaml_no_pickle_no_eval_and_xml_only_without_entities() -> None:
    for path in OURS:
        for node in nodes(path):
            if not isinstance(node, ast.Call):
                continue
            called = ast.unparse(node.func)
            place = f"{name_of(path)}:{node.lineno}: {called}"
            assert not any(
                one.arg == "shell" and ast.unparse(one.value) != "False" for one in node.keywords
            ), place
            assert called not in (
                "eval",
                "exec",
                "os.system",
                "os.popen",
                "pickle.loads",
                "pickle.load",
                "marshal.loads",
            ), place
            assert not re.fullmatch(r"yaml\.(?:unsafe_|full_)?load(?:_all)?", called), place


def test_xml_from_outside_is_read_without_entities() -> None:
    for path in APP:
        for node in nodes(path):
            if isinstance(node, ast.Call):
                called = ast.unparse(node.func)
                if called.endswith((".fromstring", ".iterparse", ".XMLParser", ".XMLPullParser")):
                    assert "defusedxml" in path.read_text(encoding="utf-8"), (
                        f"{name_of(path)}:{node.lineno}: {called}"
                    )


def test_a_filter_is_written_by_a_builder_and_nowhere_else() -> None:
    for path in APP:
        if name_of(path) in BUILDERS:
            continue
        for node in nodes(path):
            if isinstance(node, ast.JoinedStr):
                pieces = [str(one.value) for one in node.values if isinstance(one, ast.Constant)]
                assert not any(FILTER.search(one) for one in pieces), f"{name_of(path)}:{node.lineno}"


STORES = st.text(
    st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="/\\#?"), min_size=1, max_size=20
)
TRICKS = st.sampled_from(
    [
        "' or '1' eq '1",
        "S1' or Status ne '",
        "''",
        "'",
        "S1'--",
        "*",
        "S1') or (true",
        "%27 or %271%27 eq %271",
    ]
)


@given(asked=st.one_of(TRICKS, STORES))
def test_whatever_is_asked_for_only_its_own_rows_come_back(asked: str) -> None:
    async def found() -> list[str]:
        table = memory_tables(Hand()).causes
        for number, status in enumerate(("held", "S1", asked)):
            await table.insert(Row("p", f"k{number}", {"Status": status}))
        return [
            row.text("Status") async for row in table.query("p", where=(Condition("Status", "eq", asked),))
        ]

    answered = run(found())
    assert answered
    assert set(answered) == {asked}


def unquoted(text: str) -> str:
    """Give what is left of a filter or an address when each text in it is taken out, as D365 reads them."""
    return re.sub(r"'(?:[^']|'')*'", "", text)


@given(value=st.one_of(TRICKS, st.text(max_size=30)))
def test_a_value_never_becomes_a_part_of_a_question_to_d365(value: str) -> None:
    assert unquoted(condition("Terminal", "eq", value)) == "Terminal eq "
    assert unquoted(key_path("RetailTransactions", [("Terminal", value)])) == "RetailTransactions(Terminal=)"


@pytest.mark.parametrize("name", ["Terminal eq 'x' or", "a b", "1", "", "Terminal'"])
def test_a_field_or_an_operator_that_is_none_is_a_bug_and_not_a_question(name: str) -> None:
    with pytest.raises(ValueError, match="not a condition"):
        condition(name, "eq", "x")
    with pytest.raises(ValueError, match="not a condition"):
        condition("Terminal", "eq 'x' or", datetime(2017, 12, 23))  # noqa: DTZ001 - never read

"""The walls of the house: who may import whom, how long a function and a module may be, and thin triggers."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
APP = [TOP / "function_app.py", *sorted((TOP / "shared").rglob("*.py"))]
FUNCTION_LINES_MAX = 60
MODULE_LINES_MAX = 360
TRIGGER_LINES_MAX = 18

# What a part of the app may import of the app itself. A name covers everything below it.
MAY_IMPORT = {
    "function_app": (
        "shared.flows",
        "shared.services",
        "shared.storage.due",
        "shared.triggers",
    ),
    "shared.triggers": (
        "shared.triggers.answered",
        "shared.flows",
        "shared.services",
        "shared.settings",
        "shared.errors",
        "shared.gate",
        "shared.gate_vendors",
        "shared.settings_vendors",
        "shared.web",
        "shared.pos.registry",
        "shared.retail.money",
    ),
    "shared.retail": ("shared.retail", "shared.errors"),
    "shared.pos": ("shared.pos", "shared.retail", "shared.errors"),
    "shared.d365": ("shared.d365", "shared.retail", "shared.errors"),
    "shared.storage": ("shared.storage", "shared.retail", "shared.errors", "shared.settings"),
    "shared.alerts": ("shared.alerts", "shared.retail", "shared.errors", "shared.settings_alerts"),
    "shared.vendors": (
        "shared.vendors",
        "shared.outbound",
        "shared.pos",
        "shared.retail",
        "shared.errors",
        "shared.settings_vendors",
    ),
    "shared.outbound": ("shared.errors",),
    "shared.flows": (
        "shared.flows.checking",
        "shared.flows.closing",
        "shared.flows.compiling",
        "shared.flows.erasing",
        "shared.flows.fetching",
        "shared.flows.ingesting",
        "shared.flows.isolating",
        "shared.flows.mapping",
        "shared.flows.rebuilding",
        "shared.flows.releasing",
        "shared.flows.retaining",
        "shared.flows.posting",
        "shared.flows.telling",
        "shared.flows.tracking",
        "shared.flows.writing_off",
        "shared.alerts",
        "shared.services",
        "shared.settings",
        "shared.settings_alerts",
        "shared.settings_vendors",
        "shared.retail",
        "shared.pos",
        "shared.d365",
        "shared.storage",
        "shared.vendors",
        "shared.errors",
    ),
    "shared.web": (
        "shared.web",
        "shared.errors",
        "shared.gate",
        "shared.flows.ingest_transactions",
        "shared.flows.ingesting",
        "shared.pos",
        "shared.retail.csv_text",
        "shared.retail.stretches",
    ),
    "shared.services": (
        "shared.alerts",
        "shared.clock",
        "shared.d365",
        "shared.errors",
        "shared.gate.token_keys",
        "shared.log_fence",
        "shared.settings",
        "shared.storage",
        "shared.vendors",
    ),
    "shared.gate": ("shared.gate", "shared.errors", "shared.settings"),
    "shared.settings": (
        "shared.clock",
        "shared.errors",
        "shared.settings_alerts",
        "shared.settings_callers",
        "shared.settings_entra",
        "shared.settings_retention",
        "shared.settings_vendors",
    ),
    "shared.settings_callers": ("shared.errors",),
    "shared.settings_entra": ("shared.errors", "shared.settings_callers"),
    "shared.gate_vendors": (
        "shared.errors",
        "shared.settings",
        "shared.settings_vendors",
        "shared.vendor_signatures",
    ),
    "shared.vendor_signatures": (),
    "shared.log_fence": ("shared.settings",),
    "shared.settings_alerts": ("shared.errors", "shared.settings_rows"),
    "shared.settings_rows": ("shared.errors",),
    "shared.settings_vendors": ("shared.errors", "shared.settings_rows"),
    "shared.settings_retention": ("shared.errors",),
    "shared.clock": (),
    "shared.errors": (),
}
NOT_IN_RETAIL = (
    "azure",
    "httpx",
    "pydantic",
    "aiohttp",
    "os",
    "logging",
    "asyncio",
    "time",
    "random",
    "socket",
    "pathlib",
)
MAY_WAIT = (
    "shared.services",
    "shared.clock",
    "shared.gate.token_keys",
    "shared.storage.azure",
    "shared.storage.group",
    "shared.storage.mappings",
    "shared.storage.sharded",
)


def module_name(path: Path) -> str:
    name = ".".join(path.relative_to(TOP).with_suffix("").parts)
    return name.removesuffix(".__init__")


def imports_of(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        if isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


def covers(prefix: str, name: str) -> bool:
    return name == prefix or name.startswith(f"{prefix}.")


@pytest.mark.parametrize("path", APP, ids=module_name)
def test_a_module_imports_only_what_its_part_may(path: Path) -> None:
    name = module_name(path)
    part = max((one for one in MAY_IMPORT if covers(one, name)), key=len, default=None)
    assert part is not None or name == "shared", f"{name} belongs to no part"
    allowed = MAY_IMPORT.get(part or "", ())
    own = {one for one in imports_of(path) if covers("shared", one) or one == "function_app"}
    wrong = sorted(one for one in own if not any(covers(prefix, one) for prefix in allowed))
    assert not wrong, f"{name} may not import {wrong}"


@pytest.mark.parametrize("path", sorted((TOP / "shared" / "flows").glob("*.py")), ids=module_name)
def test_no_flow_imports_another_flow(path: Path) -> None:
    others = {one for one in imports_of(path) if covers("shared.flows", one)}
    steps = [
        f"shared.flows.{folder.name}" for folder in (TOP / "shared" / "flows").iterdir() if folder.is_dir()
    ]
    assert all(any(covers(step, one) for step in steps) for one in others), others


@pytest.mark.parametrize("path", sorted((TOP / "shared" / "retail").glob("*.py")), ids=module_name)
def test_retail_knows_no_framework_no_clock_and_no_outside(path: Path) -> None:
    wrong = [one for one in imports_of(path) if any(covers(name, one) for name in NOT_IN_RETAIL)]
    assert not wrong
    text = path.read_text()
    assert "datetime.now(" not in text
    assert "date.today(" not in text


@pytest.mark.parametrize("path", APP, ids=module_name)
def test_only_services_wait(path: Path) -> None:
    if any(covers(name, module_name(path)) for name in MAY_WAIT):
        return
    assert not {"asyncio", "threading"} & imports_of(path)


@pytest.mark.parametrize("path", APP, ids=module_name)
def test_functions_and_modules_stay_readable(path: Path) -> None:
    text = path.read_text()
    assert len(text.splitlines()) <= MODULE_LINES_MAX
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert (node.end_lineno or 0) - node.lineno < FUNCTION_LINES_MAX, node.name


@pytest.mark.parametrize("path", APP, ids=module_name)
def test_every_module_says_what_it_is_for(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text()))


@pytest.mark.parametrize("path", APP, ids=module_name)
def test_no_field_has_a_mapping_as_its_default(path: Path) -> None:
    """Python 3.11 refuses a read-only mapping there, later ones do not: such a module is found by running 3.11 alone."""
    for node in ast.walk(ast.parse(path.read_text())):
        for one in node.body if isinstance(node, ast.ClassDef) else ():
            if isinstance(one, ast.AnnAssign) and ast.unparse(one.annotation).startswith("Mapping["):
                made = isinstance(one.value, ast.Call) and ast.unparse(one.value.func) == "field"
                assert one.value is None or made, f"{node.name}.{ast.unparse(one.target)}"  # type: ignore[attr-defined]


def test_triggers_stay_thin() -> None:
    found = 0
    for path in (TOP / "function_app.py", *(TOP / "shared" / "triggers").glob("*.py")):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.AsyncFunctionDef) and node.decorator_list:
                found += 1
                assert (node.end_lineno or 0) - node.lineno <= TRIGGER_LINES_MAX, node.name
    assert found >= 30


@pytest.mark.parametrize("folder", ["simulator", "demo"])
def test_what_checks_the_app_shares_no_code_with_it(folder: str) -> None:
    for path in sorted((TOP / folder).rglob("*.py")):
        wrong = [one for one in imports_of(path) if covers("shared", one) or covers("function_app", one)]
        assert not wrong, f"{path.name} imports {wrong}"
    if folder == "simulator":
        others = [one for path in (TOP / folder).rglob("*.py") for one in imports_of(path)]
        assert not [one for one in others if covers("demo", one) or covers("localhost", one)]


def test_errors_become_values_in_one_place_only() -> None:
    callers = {module_name(path) for path in APP if ".settled(" in path.read_text()}
    assert callers == {"shared.flows.isolating.storedays"}

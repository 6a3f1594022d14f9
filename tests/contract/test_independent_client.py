"""A client that others wrote from a live environment works against the simulator, without knowing that it is one.

It needs Python 3.13 and packages of its own: the first run makes a virtual environment for it under `.local`, later runs
find it there. Without a Python 3.13 the test is skipped, loudly; where its packages cannot be installed it fails.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.contract.simulator_driver import headquarters
from tests.contract.simulator_receipts import SETUP, sale, together

TOP = Path(__file__).resolve().parents[2]
REQUIREMENTS = TOP / "requirements-independent-client.txt"
PLACE = TOP / ".local" / "independent-client"
PROGRAM = Path(__file__).with_name("independent_client.py")
INSTALL_SECONDS_MAX, RUN_SECONDS_MAX = 600, 120


def python_313() -> str:
    """Give a Python 3.13 that can make virtual environments: this one, one on the PATH, one of pyenv's; "" without any."""
    if sys.version_info[:2] == (3, 13):
        return sys.executable
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    candidates = [shutil.which("python3.13"), *sorted(map(str, pyenv.glob("3.13*/bin/python3")))]
    check = "import ensurepip, sys; sys.exit(sys.version_info[:2] != (3, 13))"
    for candidate in filter(None, candidates):
        if subprocess.run([candidate, "-c", check], capture_output=True, check=False).returncode == 0:
            return candidate
    return ""


@pytest.fixture(scope="module")
def independent_python() -> Path:
    """Give the Python of the client's own environment, made when its requirements are new."""
    python = python_313()
    if not python:
        pytest.skip(
            "THE INDEPENDENT CLIENT DID NOT RUN: d365fo-client needs Python 3.13, and this machine has none"
            " (neither the one that runs the tests, nor python3.13 on the PATH, nor one of pyenv's)."
            " That the simulator answers as D365 does was checked by our own requests only."
        )
    key = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()[:16]
    made = PLACE / key
    if not (made / "complete").exists():
        shutil.rmtree(PLACE, ignore_errors=True)
        _run_or_fail([python, "-m", "venv", str(made)], "make a virtual environment")
        pip = [str(made / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        _run_or_fail(
            [*pip, "--requirement", str(REQUIREMENTS)], f"install {REQUIREMENTS.name} (network, registry)"
        )
        (made / "complete").touch()
    return made / "bin" / "python"


def _run_or_fail(command: list[str], what: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_SECONDS_MAX, check=False)
    if done.returncode:
        pytest.fail(
            f"The independent client cannot be checked: could not {what}.\n{done.stdout}{done.stderr}"
        )


@pytest.fixture(scope="module")
def seen(independent_python: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Run the client once against an environment with five receipts; give what it saw."""
    folder = tmp_path_factory.mktemp("independent")
    with headquarters(folder, SETUP) as hq:
        assert (
            hq.import_rows(together(sale(), *(sale(f"P-{number}") for number in range(1, 5)))) == "Succeeded"
        )
        hq.sim("switches", {"placeholder_sign_in_of_d365fo_client": "accept"})
        environment = {
            **os.environ,
            "SSL_CERT_FILE": str(folder / "ca.pem"),
            "HOME": str(folder),
            "PYTHONPATH": "",
        }
        command = [str(independent_python), str(PROGRAM), hq.url, str(folder / "cache")]
        done = subprocess.run(
            command, capture_output=True, text=True, env=environment, timeout=RUN_SECONDS_MAX, check=False
        )
    assert done.returncode == 0, done.stderr
    [line] = [one for one in done.stdout.splitlines() if one.startswith("SEEN ")]
    return json.loads(line.removeprefix("SEEN "))  # type: ignore[no-any-return]


def test_it_reads_what_the_environment_looks_like(seen: dict[str, Any]) -> None:
    metadata = seen["metadata"]
    assert metadata["connects"] == [True, True]
    assert metadata["header"] == ["RetailTransactions", "Transactions", False]
    assert set(metadata["keys"]) == {"dataAreaId", "TransactionNumber", "OperatingUnitNumber", "Terminal"}
    assert metadata["types"] == {
        "GrossAmount": ["Edm.Decimal", "Real"],
        "businessDate": ["Edm.DateTimeOffset", "Date"],
        "TransactionTime": ["Edm.Int32", "Time"],
        "BatchID": ["Edm.Int64", "Int64"],
        "SaleIsReturnSale": ["Microsoft.Dynamics.DataEntities.NoYes", "Enum"],
    }
    assert metadata["members"] == {"None": 0, "Open": 1, "Closed": 2}
    assert metadata["found"] == [["RetailTransactionSalesLineV2Entity", "RetailTransactionSalesLinesV2"]]
    assert metadata["nothing"] is None
    assert "RetailTransactionAuditable" in metadata["read_only"]


def test_it_reads_rows_by_filter_by_page_and_by_key(seen: dict[str, Any]) -> None:
    reads = seen["reads"]
    assert reads["filtered"] == [["P-4", "P-3", "P-1", "367-1-17"], 4]
    assert reads["pages"] == [["367-1-17", "P-1"], ["P-2", "P-3"], ["P-4"]]
    assert reads["line"] == ["1004906", -2]
    assert reads["wildcard"] == 4
    assert "failed: 400" in reads["wrong_filter"]


def test_it_creates_changes_and_deletes_a_row(seen: dict[str, Any]) -> None:
    writes = seen["writes"]
    assert writes["created"] == ["IC-0001", -24.5, True]
    assert "The record already exists" in writes["again"]
    assert writes["changed"] == {"success": True}
    assert writes["after"] == ["second", -24.5, "2017-12-23T12:00:00Z", "No"]
    assert (writes["deleted"], writes["gone"]) == (True, None)
    assert "read-only" in writes["read_only"]
    assert "is not found in the related table 'RetailTerminalTable'" in writes["refused"]


def test_it_calls_actions(seen: dict[str, Any]) -> None:
    actions = seen["actions"]
    assert [one.partition(".")[0] for one in actions["version"]] == ["10", "7"]
    assert actions["address"] == ["BlobId", "BlobUrl"]
    assert "were not found" in actions["unknown_execution"]
    assert "GetExecutionSummaryStatus" in actions["known"]

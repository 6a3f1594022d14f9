"""What runs locally is what the cloud indexes, answers and refuses.

The local host and Microsoft's published worker library for Python 3.13 (`azure-functions-runtime`) are given the same
apps: the repository's own, a fixture with one of everything, and some that are wrong.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.localhost_process import FIXTURE_APP, TOP, running

pytestmark = pytest.mark.skipif(
    sys.version_info < (3, 13),
    reason="NOT TESTED: azure-functions-runtime exists for Python 3.13 only; run the tests with Python 3.13 too",
)
WORKER = TOP / "tests" / "contract" / "worker_library.py"


@dataclass(frozen=True, slots=True)
class Case:
    """An app, and one GET of it."""

    folder: Path
    function: str
    path: str
    parameters: dict[str, str]


OWN = Case(TOP, "health_asked_for", "/api/health", {})
FIXTURE = Case(FIXTURE_APP, "latest_asked_for", "/api/receipts/367/latest", {"store": "367"})
FIXTURE_SYNC = Case(FIXTURE_APP, "weather_asked_for", "/api/weather", {})


def settings(azurite: str, record: Path) -> dict[str, str]:
    """Give what both apps need to start; their timers do not strike while a test runs."""
    sample = json.loads((TOP / "local.settings.sample.json").read_text(encoding="utf-8"))["Values"]
    own = {"TILLPOST_STORAGE": azurite, "TILLPOST_HEARTBEAT_SCHEDULE": "0 0 0 1 1 *"}
    return {**sample, **own, "WORK_STORAGE": azurite, "RECORD": str(record), "TICK": "0 0 0 1 1 *"}


def through_library(folder: Path, *words: str, environ: dict[str, str]) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, str(WORKER), str(folder), *words],
        cwd=TOP,
        env={**os.environ, **environ, "PYTHONPATH": str(TOP)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def through_localhost(folder: Path, environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "localhost", "--index", "--quiet", "--app", str(folder)]
    return subprocess.run(
        command, cwd=TOP, env={**os.environ, **environ}, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("case", [OWN, FIXTURE], ids=["the app", "one of everything"])
def test_both_find_the_same_functions_with_the_same_triggers(
    case: Case, azurite: str, tmp_path: Path
) -> None:
    environ = settings(azurite, tmp_path / "record")
    indexed = through_library(case.folder, environ=environ)
    assert "refused" not in indexed, indexed
    local = through_localhost(case.folder, environ)
    assert local.returncode == 0, local.stderr
    assert json.loads(local.stdout) == indexed["functions"]


@pytest.mark.parametrize("case", [OWN, FIXTURE, FIXTURE_SYNC], ids=["the app", "a string", "in a thread"])
def test_both_give_the_same_answer(case: Case, azurite: str, tmp_path: Path) -> None:
    environ = settings(azurite, tmp_path / "record")
    words = (case.function, case.path, json.dumps(case.parameters))
    library = through_library(case.folder, *words, environ=environ)["answer"]
    with running(case.folder, environ, tmp_path / "log") as host:
        answer = httpx.get(host.url + case.path)
    local = {
        "status": answer.status_code,
        "content_type": answer.headers["content-type"],
        "body": answer.text,
    }
    assert local == library
    assert local["status"] == 200


WRONG = {
    "a parameter the trigger does not give": (
        'from azure.functions import *\napp = FunctionApp()\n@app.route("a")\n'
        "async def a(request: HttpRequest) -> HttpResponse: ...\n"
    ),
    "a queue's parameter of another type": (
        'from azure.functions import *\napp = FunctionApp()\n@app.queue_trigger("message", "q", "C")\n'
        "async def a(message: TimerRequest) -> None: ...\n"
    ),
    "a context of another type": (
        'from azure.functions import *\napp = FunctionApp()\n@app.route("a")\n'
        "async def a(req: HttpRequest, context: int) -> HttpResponse: ...\n"
    ),
    "two functions of one name": (
        'from azure.functions import *\napp = FunctionApp()\n@app.route("a")\n'
        "async def a(req: HttpRequest) -> HttpResponse: ...\n"
        '@app.route("b")\nasync def a(req: HttpRequest) -> HttpResponse: ...\n'
    ),
    "an HTTP function that returns a dict": (
        'from azure.functions import *\napp = FunctionApp()\n@app.route("a")\n'
        "async def a(req: HttpRequest) -> dict: ...\n"
    ),
    "no app": "import azure.functions\n",
}


@pytest.mark.parametrize("name", WRONG)
def test_both_refuse_an_app_that_is_wrong(name: str, tmp_path: Path) -> None:
    (tmp_path / "function_app.py").write_text(WRONG[name], encoding="utf-8")
    assert "refused" in through_library(tmp_path, environ={})
    assert through_localhost(tmp_path, {}).returncode != 0

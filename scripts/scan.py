"""Look for what opens doors to attackers: `make scan`.

Three tools, each from its own publisher: bandit reads our code, detect-secrets the files of the repository, pip-audit asks PyPI's
advisories about every package that is pinned. Each finding is mended, or explained in docs/security.md. Where the advisories
cannot be reached, a copy of them does as well: `make scan ADVISORIES=all.zip` (scripts/advisories.py). With neither, that part
was NOT CHECKED; it says so and the scan ends with 2, not with 0. What the package index itself says is asked besides: whether a
pinned release was withdrawn by its publisher, as many are after a hole was found.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import httpx

from scripts.advisories import look_up

TOP = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
OURS = ("function_app.py", "shared", "localhost", "simulator", "scripts", "demo", "drills")
# `assert` states what the types cannot; the programs of this repository start each other by fixed names (as ruff is told, too).
BANDIT_SKIPPED = "B101,B404,B603,B607"
# What bandit says besides, by file and rule, and why it is none; docs/security.md says the same. Anything else is a finding.
_TYPES = "for its types and for writing alone: text from outside is parsed by defusedxml"
_WRITES = "escapes what is written; it parses nothing"
_DRAWN = "numbers drawn by seed, to be drawn again; nothing is kept secret with them"
EXPLAINED = {
    ("demo/chance.py", "B311"): _DRAWN,
    ("localhost/queues.py", "B311"): "spreads the pauses of a poll",
    ("scripts/run.py", "B105"): "the names of two settings",
    ("shared/d365/edmx.py", "B405"): _TYPES,
    ("shared/d365/manifest.py", "B406"): _WRITES,
    ("shared/pos/poslog.py", "B405"): _TYPES,
    ("shared/pos/poslog_xml.py", "B405"): _TYPES,
    ("simulator/exports.py", "B406"): _WRITES,
    ("simulator/faults.py", "B311"): _DRAWN,
    ("simulator/metadata.py", "B406"): _WRITES,
    ("simulator/package_file.py", "B405"): "the simulator refuses a document type before it parses",
    ("simulator/package_file.py", "B314"): "the simulator refuses a document type before it parses",
    ("simulator/tokens.py", "B105"): "the word Bearer",
}
BASELINE = ".secrets.baseline"
MOVED_ALONE = 3  # how detect-secrets ends where known secrets stand in other lines than before
CLEAN, FOUND, NOT_CHECKED = 0, 1, 2
_PINNED = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)==([^\s;]+)")
_INDEX_JSON = "application/vnd.pypi.simple.v1+json"


def main() -> int:
    """Run all three; the worst of what they say."""
    copy = os.environ.get("ADVISORIES", "")
    outcomes = {
        "bandit": _bandit(),
        "detect-secrets": _secrets(),
        **(
            {
                "advisories": _looked_up(
                    Path(copy), "requirements.txt", "requirements-dev.txt", "constraints.txt"
                )
            }
            if copy
            else {"pip-audit": max(_audit("requirements.txt"), _audit("constraints.txt"))}
        ),
        "withdrawn releases": _withdrawn("constraints.txt"),
    }
    words = {CLEAN: "clean", FOUND: "FINDINGS", NOT_CHECKED: "NOT CHECKED"}
    for name, outcome in outcomes.items():
        print(f"{name}: {words[outcome]}")
    if FOUND in outcomes.values():
        return FOUND
    return max(outcomes.values())


def _bandit() -> int:
    done = _run("bandit", "-q", "-r", *OURS, "--skip", BANDIT_SKIPPED, "-f", "json")
    try:
        results = json.loads(done.stdout)["results"]
    except (ValueError, KeyError):
        print(f"bandit: no answer: {done.stderr.strip()[-300:]}")
        return NOT_CHECKED
    new = [one for one in results if (one["filename"], one["test_id"]) not in EXPLAINED]
    for one in new:
        print(f"bandit: {one['filename']}:{one['line_number']}: {one['test_id']} {one['issue_text']}")
    print(f"bandit: {len(results)} results, {len(results) - len(new)} of them explained")
    return FOUND if new else CLEAN


def _secrets() -> int:
    """Compare every file of the repository with what is known and explained."""
    listed = subprocess.run(["git", "ls-files"], cwd=TOP, capture_output=True, text=True, check=True).stdout
    files = [name for name in listed.splitlines() if name != BASELINE and (TOP / name).is_file()]
    done = _run("detect-secrets-hook", "--baseline", BASELINE, *files)
    if done.returncode == MOVED_ALONE:
        print(f"detect-secrets: lines moved; {BASELINE} was brought up to date, commit it")
        return CLEAN
    print(done.stdout[-6000:])
    return FOUND if done.returncode else CLEAN


def _audit(pinned: str) -> int:
    """Ask the advisories about every package of a file. A package that nobody was asked about was not checked."""
    options = (
        "--no-deps",
        "--disable-pip",
        "--vulnerability-service",
        "pypi",
        "--format",
        "json",
        "--progress-spinner",
        "off",
    )
    done = _run("pip-audit", "-r", pinned, *options)
    try:
        packages = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        print(f"pip-audit {pinned}: no answer: {done.stderr.strip()[-300:]}")
        return NOT_CHECKED
    weak = [one for one in packages if one.get("vulns")]
    skipped = [one["name"] for one in packages if "skip_reason" in one]
    for one in weak:
        print(
            f"pip-audit {pinned}: {one['name']} {one['version']}: {', '.join(each['id'] for each in one['vulns'])}"
        )
    print(
        f"pip-audit {pinned}: {len(packages) - len(skipped)} of {len(packages)} packages checked, {len(weak)} with advisories"
    )
    if weak:
        return FOUND
    return NOT_CHECKED if skipped else CLEAN


def _looked_up(copy: Path, *pinned: str) -> int:
    """Look every pinned release up in a copy of the advisories. An old copy, or a part of one, finds and does not clear."""
    releases = sorted({one for file in pinned for one in _releases(file)})
    try:
        found = look_up(copy, releases)
    except (OSError, ValueError) as error:
        print(f"advisories {copy}: no copy of them: {error}")
        return NOT_CHECKED
    for name, ids in found.weak.items():
        print(f"advisories: {name}: {', '.join(ids)}")
    newest = f"{found.newest:%Y-%m-%d}" if found.newest else "never"
    print(
        f"advisories: {len(releases)} releases looked up in {found.records} records, the newest of {newest}, "
        f"{len(found.weak)} with advisories"
    )
    if found.weak:
        return FOUND
    return CLEAN if found.clears(datetime.now(UTC)) else NOT_CHECKED


def _releases(pinned: str) -> list[tuple[str, str]]:
    lines = (TOP / pinned).read_text(encoding="utf-8").splitlines()
    return [(found[1], found[2]) for one in lines if (found := _PINNED.match(one))]


def _withdrawn(pinned: str) -> int:
    """Ask the package index about every pinned release. One that it does not answer for was not checked."""
    releases = _releases(pinned)
    index = os.environ.get("PIP_INDEX_URL", "https://pypi.org/simple").rstrip("/")
    gone, unknown = [], []
    with httpx.Client(timeout=30, follow_redirects=False, headers={"Accept": _INDEX_JSON}) as http:
        for name, version in releases:
            try:
                files = http.get(f"{index}/{_plain(name)}/").raise_for_status().json()["files"]
            except (httpx.HTTPError, ValueError, KeyError):
                files = []
            own = [one for one in files if _is_of(str(one.get("filename", "")), name, version)]
            if not own:
                unknown.append(f"{name} {version}")
            elif all(one.get("yanked") for one in own):
                gone.append(f"{name} {version}")
    for one in gone:
        print(f"withdrawn: {one}")
    asked = len(releases) - len(unknown)
    print(
        f"withdrawn releases: {asked} of {len(releases)} asked for, {len(gone)} withdrawn {unknown or ''}".rstrip()
    )
    if gone:
        return FOUND
    return NOT_CHECKED if unknown else CLEAN


def _plain(name: str) -> str:
    """Give a package's name as the index writes it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _is_of(filename: str, name: str, version: str) -> bool:
    """Say whether a file is of a release: a wheel or a source archive."""
    parts = filename.removesuffix(".tar.gz").removesuffix(".zip").split("-")
    if filename.endswith(".whl"):
        return len(parts) > 2 and _plain(parts[0]) == _plain(name) and parts[1] == version
    return _plain("-".join(parts[:-1])) == _plain(name) and parts[-1] == version


def _run(name: str, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(BIN / name), *words], cwd=TOP, capture_output=True, text=True, check=False)


if __name__ == "__main__":
    sys.exit(main())

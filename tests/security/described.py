"""Ask the app whatever its description allows, and what it does not: `make schemathesis CASES=5000`.

    python -m tests.security.described [--cases 5000] [--seed 20261127]

Schemathesis reads the OpenAPI description and makes requests from it: the examples, each boundary, random ones that fit and
random ones that do not, and chains along the description's links (a receipt is sent, then asked for under its status_url).
Each answer is held to the description: no 5xx, no status that is not named for its route, a body as the schema says, wrong
requests refused, right ones taken. The app runs in this process over memory, with the D365 simulator behind it.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import sys
import threading
import time
from collections import Counter
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

import schemathesis
from aiohttp import web
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events, from_schema

from shared.web.routes_vendors import VENDOR_SECURITY
from tests.app_in_process import App, key_of
from tests.security.prepared import prepared
from tests.security.whole import description
from tests.unit.vendor_calls import signed_by

SIGN_ME = "signed on its way"
VENDOR_HEADERS = {name: str(one["name"]) for name, one in VENDOR_SECURITY.items()}
BODY_BYTES_MAX = 32 * 1024 * 1024
T = TypeVar("T")


@dataclass(slots=True)
class Served:
    """The app behind a port of this machine. A till's or a vendor's signature is put on here, over the bytes that came."""

    app: App
    statuses: Counter[int] = field(default_factory=Counter)
    heard: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        method, path, body = request.method, request.raw_path, await request.read()
        headers = {name: ",".join(request.headers.getall(name)) for name in set(request.headers)}
        if headers.get("X-Tillpost-Signature") == SIGN_ME:
            headers |= self.app.signed(method, path.partition("?")[0], body)
        for vendor, header in VENDOR_HEADERS.items():
            if headers.get(header) == SIGN_ME and path.startswith(f"/api/pos/{vendor}/"):
                call = signed_by(vendor, body)
                path = call.address
                headers = {name: value for name, value in headers.items() if name != header} | call.headers
        answer = await self.app.ask(method, path, body, headers)
        self.statuses[answer.status] += 1
        if answer.status == 200 and method == "POST" and path.startswith("/api/pos/"):
            self.heard[f"{path.split('/')[3]}: {answer.json()['heard']}"] += 1
        if answer.failed is not None:
            self.failures.append(f"{method} {path}: {answer.failed!r}")
        return web.Response(status=answer.status, headers=dict(answer.headers), body=answer.body)


@contextlib.contextmanager
def _served() -> Iterator[tuple[str, Served]]:
    """Serve a prepared app from a loop in a thread of its own, until the block ends."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    opened = prepared()
    runner: web.AppRunner | None = None

    def done(work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, loop).result(60)

    try:
        served = Served(done(opened.__aenter__()))
        site = web.Application(client_max_size=BODY_BYTES_MAX)
        site.router.add_route("*", "/{path:(?s:.*)}", served.answer)
        runner = web.AppRunner(site, access_log=None, auto_decompress=False)
        done(runner.setup())
        done(web.TCPSite(runner, "127.0.0.1", 0).start())
        yield f"http://127.0.0.1:{runner.addresses[0][1]}", served
    finally:
        if runner is not None:
            done(runner.cleanup())
        done(opened.__aexit__(None, None, None))
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


@dataclass(slots=True)
class Told:
    """What came of a run: cases by phase, checks by name, and each distinct failure once."""

    cases: Counter[str] = field(default_factory=Counter)
    operations: set[str] = field(default_factory=set)
    checks: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    heard: Counter[str] = field(default_factory=Counter)
    failures: dict[str, str] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def lines(self) -> list[str]:
        """Give it as lines to print."""
        by_phase = ", ".join(f"{name} {count:,}" for name, count in self.cases.items())
        checks = ", ".join(f"{name} {count:,}" for name, count in sorted(self.checks.items()))
        statuses = ", ".join(f"{status} {count:,}" for status, count in sorted(self.statuses.items()))
        return [
            f"{sum(self.cases.values()):,} cases ({by_phase}) of {len(self.operations)} operations, {self.seconds:.0f} s",
            f"answers: {statuses}",
            "heard of vendors: "
            + ", ".join(f"{name} {count:,}" for name, count in sorted(self.heard.items())),
            f"checks: {checks}",
            f"failures: {len(self.failures)}; errors of the run itself: {len(self.errors)}",
            *(f"FAILURE {name}\n{text}" for name, text in list(self.failures.items())[:40]),
            *(f"ERROR {one}" for one in self.errors[:10]),
        ]


def _taking(*more: str) -> dict[str, Any]:
    return {"positive_data_acceptance": {"expected-statuses": ["2xx", "401", "403", "404", "409", *more]}}


# What a schema cannot say: that a receipt balances, that a cause is open, that a period ends after it began. A request of
# the right shape may be refused there, with what was expected and what was found.
_CONTENT_DECIDES = [
    {"include-method": ["POST", "PUT"], "checks": _taking("400", "422")},
    # Each transaction of a call has its own verdict: one that is wrong does not keep its neighbours out.
    {
        "include-path": "/api/transactions",
        "checks": {**_taking("400", "422"), "negative_data_rejection": {"expected-statuses": ["202", "4xx"]}},
    },
    # An authentic webhook is heard whatever is in it, and what is wrong with it is told to a person.
    *(
        {
            "include-path": f"/api/pos/{vendor}/{{account}}",
            "checks": {**_taking(), "negative_data_rejection": {"expected-statuses": ["200", "4xx"]}},
        }
        for vendor in VENDOR_HEADERS
    ),
    *(
        {"include-path": path, "checks": _taking("422")}
        for path in (
            "/api/checks/{cadence}/{legal_entity}/{period}",
            "/api/checks/{cadence}/{legal_entity}",
            "/api/late/{legal_entity}/{period}",
            "/api/readiness/{legal_entity}/{period}",
        )
    ),
]


def _config(seed: int, examples_max: int, url: str) -> SchemathesisConfig:
    return SchemathesisConfig.from_dict(
        {
            "seed": seed,
            "base-url": url,
            "continue-on-failure": True,
            "generation": {
                "max-examples": examples_max,
                "database": "none",
                "no-shrink": True,
                "deterministic": False,
            },
            "operations": _CONTENT_DECIDES,
            "phases": {"stateful": {"generation": {"max-examples": examples_max}}},
        }
    )


def run(cases: int, seed: int) -> Told:
    """Ask until every operation had its share of so many cases; the coverage of boundaries comes on top."""
    told, began = Told(), time.process_time()
    document = description()
    operations = sum(len(one) for one in document["paths"].values())
    with _served() as (url, served):
        schema = schemathesis.openapi.from_dict(
            document, config=_config(seed, max(1, cases // operations), url)
        )
        for event in from_schema(schema).execute():
            _tell(told, event)
    told.seconds, told.statuses, told.heard = time.process_time() - began, served.statuses, served.heard
    for one in served.failures:
        told.failures.setdefault(f"an error that no trigger caught: {one[:120]}", one)
    return told


@schemathesis.auth()
class _Signed:
    """A desk with every role, a till and the vendors: which of them a route takes, the route says."""

    def get(self, _case: Any, _context: Any) -> dict[str, str]:
        return {
            "Authorization": f"Bearer {key_of('everything')}",
            "X-Tillpost-Account": "east",
            "X-Tillpost-Timestamp": "0",
            "X-Tillpost-Signature": SIGN_ME,
            **dict.fromkeys(VENDOR_HEADERS.values(), SIGN_ME),
        }

    def set(self, case: Any, data: dict[str, str], _context: Any) -> None:
        schemes = {name for one in case.operation.definition.raw.get("security", ()) for name in one}
        own = {VENDOR_HEADERS[name] for name in schemes & set(VENDOR_HEADERS)}
        tills = {"X-Tillpost-Account", "X-Tillpost-Timestamp", "X-Tillpost-Signature"}
        wanted = own or ({"Authorization"} if "person" in schemes else tills)
        case.headers = {**(case.headers or {}), **{name: data[name] for name in wanted if schemes}}


def _tell(told: Told, event: Any) -> None:
    if isinstance(event, events.ScenarioFinished):
        told.cases[str(event.phase)] += len(event.recorder.interactions)
        for node in event.recorder.cases.values():
            told.operations.add(node.value.operation.label)
        for case, checks in event.recorder.checks.items():
            for check in checks:
                told.checks[check.name] += 1
                if check.failure_info is not None:
                    failure = check.failure_info.failure
                    operation = event.recorder.cases[case].value.operation.label
                    key = f"{operation}: {failure.title}: {str(failure.message)[:100]}"
                    told.failures.setdefault(
                        key, f"{failure.message}\n{check.failure_info.code_sample}"[:1500]
                    )
    if isinstance(event, events.NonFatalError | events.FatalError):
        told.errors.append(str(getattr(event, "info", None) or getattr(event, "exception", event))[:500])


def main() -> int:
    """Run it; 1 where an answer was not as described."""
    options = argparse.ArgumentParser(description="Hold the app to its description.")
    options.add_argument("--cases", type=int, default=5000)
    options.add_argument("--seed", type=int, default=20261127)
    given = options.parse_args()
    print(
        f"Schemathesis {schemathesis.__version__}, Python {sys.version.split()[0]}, seed {given.seed}",
        flush=True,
    )
    told = run(given.cases, given.seed)
    print("\n".join(told.lines()))
    return 1 if told.failures or told.errors or sum(told.cases.values()) < given.cases else 0


if __name__ == "__main__":
    sys.exit(main())

"""Puts the host together: one loop for HTTP, queues and timers, from start to a clean end."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from localhost.app import QUEUE, TIMER, Function
from localhost.clock import clock_from
from localhost.queues import Listener
from localhost.settings import HostError, HostSettings, read_host_settings
from localhost.timers import Timer
from localhost.web import Start, web_app

END_SECONDS_MAX = 10.0  # for what still runs when the host is told to end
log = logging.getLogger("localhost")


@dataclass(frozen=True, slots=True)
class Address:
    """Where HTTP listens. Port 0 takes a free one."""

    host: str
    port: int


def index_of(functions: Iterable[Function]) -> list[dict[str, str]]:
    """List the functions by name: what triggers each, and from where."""
    rows = [{"name": one.name, "kind": one.kind, "address": one.address} for one in functions]
    return sorted(rows, key=lambda row: row["name"])


async def serve(functions: tuple[Function, ...], folder: Path, address: Address) -> None:
    """Run the app until SIGTERM or SIGINT. Prints one JSON line on stdout once everything listens.

    Raises:
        HostError: a setting is missing or wrong, or the port is taken; nothing runs then.
    """
    host, clock = read_host_settings(folder, os.environ), clock_from(os.environ)
    timers = [Timer(one, clock, host) for one in functions if one.kind == TIMER]
    listeners = [Listener(one, host) for one in functions if one.kind == QUEUE]
    ended = _ended_by_signal()
    by_hand: set[asyncio.Task[None]] = set()
    runner = _runner(functions, host, timers, by_hand)
    port = await _listen(runner, address)
    served: list[Timer | Listener] = [*timers, *listeners]
    work = [asyncio.create_task(one.serve(ended), name=one.function.name) for one in served]
    for task in work:
        task.add_done_callback(lambda _: ended.set())  # one that ends before the host does ended by a bug
    ready = {"ready": True, "url": f"http://{address.host}:{port}", "functions": len(functions)}
    print(json.dumps(ready), flush=True)
    await ended.wait()
    asyncio.get_running_loop().set_exception_handler(_forgive_open_clients)
    log.info("ending: what runs may go on for %s seconds", END_SECONDS_MAX)
    await asyncio.gather(runner.cleanup(), _let_end([*work, *by_hand]))
    for task in work:
        if not task.cancelled():
            task.result()


def _ended_by_signal() -> asyncio.Event:
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    return ended


def _forgive_open_clients(loop: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
    """Report an error of the loop, but not that the app left clients open: no host tells an app that it ends."""
    if not {"client_session", "connector"} & context.keys():
        loop.default_exception_handler(context)


async def _let_end(tasks: list[asyncio.Task[None]]) -> None:
    """Give tasks their time to end, then cancel them."""
    if not tasks:
        return
    _, late = await asyncio.wait(tasks, timeout=END_SECONDS_MAX)
    for task in late:
        log.warning("%s was cut off", task.get_name())
        task.cancel()
    await asyncio.gather(*late, return_exceptions=True)


def _runner(
    functions: tuple[Function, ...], host: HostSettings, timers: list[Timer], by_hand: set[asyncio.Task[None]]
) -> web.AppRunner:
    def starter(timer: Timer) -> Start:
        async def start() -> None:
            task = asyncio.create_task(timer.run())
            by_hand.add(task)
            task.add_done_callback(by_hand.discard)

        return start

    run_now = {timer.function.name: starter(timer) for timer in timers}
    # Bodies stay as they came: a signature is over the bytes that were sent, compressed or not.
    return web.AppRunner(
        web_app(functions, host, run_now),
        access_log=None,
        auto_decompress=False,
        shutdown_timeout=END_SECONDS_MAX,
    )


async def _listen(runner: web.AppRunner, address: Address) -> int:
    await runner.setup()
    try:
        await web.TCPSite(runner, address.host, address.port).start()
    except OSError as error:
        await runner.cleanup()
        raise HostError(f"port {address.port} of {address.host} cannot be had: {error.strerror}") from error
    return int(runner.addresses[0][1])

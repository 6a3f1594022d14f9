"""Put an environment together and serve it over HTTPS."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from simulator.certificates import server_context
from simulator.clock import Clock
from simulator.controls import Controls
from simulator.desk import Desk
from simulator.imports import Imports
from simulator.jobs import Jobs
from simulator.package_api import PackageApi
from simulator.service import D365Service
from simulator.statements import Books
from simulator.tokens import Authority
from simulator.world import World

BODY_BYTES_MAX = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Running:
    """A served environment."""

    url: str
    ca_file: Path


@asynccontextmanager
async def serving(
    folder: Path,
    clock: Clock,
    client_id: str,
    client_secret: str,
    port: int = 0,
    jobs_every_minutes: float = 0,
) -> AsyncIterator[Running]:
    """Serve until the block ends. port 0: any free one. jobs_every_minutes 0: jobs only run when asked."""
    world = World(clock)
    authority, imports, jobs = Authority(client_id, client_secret), Imports(world), Jobs(Books(world))
    service = D365Service(world, authority)
    app = web.Application(client_max_size=BODY_BYTES_MAX, middlewares=[service.middleware])
    app.add_routes(Controls(world, imports, jobs).routes())
    app.add_routes(Desk(jobs.books).routes())
    app.add_routes(PackageApi(world, imports).routes())
    app.add_routes(service.routes())
    app.add_routes(authority.routes())
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port, ssl_context=server_context(folder))
    await site.start()
    world.origin = f"https://localhost:{_port_of(runner)}"
    ticking = asyncio.create_task(jobs.run_every(jobs_every_minutes)) if jobs_every_minutes else None
    try:
        yield Running(world.origin, folder / "ca.pem")
    finally:
        if ticking:
            ticking.cancel()
            await asyncio.gather(ticking, return_exceptions=True)
        await imports.stop()
        await runner.cleanup()


def _port_of(runner: web.AppRunner) -> int:
    return int(runner.addresses[0][1])

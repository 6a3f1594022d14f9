"""Put an environment together and serve it over HTTPS."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from simulator.blob_store import BlobStore
from simulator.certificates import server_context
from simulator.clock import Clock
from simulator.controls import Controls
from simulator.desk import Desk
from simulator.door import Door
from simulator.imports import Imports
from simulator.jobs import Jobs
from simulator.package_api import PackageApi
from simulator.people import People
from simulator.service import D365Service
from simulator.statements import Books
from simulator.tokens import Authority
from simulator.upkeep import Upkeep
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
    authority, imports, jobs = Authority(client_id, client_secret, world), Imports(world), Jobs(Books(world))
    door = Door(world, authority)
    upkeep = Upkeep(world, imports, jobs, authority, door)
    door.restart = upkeep.restart
    app = web.Application(client_max_size=BODY_BYTES_MAX, middlewares=[door.middleware])
    parts = (
        Controls(world, imports, jobs),
        Desk(jobs.books),
        People(world, imports),
        upkeep,
        PackageApi(world, imports),
        BlobStore(world),
    )
    for part in (*parts, D365Service(world), authority):
        app.add_routes(part.routes())
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
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

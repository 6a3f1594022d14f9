"""Start one simulated D365 environment: `python -m simulator --port 8443 --folder DIR [--jobs-every-minutes 15]`."""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import signal
from pathlib import Path

from simulator.app import serving
from simulator.clock import clock_of

DEFAULT_CLIENT_ID, DEFAULT_CLIENT_SECRET = "simulator-client", "simulator-secret"


def main() -> None:
    """Serve until SIGTERM or SIGINT. One JSON line on stdout says when it is ready and where."""
    parser = argparse.ArgumentParser(prog="simulator", description=__doc__)
    parser.add_argument("--port", type=int, default=8443, help="0 takes a free one")
    parser.add_argument("--folder", type=Path, required=True, help="where ca.pem is written")
    parser.add_argument(
        "--jobs-every-minutes", type=float, default=0, help="of the simulator's own clock; 0: never"
    )
    gc.set_threshold(
        200_000, 20, 50
    )  # rows are many and live long: looking through them all the time only stalls
    asyncio.run(_serve(parser.parse_args()))


async def _serve(given: argparse.Namespace) -> None:
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    client_id = os.environ.get("SIMULATOR_CLIENT_ID") or DEFAULT_CLIENT_ID
    client_secret = os.environ.get("SIMULATOR_CLIENT_SECRET") or DEFAULT_CLIENT_SECRET
    async with serving(
        given.folder, clock_of(), client_id, client_secret, given.port, given.jobs_every_minutes
    ) as running:
        print(json.dumps({"ready": True, "url": running.url, "ca": str(running.ca_file)}), flush=True)
        await ended.wait()


if __name__ == "__main__":
    main()

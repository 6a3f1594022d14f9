"""`make drill` lists what there is to practise; `make drill NAME=new-payment` starts it, and waits until it is solved."""

from __future__ import annotations

import argparse
import asyncio
import ssl
import sys
import tempfile
import textwrap
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx

from demo.clock import Clock
from demo.world import DESKS, World, new_world, running
from drills.drill import Drill
from drills.plan import DRILLS
from drills.scene import Scene, SceneError
from drills.solve import solve
from scripts.runbook import read_runbook

SPEED = 60.0  # a minute of the shop's day is a second here
START_SECONDS = 8.0
LOOKS_EVERY_SECONDS = 3.0
TEMPO = {
    "TILLPOST_HEARTBEAT_SCHEDULE": "0 */5 * * * *",
    "TILLPOST_REFUND_WAIT_HOURS": "1",
    "TILLPOST_GRACE_MINUTES": "60",
    "TILLPOST_TRACKING_MINUTES": "15",
}
JOBS_EVERY_MINUTES = 15
WORDS = """Type here, and press Enter:
  check   is it solved?
  d365    ask the D365 team to do what the runbook has you ask of them
  store   ask the store, or the tills' supplier, to do it
  show    see it solved by the runbook, step by step
  stop    give up"""


class Running:
    """The clock of a scene that runs by itself."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def now(self) -> datetime:
        return self._clock.now()

    async def pass_on(self) -> None:
        await asyncio.sleep(0.5)


def main() -> int:
    """List the drills, or play one; 0 where it was solved."""
    options = argparse.ArgumentParser(
        prog="python -m drills", description="Practise with a fault that was put in."
    )
    options.add_argument(
        "name", nargs="?", choices=sorted(DRILLS), help="which one; without it, they are listed"
    )
    options.add_argument("--show", action="store_true", help="solve it by its runbook, for you to see")
    given = options.parse_args()
    if given.name is None:
        print(listed())
        return 0
    drill = DRILLS[given.name]
    with tempfile.TemporaryDirectory(prefix="tillpost-drill-") as folder:
        world = new_world(Path(folder))
        clock = Clock(drill.begins, datetime.now(UTC) + timedelta(seconds=START_SECONDS), SPEED)
        print("starting storage, D365's simulator and the app ...", flush=True)
        with running(world, clock, JOBS_EVERY_MINUTES if drill.jobs else 0, TEMPO):
            try:
                return asyncio.run(_play(drill, world, clock, show=given.show))
            except KeyboardInterrupt:
                print("\nstopped")
                return 1


def listed() -> str:
    """Give every drill with its owner and the beginning of its task."""
    lines = ["Drills: make drill NAME=..., SHOW=yes to see it solved", ""]
    for name, one in DRILLS.items():
        who, _, rest = one.task.partition(". ")
        lines.append(
            f"  {name:<20} {who.removeprefix('You are ')}: {textwrap.shorten(rest, 86, placeholder=' …')}"
        )
    return "\n".join(lines)


async def _play(drill: Drill, world: World, clock: Clock, *, show: bool) -> int:
    trust = ssl.create_default_context(cafile=str(world.ca_file))
    keys = {role: world.keys[desk] for desk, role in DESKS.items()}
    async with (
        httpx.AsyncClient(base_url=world.app_url, timeout=30) as app,
        httpx.AsyncClient(base_url=world.simulator_url, verify=trust, timeout=30) as d365,
    ):
        scene = Scene(app, d365, Running(clock), keys, world.sender_secret)
        await scene.set_up()
        print("putting the fault in ...", flush=True)
        await drill.begin(scene)
        print(_task(drill, world, keys), flush=True)
        began = time.monotonic()
        solved = await _shown(scene, drill) if show else await _watched(scene, drill)
    took = timedelta(seconds=round(time.monotonic() - began))
    print(f"\nSOLVED after {took}." if solved else f"\nNot solved, after {took}.", flush=True)
    if solved:
        print(
            f"How to know it worked, says its runbook: {' '.join(read_runbook(drill.reason).worked.split())}"
        )
    return 0 if solved else 1


def _task(drill: Drill, world: World, keys: dict[str, str]) -> str:
    owned = "\n".join(f"  {role:<17} {key}" for role, key in keys.items())
    example = f"curl -sS -H 'Authorization: Bearer {keys['reader']}' {world.app_url}/api/causes"
    return "\n".join(
        [
            "", f"DRILL {drill.name}", "", textwrap.fill(drill.task, 100), "",
            f"The app is at {world.app_url}/api; begin with\n  {example}",
            f"Keys, one a desk:\n{owned}",
            f"Its runbook, when you have found the task: docs/handover/runbooks/{drill.reason}.md",
            "A minute of the shop's day is a second here.", "", WORDS,
        ]
    )  # fmt: skip


async def _shown(scene: Scene, drill: Drill) -> bool:
    for number, step in enumerate(await solve(scene, drill), 1):
        print(f"  {number}. {step}", flush=True)
    return True


async def _watched(scene: Scene, drill: Drill) -> bool:
    """Look every few seconds whether it is solved, and do meanwhile what is typed."""
    lines: asyncio.Queue[str] = asyncio.Queue()
    loop = asyncio.get_running_loop()
    threading.Thread(target=_read, args=(loop, lines), daemon=True).start()
    while True:
        if not await drill.wrong(scene):
            return True
        try:
            word = await asyncio.wait_for(lines.get(), LOOKS_EVERY_SECONDS)
        except TimeoutError:
            continue
        if word == "stop":
            return False
        try:
            if word == "show" and await _shown(scene, drill):
                return True
            print(await _answer(scene, drill, word), flush=True)
        except SceneError as error:
            print(f"that did not work: {error}", flush=True)


async def _answer(scene: Scene, drill: Drill, word: str) -> str:
    if word == "d365":
        await drill.in_d365(scene)
        return "The D365 team has done what it was asked."
    if word == "store":
        await drill.at_till(scene)
        return "The store has done what it was asked."
    if word == "check":
        return "\n".join(["Not yet:", *(f"  - {one}" for one in await drill.wrong(scene))])
    return WORDS


def _read(loop: asyncio.AbstractEventLoop, lines: asyncio.Queue[str]) -> None:
    for line in sys.stdin:
        loop.call_soon_threadsafe(lines.put_nowait, line.strip().lower())


if __name__ == "__main__":
    sys.exit(main())

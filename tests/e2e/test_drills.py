"""Each drill is what its task says, is not solved by waiting, and is solved by the calls of its runbook and nothing else."""

from __future__ import annotations

import pytest

from drills.drill import Drill
from drills.plan import DRILLS
from drills.scene import Scene
from drills.solve import solve
from tests.e2e.drill_world import drill_scene
from tests.unit.flow_services import run


async def nothing_waits(scene: Scene) -> bool:
    return await scene.causes() == []


@pytest.mark.parametrize("drill", DRILLS.values(), ids=lambda one: one.name)
def test_a_drill_is_solved_by_its_runbook_alone(drill: Drill) -> None:
    async def story() -> None:
        async with drill_scene(drill) as scene:
            await drill.begin(scene)
            assert [one["code"] for one in await scene.causes()] == [drill.reason]
            for _ in range(6):
                await scene.time.pass_on()
            assert await drill.wrong(scene) != [], "it is solved by waiting"
            done = await solve(scene, drill)
            assert len(done) == len(drill.steps)
            assert await scene.cause(drill.reason) is None
            await scene.until("nothing waits any more", lambda: nothing_waits(scene))

    run(story())

"""How fast a virtual day may pass on this machine: as fast as it can be traded in time, but no faster.

The app, storage and D365's simulator share the machine with the demo. Where two of its cores are busy, weak or only one,
the same day takes longer, and receipts would arrive after close that the tills sent in time.
"""

from __future__ import annotations

import subprocess
import sys

SPEED_MAX = 720.0
SPEED_MIN = 400.0  # a day and its repair then take a little less than five minutes
SECONDS_WHERE_720_IS_KEPT = 0.60
AT_ONCE = 2
TIMEOUT_SECONDS = 30.0
_WORK = """
import json, time
began = time.perf_counter()
for number in range(300):
    json.loads(json.dumps({str(one): [one, {"of": one * number}] for one in range(400)}))
print(time.perf_counter() - began)
"""


def speed_for_this_machine() -> float:
    """Let two processes work side by side for a moment and choose the speed by the slower one."""
    workers = [
        subprocess.Popen([sys.executable, "-S", "-c", _WORK], stdout=subprocess.PIPE, text=True)
        for _ in range(AT_ONCE)
    ]
    seconds = [float(worker.communicate(timeout=TIMEOUT_SECONDS)[0]) for worker in workers]
    return speed_of(max(seconds))


def speed_of(seconds: float) -> float:
    """Give the speed for a machine that needs so many seconds for the sample of work."""
    speed = SPEED_MAX * SECONDS_WHERE_720_IS_KEPT / seconds
    return round(min(max(speed, SPEED_MIN), SPEED_MAX) / 20) * 20.0

"""Every trigger of the app, named for what happened outside: unwrap, call one flow, answer.

Those that are called over HTTP are in `shared/triggers/`, by what they are about; doorbells and timers are here.
"""

from __future__ import annotations

import functools
import gc
import logging

import azure.functions as func

from shared.flows.check_effects import check_effects
from shared.flows.compile_statements import compile_statements
from shared.flows.continue_releases import continue_releases
from shared.flows.end_empty_causes import end_empty_causes
from shared.flows.fetch_wanted import fetch_wanted
from shared.flows.ingest_transactions import ingest_transactions
from shared.flows.keep_causes import keep_causes
from shared.flows.keep_given_up import keep_given_up
from shared.flows.let_go import let_go
from shared.flows.map_transactions import map_transactions
from shared.flows.post_transactions import post_transactions
from shared.flows.read_reference import read_reference
from shared.flows.ring_overdue import ring_overdue
from shared.flows.send_alerts import send_alerts
from shared.flows.sweep_vendors import sweep_vendors
from shared.flows.track_packages import track_packages
from shared.flows.watch_lateness import watch_lateness
from shared.flows.watch_silence import watch_silence
from shared.services import services
from shared.storage.due import read_doorbell
from shared.triggers import (
    causes,
    checks,
    completeness,
    decisions,
    environment,
    mappings,
    month_end,
    personal,
    receipts,
    returns,
    shifts,
    storedays,
    tasks,
    vendors,
)
from shared.triggers.answered import rung

gc.set_threshold(
    50_000, 20, 100
)  # requests make many short-lived objects; the default collects far too often

app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)
for part in (
    receipts,
    storedays,
    shifts,
    returns,
    completeness,
    tasks,
    decisions,
    causes,
    mappings,
    environment,
    month_end,
    checks,
    vendors,
    personal,
):
    app.register_functions(part.blueprint)
log = logging.getLogger("tillpost")


@app.queue_trigger("message", queue_name="mapping-due", connection="TILLPOST_STORAGE")
@rung
async def mapping_due(message: func.QueueMessage) -> None:
    await map_transactions(await services(), read_doorbell(message.get_body().decode()))


@app.queue_trigger("message", queue_name="posting-due", connection="TILLPOST_STORAGE")
@rung
async def posting_due(message: func.QueueMessage) -> None:
    log.info("posting rests: %s", await post_transactions(await services()))


@app.queue_trigger("message", queue_name="mapping-due-poison", connection="TILLPOST_STORAGE")
async def mapping_given_up(message: func.QueueMessage) -> None:
    await keep_given_up(await services(), "mapping-due", message.get_body().decode(errors="replace"))


@app.queue_trigger("message", queue_name="posting-due-poison", connection="TILLPOST_STORAGE")
async def posting_given_up(message: func.QueueMessage) -> None:
    await keep_given_up(await services(), "posting-due", message.get_body().decode(errors="replace"))


@app.timer_trigger("timer", schedule="%TILLPOST_HEARTBEAT_SCHEDULE%")
async def heart_beat(timer: func.TimerRequest) -> None:
    await ring_overdue(await services())


@app.timer_trigger("timer", schedule="%TILLPOST_HEARTBEAT_SCHEDULE%")
async def headquarters_moved(timer: func.TimerRequest) -> None:
    await track_packages(await services())


@app.timer_trigger("timer", schedule="%TILLPOST_HEARTBEAT_SCHEDULE%")
async def reference_aged(timer: func.TimerRequest) -> None:
    log.info("D365's reference data: %s", await read_reference(await services()))


@app.timer_trigger("timer", schedule="%TILLPOST_HEARTBEAT_SCHEDULE%")
async def returns_aged(timer: func.TimerRequest) -> None:
    await check_effects(await services())


@app.timer_trigger("timer", schedule="%TILLPOST_HEARTBEAT_SCHEDULE%")
async def day_ended(timer: func.TimerRequest) -> None:
    await compile_statements(await services())


@app.timer_trigger("timer", schedule="%TILLPOST_HEARTBEAT_SCHEDULE%")
async def silence_lasted(timer: func.TimerRequest) -> None:
    await watch_silence(await services())


@app.timer_trigger("timer", schedule="%TILLPOST_HEARTBEAT_SCHEDULE%")
async def receipts_aged(timer: func.TimerRequest) -> None:
    await watch_lateness(await services())


@app.timer_trigger("timer", schedule="%TILLPOST_HEARTBEAT_SCHEDULE%")
async def causes_emptied(timer: func.TimerRequest) -> None:
    await end_empty_causes(await services())


@app.timer_trigger("timer", schedule="%TILLPOST_HEARTBEAT_SCHEDULE%")
async def release_stood_still(timer: func.TimerRequest) -> None:
    await continue_releases(await services(), map_transactions)


@app.timer_trigger("timer", schedule="%TILLPOST_HEARTBEAT_SCHEDULE%")
async def causes_moved(timer: func.TimerRequest) -> None:
    log.info("causes: %s", await keep_causes(await services()))


@app.timer_trigger("timer", schedule="%TILLPOST_HEARTBEAT_SCHEDULE%")
async def alerts_waited(timer: func.TimerRequest) -> None:
    log.info("alerts delivered: %d", await send_alerts(await services()))


@app.timer_trigger("timer", schedule="%TILLPOST_HEARTBEAT_SCHEDULE%")
async def time_passed(timer: func.TimerRequest) -> None:
    await let_go(await services())


@app.timer_trigger("timer", schedule="%TILLPOST_HEARTBEAT_SCHEDULE%")
async def vendors_waited(timer: func.TimerRequest) -> None:
    await fetch_wanted(await services(), functools.partial(ingest_transactions, tell_again=False))


@app.timer_trigger("timer", schedule="%TILLPOST_HEARTBEAT_SCHEDULE%")
async def vendors_listed(timer: func.TimerRequest) -> None:
    await sweep_vendors(await services())

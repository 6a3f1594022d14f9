"""What all triggers have in common: services in, errors out as answers, and doorbells that may go."""

from __future__ import annotations

import functools
import logging
from collections.abc import Awaitable, Callable

import azure.functions as func

from shared.errors import RetryableError, SettingsError, TillpostError, UnknownOutcomeError
from shared.services import Services, services
from shared.web.answers import answer_error, log_text

log = logging.getLogger("tillpost")
Handler = Callable[[func.HttpRequest, Services], Awaitable[func.HttpResponse]]
DECIDERS = ("finance", "store_operations", "retail_systems", "it")


def answered(handler: Handler) -> Callable[[func.HttpRequest], Awaitable[func.HttpResponse]]:
    """Give a handler its services, and turn errors of ours into answers. Anything else is a bug and stays one."""

    @functools.wraps(handler, assigned=("__name__", "__qualname__", "__module__", "__doc__"))
    async def trigger(request: func.HttpRequest) -> func.HttpResponse:
        try:
            return await handler(request, await services())
        except TillpostError as error:
            level = logging.ERROR if isinstance(error, SettingsError) else logging.INFO
            log.log(level, "%s %s was answered with: %s", request.method, handler.__name__, log_text(error))
            return answer_error(error)

    del trigger.__wrapped__  # the host reads the signature: one parameter, the request
    return trigger


def rung(
    work: Callable[[func.QueueMessage], Awaitable[None]],
) -> Callable[[func.QueueMessage], Awaitable[None]]:
    """Let a doorbell go where time helps: its due row stays, the heartbeat rings again, and no delivery is used up.

    Whatever else is raised is a bug: the message comes back, five times at most.
    """

    @functools.wraps(work, assigned=("__name__", "__qualname__", "__module__", "__doc__"))
    async def trigger(message: func.QueueMessage) -> None:
        try:
            await work(message)
        except (RetryableError, UnknownOutcomeError) as error:
            log.warning("%s waits for the next heartbeat: %s", work.__name__, log_text(error))

    del trigger.__wrapped__
    return trigger

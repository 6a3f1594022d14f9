"""What all triggers have in common: services in, errors out as answers, and doorbells that may go."""

from __future__ import annotations

import functools
import logging
import os
from collections.abc import Awaitable, Callable
from typing import Any

import azure.functions as func

from shared.errors import RetryableError, SettingsError, TillpostError, UnknownOutcomeError
from shared.gate import PERSON, Call, Person, admit
from shared.services import Services, services
from shared.settings import FUNCTION_KEYS
from shared.web.answers import answer_error, log_text
from shared.web.paths import signed_path
from shared.web.route import Route, body_of
from shared.web.routes import route_of

log = logging.getLogger("tillpost")
Handler = Callable[[func.HttpRequest, Services], Awaitable[func.HttpResponse]]


def guarded(blueprint: func.Blueprint) -> Callable[..., Callable[[Callable[..., Any]], Any]]:
    """Give the decorator that opens a route of the table, and lets in whom the table says.

    Its function is called with the request, the services and the caller, a person or a sender; behind a route that is
    open to anyone with the request alone.
    """

    def route(path: str, methods: list[str]) -> Callable[[Callable[..., Any]], Any]:
        (method,) = methods
        one = route_of(method, f"/{path}")
        opened = blueprint.route(
            path, trigger_arg_name="request", methods=methods, auth_level=_fence_before(one)
        )
        return lambda handler: opened(
            answered(_behind_the_gate(one, handler)) if one.security.ways else handler
        )

    return route


def _fence_before(route: Route) -> func.AuthLevel:
    """Give whether Azure itself asks for a function key first: where machines alone call, and where the setting says so."""
    is_machines = bool(route.security.ways) and PERSON not in route.security.ways
    is_on = os.environ.get(FUNCTION_KEYS, "").strip() == "on"
    return func.AuthLevel.FUNCTION if is_machines and is_on else func.AuthLevel.ANONYMOUS


def _behind_the_gate(route: Route, handler: Callable[..., Awaitable[func.HttpResponse]]) -> Handler:
    @functools.wraps(handler)
    async def checked(request: func.HttpRequest, services: Services) -> func.HttpResponse:
        path = signed_path(route.path, request.route_params)
        call = Call(request.method, path, request.headers, request.get_body())
        caller = await admit(route.security, services.settings, services.token_keys, call, services.now())
        # Of a source account it is judged where it can be noted that something came (ingest_transactions).
        if isinstance(caller, Person) and route.body:
            body_of(request, route)
        return await handler(request, services, caller)

    return checked


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

"""Loads `function_app.py` and says what is in it: each function with its one trigger."""

from __future__ import annotations

import importlib
import inspect
import json
import sys
import typing
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import azure.functions as func
from azure.functions import meta

from localhost.settings import HostError

HTTP, QUEUE, TIMER = "httpTrigger", "queueTrigger", "timerTrigger"


@dataclass(frozen=True, slots=True)
class Function:
    """One function of the app. `trigger` is its trigger binding as function.json would have it."""

    name: str
    call: Callable[..., Any]
    trigger: dict[str, Any]
    wants_context: bool

    @property
    def kind(self) -> str:
        return str(self.trigger["type"])

    @property
    def parameter(self) -> str:
        """Give the name of the parameter that takes the trigger's value."""
        return str(self.trigger["name"])

    @property
    def address(self) -> str:
        """Give what it listens to: the route, the queue's name or the schedule, unresolved."""
        return str(self.trigger[{HTTP: "route", QUEUE: "queueName", TIMER: "schedule"}[self.kind]])


def load_app(folder: Path) -> tuple[Function, ...]:
    """Import function_app.py of a folder and list its functions. Only once per process: the library allows no second.

    Raises:
        HostError: there is no app, or a function that Azure would refuse or that this host cannot run.
    """
    sys.path.insert(0, str(folder))
    module = importlib.import_module("function_app")
    apps = {id(value): value for value in vars(module).values() if isinstance(value, func.FunctionRegister)}
    if len(apps) != 1:
        raise HostError(f"function_app.py must hold exactly one FunctionApp; found {len(apps)}")
    (app,) = apps.values()
    return tuple(_function(built) for built in app.get_functions())


def _function(built: Any) -> Function:
    name = str(built.get_function_name())
    bindings = [json.loads(text) for text in built.get_raw_bindings()]
    triggers = [binding for binding in bindings if binding["type"] in (HTTP, QUEUE, TIMER)]
    others = [b for b in bindings if b not in triggers and (b["type"], b["name"]) != ("http", "$return")]
    if len(triggers) != 1 or others:
        kinds = ", ".join(binding["type"] for binding in others) or "none of HTTP, queue and timer"
        raise HostError(
            f"{name}: the local host runs one HTTP, queue or timer trigger a function; found {kinds}"
        )
    call = built.get_user_function()
    function = Function(name, call, triggers[0], "context" in inspect.signature(call).parameters)
    _check_signature(function)
    return function


def _check_signature(function: Function) -> None:
    """Refuse what Azure's worker refuses at its start: parameters and types that do not fit the trigger."""
    asked = set(inspect.signature(function.call).parameters) - {"context"}
    if asked != {function.parameter}:
        raise HostError(
            f"{function.name}: parameters {sorted(asked)}; the trigger gives only {function.parameter!r}"
        )
    hints = typing.get_type_hints(function.call)
    expected = hints.get(function.parameter)
    converter = meta.get_binding_registry().get(function.kind)
    if expected is not None and not converter.check_input_type_annotation(expected):
        raise HostError(
            f"{function.name}: {function.parameter} is annotated {expected!r}, not for a {function.kind}"
        )
    if function.wants_context and hints.get("context", func.Context) is not func.Context:
        raise HostError(f"{function.name}: context must be annotated azure.functions.Context")
    returned = hints.get("return")
    if (
        function.kind == HTTP
        and isinstance(returned, type)
        and not issubclass(returned, (func.HttpResponse, str))
    ):
        raise HostError(
            f"{function.name}: an HTTP function returns HttpResponse or str, not {returned.__name__}"
        )

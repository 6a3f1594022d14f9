"""Calls one function: its input through azure.functions' own converters, its context, its time limit."""

from __future__ import annotations

import asyncio
import inspect
import threading
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import azure.functions as func
from azure.functions import meta

from localhost.app import HTTP, Function

THREAD = threading.local()


@dataclass(frozen=True, slots=True)
class _Trace:
    """An invocation that is part of no distributed trace."""

    trace_parent: str = ""
    trace_state: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Retry:
    """A first try: the triggers run here have no retry policies of their own."""

    retry_count: int = 0
    max_retry_count: int = 0
    exception: None = None


@dataclass(frozen=True)
class InvocationContext(func.Context):
    """What a function gets that asks for `context: func.Context`."""

    function_name: str = ""
    function_directory: str = ""
    invocation_id: str = ""
    thread_local_storage: Any = THREAD
    trace_context: Any = _Trace()
    retry_context: Any = _Retry()


def text(value: object) -> Any:
    """Wrap a value as the string the host would send."""
    return meta.Datum(str(value), "string")


async def invoke(
    function: Function, value: Any, metadata: Mapping[str, Any] | None = None, *, seconds_max: float = 600.0
) -> Any:
    """Call a function with its trigger's value (a Datum) and wait for it; sync functions run in a thread.

    Gives the returned value as a Datum for HTTP functions (None for none), else None. Raises whatever the function
    raises, and TimeoutError when its time is up (a thread cannot be ended: it goes on unheard).
    """
    registry = meta.get_binding_registry()
    arguments = {
        function.parameter: registry.get(function.kind).decode(value, trigger_metadata=metadata or {})
    }
    invocation_id = str(uuid.uuid4())
    if function.wants_context:
        folder = str(Path(inspect.getfile(function.call)).parent)
        arguments["context"] = InvocationContext(function.name, folder, invocation_id)
    async with asyncio.timeout(seconds_max):
        if inspect.iscoroutinefunction(function.call):
            returned = await function.call(**arguments)
        else:
            returned = await asyncio.to_thread(_in_thread, function, arguments, invocation_id)
    if function.kind == HTTP:
        return None if returned is None else registry.get("http").encode(returned, expected_type=None)
    if returned is not None:
        raise RuntimeError(f"{function.name} has no output binding and returned a value")
    return None


def _in_thread(function: Function, arguments: dict[str, Any], invocation_id: str) -> Any:
    THREAD.invocation_id = invocation_id
    return function.call(**arguments)

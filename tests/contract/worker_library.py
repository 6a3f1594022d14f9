"""A program: indexes an app, and may invoke one HTTP function, through `azure_functions_runtime`.

That is the library Microsoft's worker for Python 3.13 runs apps with. Its entry points take protobuf messages from
the host; they only read and set attributes, so plain objects with the same attributes do. Runs as a process of its
own (the library keeps one app per process) and prints JSON: {"functions": [...], "answer": {...}} or {"refused": "..."}.

    python tests/contract/worker_library.py FOLDER [FUNCTION PATH ROUTE_PARAMETERS_AS_JSON]
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from azure_functions_runtime import handle_event
from azure_functions_runtime.bindings.datumdef import Datum
from azure_functions_runtime.native_invocation import invocation_request_native
from azure_functions_runtime.utils.threadpool import start_threadpool_executor

ADDRESS = {"httpTrigger": "route", "queueTrigger": "queueName", "timerTrigger": "schedule"}


class Message:
    """Stands in for any protobuf message: what it is made with, it has."""

    def __init__(self, **fields: Any) -> None:
        self.__dict__.update(fields)


class BindingInfo(Message):
    out, inout, undefined = 1, 2, 0


class StatusResult(Message):
    Success, Failure = "success", "failure"


PROTOS = SimpleNamespace(
    BindingInfo=BindingInfo,
    StatusResult=StatusResult,
    FunctionMetadataResponse=Message,
    RpcException=Message,
    RpcFunctionMetadata=Message,
    WorkerInitResponse=Message,
    WorkerMetadata=Message,
)


async def index(folder: Path) -> list[Any]:
    """Give the metadata of every function, or raise RuntimeError with the library's words when it refuses the app."""
    asked = SimpleNamespace(capabilities={}, function_app_directory=str(folder))
    request = SimpleNamespace(
        request=SimpleNamespace(worker_init_request=asked), properties={"host": "", "protos": PROTOS}
    )
    started = await handle_event.worker_init_request(request)
    if started.result.status != StatusResult.Success:
        raise RuntimeError(started.result.exception.message)
    answer = await handle_event.functions_metadata_request(request)
    return list(answer.function_metadata_results)


def row(metadata: Any) -> dict[str, str]:
    """Describe a function as `python -m localhost --index` does."""
    bindings = [json.loads(text) for text in metadata.raw_bindings]
    (trigger,) = (binding for binding in bindings if binding["type"] in ADDRESS)
    return {"name": metadata.name, "kind": trigger["type"], "address": trigger[ADDRESS[trigger["type"]]]}


async def answer_of(function_id: str, path: str, parameters: dict[str, str]) -> dict[str, Any]:
    """Invoke an HTTP function with GET and give status, content type and body."""
    start_threadpool_executor()
    known = handle_event._functions.get_function(function_id)
    request = {
        "method": Datum("GET", "string"),
        "url": Datum("http://localhost" + path, "string"),
        "headers": {},
        "query": {},
        "params": {name: Datum(value, "string") for name, value in parameters.items()},
        "body": Datum(b"", "bytes"),
    }
    inputs = [(known.trigger_metadata["param_name"], Datum(request, "http"))]
    done, returned, _, error, _ = await invocation_request_native("1", function_id, inputs, {})
    if not done:
        raise RuntimeError(error)
    if returned.type == "string":
        return {"status": 200, "content_type": "text/plain; charset=utf-8", "body": returned.value}
    parts = returned.value
    return {
        "status": int(parts["status_code"].value),
        "content_type": parts["headers"]["content-type"].value,
        "body": parts["body"].value.decode(),
    }


async def main(folder: Path, function: str, path: str, parameters: dict[str, str]) -> dict[str, Any]:
    try:
        found = await index(folder)
    except RuntimeError as error:
        return {"refused": str(error)}
    result: dict[str, Any] = {"functions": sorted(map(row, found), key=lambda one: str(one["name"]))}
    if function:
        (function_id,) = (one.function_id for one in found if one.name == function)
        result["answer"] = await answer_of(function_id, path, parameters)
    return result


if __name__ == "__main__":
    app_folder = Path(sys.argv[1]).resolve()
    sys.path.insert(0, str(app_folder))
    wanted, where, route = sys.argv[2:5] or ("", "", "{}")
    print(json.dumps(asyncio.run(main(app_folder, wanted, where, json.loads(route)))))

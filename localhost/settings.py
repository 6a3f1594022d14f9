"""What the host is told: host.json with its overrides, and local.settings.json for what the environment lacks."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

OVERRIDE = "AzureFunctionsJobHost__"  # Azure's own way to override host.json by environment
SETTING = re.compile(r"%([^%]+)%")
FUNCTION_SECONDS_MAX = 600.0  # a message stays invisible for ten minutes; a function must end before that


class HostError(Exception):
    """The app or its settings cannot be run here; the text says what to change."""


@dataclass(frozen=True, slots=True)
class QueueSettings:
    """host.json's extensions.queues, with Azure's defaults. Times in seconds."""

    batch_size: int = 16
    new_batch_threshold: int = 8
    dequeue_count_max: int = 5
    visibility_seconds: float = 0.0
    polling_seconds_max: float = 60.0
    base64: bool = True


@dataclass(frozen=True, slots=True)
class HostSettings:
    """host.json as far as it matters here. `route_prefix` has no slashes at its ends."""

    queues: QueueSettings
    route_prefix: str = "api"
    function_seconds_max: float = FUNCTION_SECONDS_MAX


def read_host_settings(folder: Path, environ: Mapping[str, str]) -> HostSettings:
    """Read host.json of an app's folder, overridden by AzureFunctionsJobHost__section__name variables."""
    path = folder / "host.json"
    tree: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    for name, value in environ.items():
        if name.startswith(OVERRIDE):
            _override(tree, name.removeprefix(OVERRIDE).split("__"), value)
    extensions = tree.get("extensions", {})
    queues = extensions.get("queues", {})
    batch_size = int(queues.get("batchSize", 16))
    if not 1 <= batch_size <= 32:
        raise HostError(f"host.json: queues.batchSize is {batch_size}; expected 1 to 32")
    return HostSettings(
        queues=QueueSettings(
            batch_size=batch_size,
            new_batch_threshold=int(queues.get("newBatchThreshold", batch_size // 2)),
            dequeue_count_max=int(queues.get("maxDequeueCount", 5)),
            visibility_seconds=seconds_of(queues.get("visibilityTimeout", "00:00:00")),
            polling_seconds_max=seconds_of(queues.get("maxPollingInterval", "00:01:00")),
            base64=str(queues.get("messageEncoding", "base64")).lower() == "base64",
        ),
        route_prefix=str(extensions.get("http", {}).get("routePrefix", "api")).strip("/"),
        function_seconds_max=min(seconds_of(tree.get("functionTimeout", "00:10:00")), FUNCTION_SECONDS_MAX),
    )


def seconds_of(text: str) -> float:
    """Turn .NET's hours:minutes:seconds, such as 00:00:00.250, into seconds."""
    match = re.fullmatch(r"(\d+):(\d\d):(\d\d(?:\.\d+)?)", text)
    if not match:
        raise HostError(f"host.json: {text!r} is not a time of the form hh:mm:ss")
    return int(match[1]) * 3600 + int(match[2]) * 60 + float(match[3])


def complete_environment(folder: Path, environ: MutableMapping[str, str] = os.environ) -> None:
    """Add what local.settings.json names and the environment lacks; empty values count as not named."""
    path = folder / "local.settings.json"
    if not path.exists():
        return
    values: dict[str, str] = json.loads(path.read_text(encoding="utf-8")).get("Values", {})
    for name, value in values.items():
        if value and name not in environ:
            environ[name] = value


def resolved(text: str, environ: Mapping[str, str] = os.environ) -> str:
    """Replace each %NAME% by its setting.

    Raises:
        HostError: there is no such setting.
    """

    def value(match: re.Match[str]) -> str:
        if not environ.get(match[1]):
            raise HostError(f"the setting {match[1]} is named in function_app.py and not set")
        return environ[match[1]]

    return SETTING.sub(value, text)


def _override(tree: dict[str, Any], names: list[str], value: str) -> None:
    """Set one value deep in host.json; names find their keys whatever the letters' case, as in Azure."""
    for depth, name in enumerate(names):
        key = next((known for known in tree if known.lower() == name.lower()), name)
        if depth == len(names) - 1:
            tree[key] = value
        else:
            tree = tree.setdefault(key, {})

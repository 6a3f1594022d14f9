"""Drives the simulator over its real HTTPS, with requests and packages written out by hand: nothing of the app's."""

from __future__ import annotations

import asyncio
import io
import json
import ssl
import threading
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import httpx

from simulator.app import serving
from simulator.clock import Clock

CLIENT_ID, CLIENT_SECRET = "the-app", "its-secret"
ACTION = "/data/DataManagementDefinitionGroups/Microsoft.Dynamics.DataEntities."
Row = dict[str, object]
Rows = Mapping[str, Sequence[Row]]
NAMESPACE = "http://schemas.microsoft.com/dynamics/2015/01/DataManagement"


class Headquarters:
    """One running simulator, spoken to as D365 is."""

    def __init__(self, url: str, ca_file: Path) -> None:
        self.url = url
        self.http = httpx.Client(
            base_url=url, verify=ssl.create_default_context(cafile=str(ca_file)), timeout=30
        )
        self.bearer: dict[str, str] = {}
        self.sign_in()

    def sign_in(self) -> None:
        answer = self.token()
        assert answer.status_code == 200, answer.text
        self.bearer = {"Authorization": f"Bearer {answer.json()['access_token']}"}

    def token(self, **changes: str) -> httpx.Response:
        form = {
            "grant_type": "client_credentials", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET,
            "scope": f"{self.url}/.default", **changes,
        }  # fmt: skip
        return self.http.post("/some-tenant/oauth2/v2.0/token", data=form)

    def sim(self, name: str, body: object = None) -> Any:
        answer = (
            self.http.get(f"/_sim/{name}") if body is None else self.http.post(f"/_sim/{name}", json=body)
        )
        assert answer.is_success, answer.text
        return answer.json(parse_float=Decimal)

    def action(self, name: str, body: object) -> httpx.Response:
        return self.http.post(ACTION + name, json=body, headers=self.bearer)

    def value(self, name: str, body: object) -> Any:
        answer = self.action(name, body)
        assert answer.status_code == 200, answer.text
        return answer.json()["value"]

    def get(self, path: str, **params: str) -> httpx.Response:
        return self.http.get(f"/data/{path}", params=params or None, headers=self.bearer)

    def rows(self, odata_set: str, **params: str) -> list[dict[str, Any]]:
        answer = self.get(
            odata_set, **{"cross-company": "true", **{f"${name}": text for name, text in params.items()}}
        )
        assert answer.status_code == 200, answer.text
        return list(json.loads(answer.text, parse_float=Decimal)["value"])

    def status(self, execution_id: str = "run-1") -> str:
        return str(self.value("GetExecutionSummaryStatus", {"executionId": execution_id}))

    def until(self, wanted: Callable[[], bool]) -> None:
        for _ in range(2_000):
            if wanted():
                return
            time.sleep(0.005)
        raise AssertionError("it did not happen")

    def upload(self, content: bytes, name: str = "package.zip") -> str:
        url: str = json.loads(self.value("GetAzureWriteUrl", {"uniqueFileName": name}))["BlobUrl"]
        answer = self.http.put(url, content=content, headers={"x-ms-blob-type": "BlockBlob"})
        assert answer.status_code == 201, answer.text
        return url

    def submit(self, content: bytes, execution_id: str = "run-1", company: str = "usrt") -> httpx.Response:
        return self.import_from(self.upload(content), execution_id, company)

    def import_from(self, url: str, execution_id: str = "run-1", company: str = "usrt") -> httpx.Response:
        body = {
            "packageUrl": url, "definitionGroupId": "Tillpost", "executionId": execution_id, "execute": True,
            "overwrite": True, "legalEntityId": company,
        }  # fmt: skip
        return self.action("ImportFromPackage", body)

    def wait(self, execution_id: str = "run-1") -> str:
        for _ in range(2_000):
            answer = self.action("GetExecutionSummaryStatus", {"executionId": execution_id})
            if answer.status_code == 200 and answer.json()["value"] not in ("NotRun", "Executing"):
                return str(answer.json()["value"])
            time.sleep(0.005)
        raise AssertionError("the import did not end")

    def import_rows(self, rows: Rows, execution_id: str = "run-1") -> str:
        answer = self.submit(package_of(rows), execution_id)
        assert answer.status_code == 200, answer.text
        return self.wait(execution_id)

    def counts(self, execution_id: str = "run-1") -> dict[str, tuple[int, int, int]]:
        found = self.value("GetEntityExecutionSummaryStatusList", {"executionId": execution_id})
        return {
            one["EntityName"]: (
                one["TargetRecordsCreatedCount"], one["TargetRecordsUpdatedCount"],
                one["TargetRecordsErrorCount"] + one["StagingRecordsErrorCount"],
            )
            for one in found
        }  # fmt: skip

    def errors(self, execution_id: str = "run-1") -> list[str]:
        return list(json.loads(self.value("GetExecutionErrors", {"executionId": execution_id})))

    def validate(self) -> dict[str, int]:
        return dict(self.sim("jobs/validate", {}))

    def post_statements(self, kind: str = "transactional") -> list[dict[str, Any]]:
        return list(self.sim(f"jobs/statements/{kind}", {})["statements"])


@dataclass(frozen=True, slots=True)
class TurnedClock(Clock):
    """A clock that a test turns by hand; who sleeps on it wakes up when it is turned far enough."""

    hand: list[datetime] = field(default_factory=lambda: [datetime(2017, 12, 24, 8, tzinfo=UTC)])

    def now(self) -> datetime:
        return self.hand[0]

    def turn(self, **by: float) -> None:
        self.hand[0] += timedelta(**by)

    async def sleep(self, seconds: float) -> None:
        until = self.hand[0] + timedelta(seconds=seconds)
        while self.hand[0] < until:  # noqa: ASYNC110  # nothing tells when the test turns the hand
            await asyncio.sleep(0.002)


@contextmanager
def headquarters(
    folder: Path, setup: object, clock: Clock | None = None, jobs_every_minutes: float = 0
) -> Iterator[Headquarters]:
    """Serve one environment in a thread of its own, set up and with imports that start at once."""
    ready, ended = threading.Event(), threading.Event()
    found: list[tuple[str, Path]] = []

    async def serve() -> None:
        async with serving(
            folder, clock or Clock(), CLIENT_ID, CLIENT_SECRET, jobs_every_minutes=jobs_every_minutes
        ) as running:
            found.append((running.url, running.ca_file))
            ready.set()
            await asyncio.to_thread(ended.wait)

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    try:
        assert ready.wait(20), "the simulator did not start"
        headquarters = Headquarters(*found[0])
        with closing(headquarters.http):
            headquarters.sim("setup", setup)
            headquarters.sim("switches", {"start_seconds": 0, "queued_seconds": 0, "error_keys_seconds": 0})
            yield headquarters
    finally:
        ended.set()
        thread.join(20)


def package_of(rows: Rows, **changes: Any) -> bytes:
    """Write a data package. changes: see `manifest`; and encoding, line_end, files (name -> bytes, None: left out)."""
    encoding, line_end = changes.pop("encoding", "utf-16"), changes.pop("line_end", "\r\n")
    given: dict[str, bytes | None] = {
        "Manifest.xml": manifest(
            rows, **{key: part for key, part in changes.items() if key != "files"}
        ).encode(),
        "PackageHeader.xml": package_header().encode(),
        **{
            file_name(label): table(label_rows, line_end).encode(encoding)
            for label, label_rows in rows.items()
        },
        **changes.get("files", {}),
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in given.items():
            if content is not None:
                package.writestr(name, content)
    return out.getvalue()


def file_name(label: str) -> str:
    return label.replace("/", "") + ".csv"


def table(rows: Sequence[Row], line_end: str = "\r\n") -> str:
    names = list(rows[0])
    lines = [",".join(names)] + [",".join(cell(row[name]) for name in names) for row in rows]
    return line_end.join(lines) + line_end


def cell(value: object) -> str:
    text = str(value)
    return '"' + text.replace('"', '""') + '"' if any(sign in text for sign in ',"\r\n') else text


def package_header() -> str:
    return (
        f'<DataManagementPackageHeader xmlns="{NAMESPACE}"><Description>x</Description>'
        "<PackageType>DefinitionGroup</PackageType><PackageVersion>2</PackageVersion></DataManagementPackageHeader>"
    )


def manifest(
    rows: Rows, *, maps: bool = True, labels: Mapping[str, str] | None = None, namespace: str = NAMESPACE,
    left_out: Sequence[str] = (), header_level: int = 2,
) -> str:  # fmt: skip
    """Write Manifest.xml, header last. maps: whether columns are mapped; labels: other names; left_out: columns.

    header_level: 0 puts the header before its lines.
    """
    parts = ""
    for label, label_rows in rows.items():
        columns = "".join(
            f"<EntityMap><ArrayIndex>0</ArrayIndex><EntityField>{name}</EntityField><XMLField>{name}</XMLField></EntityMap>"
            for name in label_rows[0]
            if name not in left_out
        )
        level = header_level if label == "Transactions" else 1
        parts += (
            "<DataManagementPackageEntityData><DefaultRefreshType>FullPush</DefaultRefreshType><Disable>false</Disable>"
            + (f"<EntityMapList>{columns}</EntityMapList>" if maps else "")
            + f"<EntityName>{escape((labels or {}).get(label, label))}</EntityName><ExecutionUnit>1</ExecutionUnit>"
            f"<InputFilePath>{escape(file_name(label))}</InputFilePath><LevelInExecutionUnit>{level}</LevelInExecutionUnit>"
            "<SequenceInLevel>1</SequenceInLevel><SourceFormat>CSV-Unicode</SourceFormat></DataManagementPackageEntityData>"
        )
    return (
        f'<DataManagementPackageManifest xmlns="{namespace}"><DefinitionGroupName>Tillpost</DefinitionGroupName>'
        f"<PackageEntityList>{parts}</PackageEntityList></DataManagementPackageManifest>"
    )

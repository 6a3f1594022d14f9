"""The package REST API: the actions of DataManagementDefinitionGroups (D365 facts §4)."""

from __future__ import annotations

import json
import uuid
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from aiohttp import web

from simulator.answers import D365Error, json_answer
from simulator.blobs import Blob
from simulator.executions import ENDED, EntityOutcome, Execution, keys_file, staging_file
from simulator.exports import DataProject, exported
from simulator.faults import on_call
from simulator.imports import ImportRefusedError, Imports
from simulator.package_file import UnusablePackageError, read_manifest, row_count
from simulator.public_actions import PACKAGE_ACTIONS
from simulator.values import json_text
from simulator.world import World

PREFIX = "/data/DataManagementDefinitionGroups/Microsoft.Dynamics.DataEntities."
EXECUTION_ID_MAX = 90
_TYPES: dict[str, type] = {"String": str, "Boolean": bool, "Int32": int}
Body = dict[str, object]


class PackageApi:
    """Answers each action with its `value`."""

    def __init__(self, world: World, imports: Imports) -> None:
        self._world = world
        self._imports = imports
        self._key_files: dict[tuple[str, datetime, str], datetime] = {}
        self._answers: dict[str, Callable[[Body], Awaitable[object]]] = {
            "GetAzureWriteUrl": self._write_url, "ImportFromPackage": self._import, "ImportFromPackageAsync": self._import,
            "GetExecutionSummaryStatus": self._status, "GetEntityExecutionSummaryStatusList": self._entity_statuses,
            "GetExecutionErrors": self._errors, "GetImportStagingErrorFileUrl": self._staging_errors,
            "GenerateImportTargetErrorKeysFile": self._make_keys_file, "GetImportTargetErrorKeysFileUrl": self._keys_file,
            "GetExecutionSummaryPageUrl": self._page, "DeleteExecutionHistoryJob": self._delete_history,
            "ExportToPackage": self._export, "ExportFromPackage": self._export_again,
            "GetExportedPackageUrl": self._exported_url, "GetMessageStatus": self._message_status,
        }  # fmt: skip

    def routes(self) -> list[web.RouteDef]:
        """Give the route of actions."""
        return [web.post(PREFIX + "{action}", self.action)]

    async def action(self, request: web.Request) -> web.Response:
        """Answer one action. A parameter nobody knows, one that is missing or of another type is an error."""
        name = request.match_info["action"]
        if name not in self._answers:
            raise D365Error(404, f"No action '{name}' on type 'DataManagementDefinitionGroup'.")
        body = _body(name, await request.read())
        value = await self._answers[name](body)
        kind = "Edm.Boolean" if isinstance(value, bool) else "Edm.String"
        return json_answer({"@odata.context": f"{self._world.origin}/data/$metadata#{kind}", "value": value})

    async def _write_url(self, body: Body) -> object:
        try:
            blob = self._world.blobs.create(str(body["uniqueFileName"]), self._world.switches.sas_seconds)
        except ValueError as error:
            raise D365Error(400, str(error)) from error
        url = self._world.blobs.url_of(blob, self._world.origin)
        return json_text({"BlobId": f"{{{blob.blob_id}}}", "BlobUrl": url})

    async def _import(self, body: Body) -> object:
        project, company = self._project(body), str(body["legalEntityId"])
        content = self._package(str(body["packageUrl"]))
        execution_id = self._execution_id(body, project)
        try:
            parts = read_manifest(content, self._world.contract)
            if not body["execute"]:
                now = self._world.now()
                self._imports.note(Execution(execution_id, company, now, now))
                return execution_id
            self._imports.submit(
                execution_id, company, content, parts,
                fail_on_error=bool(body.get("failOnError")),
                waits=not body.get("runAsyncWithoutBatch") and not self._is_small(body, content),
                address_is_good=lambda: self._world.blobs.by_url(str(body["packageUrl"])) is not None,
            )  # fmt: skip
        except (UnusablePackageError, ImportRefusedError) as error:
            raise D365Error(400, str(error)) from error
        return execution_id

    def _project(self, body: Body) -> str:
        name = str(body["definitionGroupId"])
        if self._world.data_projects and name not in self._world.data_projects:
            raise D365Error(400, f"The data project {name} does not exist.")
        return name

    def _package(self, url: str) -> bytes:
        """Read an uploaded package by its address, which must not have expired, unless nobody looks."""
        expired = self._world.faults.fire("address_expired", on_call("ImportFromPackage", PREFIX))
        unchecked = self._world.switches.address_checked == "never"
        blob: Blob | None = None if expired else self._world.blobs.by_url(url, expired_too=unchecked)
        if blob is None or blob.content is None:
            text = "The remote server returned an error: (403) Forbidden. The package cannot be read."
            raise D365Error(400, text)
        return blob.content

    def _execution_id(self, body: Body, project: str) -> str:
        execution_id = str(body["executionId"]) or f"{project}-{uuid.uuid4()}"
        if len(execution_id) > EXECUTION_ID_MAX:
            raise D365Error(400, f"The execution ID is longer than {EXECUTION_ID_MAX} characters.")
        return execution_id

    def _is_small(self, body: Body, content: bytes) -> bool:
        """Whether the package has no more rows than the caller lets run without the batch service."""
        threshold = body.get("thresholdToRunInBatch")
        return isinstance(threshold, int) and threshold > 0 and row_count(content) <= threshold

    def _execution(self, body: Body) -> Execution:
        execution_id = str(body["executionId"])
        execution = self._imports.found(execution_id)
        if execution is None:
            raise D365Error(400, f"The job details for execution id {execution_id} were not found.")
        return execution

    def _outcome(self, body: Body) -> EntityOutcome:
        outcome = self._execution(body).outcome(str(body["entityName"]))
        if outcome is None:
            raise D365Error(400, f"Entity {body['entityName']} is not part of the execution.")
        return outcome

    async def _status(self, body: Body) -> object:
        return self._execution(body).status

    async def _entity_statuses(self, body: Body) -> object:
        return [
            {
                "EntityName": one.name,
                "EntityStatus": one.status,
                "StagingRecordsCreatedCount": one.staging_created,
                "StagingRecordsErrorCount": len(one.staging_errors),
                "TargetRecordsCreatedCount": one.created,
                "TargetRecordsUpdatedCount": one.updated,
                "TargetRecordsErrorCount": len(one.target_errors),
            }
            for one in self._execution(body).entities
        ]

    async def _errors(self, body: Body) -> object:
        with_keys = self._world.switches.errors_name_keys == "yes"
        return json_text(self._execution(body).all_errors(with_keys=with_keys))

    async def _staging_errors(self, body: Body) -> object:
        outcome = self._outcome(body)
        return self._file("staging-errors.csv", staging_file(outcome)) if outcome.staging_errors else ""

    async def _make_keys_file(self, body: Body) -> object:
        outcome, execution = self._outcome(body), self._execution(body)
        if not outcome.target_errors or execution.ended_at is None:
            return False
        ready = self._world.now() + timedelta(seconds=self._world.switches.error_keys_seconds)
        self._key_files.setdefault((execution.execution_id, execution.submitted_at, outcome.name), ready)
        return True

    async def _keys_file(self, body: Body) -> object:
        outcome, execution = self._outcome(body), self._execution(body)
        ready = self._key_files.get((execution.execution_id, execution.submitted_at, outcome.name))
        comes = self._world.switches.error_keys_file == "keys"
        is_ready = comes and ready is not None and ready <= self._world.now()
        return self._file("error-keys.csv", keys_file(outcome)) if is_ready else ""

    async def _page(self, body: Body) -> object:
        execution = self._execution(body)
        return f"{self._world.origin}/?cmp={execution.company}&mi=DM_DataManagementWorkspaceMenuItem#{execution.execution_id}"

    async def _delete_history(self, body: Body) -> object:
        execution = self._execution(body)
        if execution.status not in ENDED and execution.ended_at is None and execution.kind != "export":
            raise D365Error(
                400, f"The execution {execution.execution_id} has not ended and cannot be deleted."
            )
        del self._imports.executions[execution.execution_id]
        return ""

    async def _export(self, body: Body) -> object:
        name = str(body["definitionGroupId"])
        project = self._world.data_projects.get(name)
        if project is None or not project.sets:
            raise D365Error(400, f"The data project {name} does not exist or exports nothing.")
        return self._write_export(body, project)

    async def _export_again(self, body: Body) -> object:
        """Export what a package's manifest names, as a data project made of it would."""
        try:
            parts = read_manifest(self._package(str(body["packageUrl"])), self._world.contract)
        except UnusablePackageError as error:
            raise D365Error(400, str(error)) from error
        sets = tuple(part.entity.odata_set for part in parts)
        return self._write_export(body, DataProject(str(body["definitionGroupId"]), sets))

    def _write_export(self, body: Body, project: DataProject) -> str:
        company, now = str(body["legalEntityId"]), self._world.now()
        if company not in self._world.database.reference.legal_entities:
            raise D365Error(400, f"The company '{company}' does not exist.")
        execution_id = self._execution_id(body, project.name)
        if execution_id in self._imports.executions and not body.get("reExecute", True):
            raise D365Error(400, f"The execution ID {execution_id} already exists.")
        shapes = [self._world.contract.shapes[one] for one in project.sets]
        execution = Execution(
            execution_id, company, now, now + timedelta(seconds=self._world.switches.start_seconds), "export"
        )
        execution.content, counts = exported(self._world.database, project, shapes, company)
        for shape, (label, count) in zip(shapes, counts.items(), strict=True):
            outcome = EntityOutcome(shape.inner, label, "Succeeded", created=count)
            execution.entities.append(outcome)
        execution.status, execution.ended_at = "Succeeded", execution.known_from
        self._imports.note(execution)
        return execution_id

    async def _exported_url(self, body: Body) -> object:
        execution = self._imports.found(str(body["executionId"]))
        if execution is None or execution.content is None:
            return ""
        return self._file(f"{execution.execution_id}.zip", execution.content)

    async def _message_status(self, body: Body) -> object:
        """Messages come from the recurring integrations interface, through which nothing is sent here."""
        raise D365Error(400, f"The message {body['messageId']} was not found.")

    def _file(self, name: str, content: bytes) -> str:
        blob = self._world.blobs.create(name, self._world.switches.sas_seconds, content)
        return self._world.blobs.url_of(blob, self._world.origin)


def _body(name: str, content: bytes) -> Body:
    action = PACKAGE_ACTIONS[name]
    try:
        body = json.loads(content)
    except ValueError as error:
        raise D365Error(400, "The request body is not valid JSON.") from error
    needed = set(action.parameters) - action.optional
    if not isinstance(body, dict) or not needed <= set(body) <= set(action.parameters):
        raise D365Error(400, f"The parameters of '{name}' are {', '.join(action.parameters)}.")
    for parameter, value in body.items():
        kind = action.parameters[parameter]
        if not isinstance(value, _TYPES[kind]) or (kind == "Int32" and isinstance(value, bool)):
            raise D365Error(400, f"The parameter '{parameter}' of '{name}' is of type Edm.{kind}.")
    return body

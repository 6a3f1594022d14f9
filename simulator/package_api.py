"""The package REST API: the actions of DataManagementDefinitionGroups, and the blob store packages travel through."""

from __future__ import annotations

import json
import uuid
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from aiohttp import web

from simulator.answers import D365Error, json_answer
from simulator.imports import EntityOutcome, Execution, ImportRefusedError, Imports, keys_file, staging_file
from simulator.package_file import UnusablePackageError, read_manifest
from simulator.values import json_text
from simulator.world import World

PREFIX = "/data/DataManagementDefinitionGroups/Microsoft.Dynamics.DataEntities."
Body = dict[str, object]


class PackageApi:
    """Answers each action with its `value`."""

    def __init__(self, world: World, imports: Imports) -> None:
        self._world = world
        self._imports = imports
        self._key_files: dict[tuple[str, str], datetime] = {}
        self._actions: dict[str, tuple[tuple[str, ...], Callable[[Body], Awaitable[object]]]] = {
            "GetAzureWriteUrl": (("uniqueFileName",), self._write_url),
            "ImportFromPackage": (
                ("packageUrl", "definitionGroupId", "executionId", "execute", "overwrite", "legalEntityId"), self._import,
            ),
            "GetExecutionSummaryStatus": (("executionId",), self._status),
            "GetEntityExecutionSummaryStatusList": (("executionId",), self._entity_statuses),
            "GetExecutionErrors": (("executionId",), self._errors),
            "GetImportStagingErrorFileUrl": (("executionId", "entityName"), self._staging_errors),
            "GenerateImportTargetErrorKeysFile": (("executionId", "entityName"), self._make_keys_file),
            "GetImportTargetErrorKeysFileUrl": (("executionId", "entityName"), self._keys_file),
            "GetExecutionSummaryPageUrl": (("executionId",), self._page),
        }  # fmt: skip

    def routes(self) -> list[web.RouteDef]:
        """Give the routes of actions and blobs."""
        return [
            web.post(PREFIX + "{action}", self.action),
            web.put("/blob/dmf/{blob}/{name}", self.put_blob),
            web.get("/blob/dmf/{blob}/{name}", self.get_blob),
        ]

    async def action(self, request: web.Request) -> web.Response:
        """Answer one action. A parameter nobody knows, or one that is missing, is an error."""
        name = request.match_info["action"]
        if name not in self._actions:
            raise D365Error(404, f"No action '{name}' on type 'DataManagementDefinitionGroup'.")
        parameters, answer = self._actions[name]
        try:
            body = json.loads(await request.read())
        except ValueError as error:
            raise D365Error(400, "The request body is not valid JSON.") from error
        if not isinstance(body, dict) or set(body) != set(parameters):
            raise D365Error(400, f"The parameters of '{name}' are {', '.join(parameters)}.")
        value = await answer(body)
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
        if not isinstance(body["execute"], bool) or not isinstance(body["overwrite"], bool):
            raise D365Error(400, "execute and overwrite are of type Edm.Boolean.")
        if self._world.data_projects and body["definitionGroupId"] not in self._world.data_projects:
            raise D365Error(400, f"The data project {body['definitionGroupId']} does not exist.")
        blob = self._world.blobs.by_url(str(body["packageUrl"]))
        if blob is None or blob.content is None:
            raise D365Error(
                400, "The remote server returned an error: (403) Forbidden. The package cannot be read."
            )
        execution_id = str(body["executionId"]) or f"{body['definitionGroupId']}-{uuid.uuid4()}"
        if len(execution_id) > 90:
            raise D365Error(400, "The execution ID is longer than 90 characters.")
        try:
            parts = read_manifest(blob.content, self._world.contract)
            self._imports.submit(execution_id, str(body["legalEntityId"]), blob.content, parts)
        except (UnusablePackageError, ImportRefusedError) as error:
            raise D365Error(400, str(error)) from error
        return execution_id

    def _execution(self, body: Body) -> Execution:
        execution_id = str(body["executionId"])
        if self._imports.status(execution_id) is None:
            raise D365Error(400, f"The job details for execution id {execution_id} were not found.")
        return self._imports.executions[execution_id]

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
                "EntityName": one.entity.label,
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
        return json_text(self._execution(body).all_errors())

    async def _staging_errors(self, body: Body) -> object:
        outcome = self._outcome(body)
        return self._file("staging-errors.csv", staging_file(outcome)) if outcome.staging_errors else ""

    async def _make_keys_file(self, body: Body) -> object:
        outcome = self._outcome(body)
        if not outcome.target_errors or self._execution(body).ended_at is None:
            return False
        ready = self._world.now() + timedelta(seconds=self._world.switches.error_keys_seconds)
        self._key_files.setdefault((str(body["executionId"]), outcome.entity.label), ready)
        return True

    async def _keys_file(self, body: Body) -> object:
        outcome = self._outcome(body)
        ready = self._key_files.get((str(body["executionId"]), outcome.entity.label))
        return (
            self._file("error-keys.csv", keys_file(outcome)) if ready and ready <= self._world.now() else ""
        )

    async def _page(self, body: Body) -> object:
        execution = self._execution(body)
        return f"{self._world.origin}/?cmp={execution.company}&mi=DM_DataManagementWorkspaceMenuItem#{execution.execution_id}"

    def _file(self, name: str, content: bytes) -> str:
        blob = self._world.blobs.create(name, self._world.switches.sas_seconds, content)
        return self._world.blobs.url_of(blob, self._world.origin)

    async def put_blob(self, request: web.Request) -> web.Response:
        """Take an upload as Azure's blob service does: its own signature, and no other credential."""
        if request.headers.get("x-ms-blob-type") != "BlockBlob":
            return _blob_error(400, "MissingRequiredHeader")
        if "Authorization" in request.headers:
            return _blob_error(403, "AuthenticationFailed")
        content = await request.read()
        match, signature = request.match_info, request.query.get("sig", "")
        blob = self._world.blobs.allowed(match["blob"], match["name"], signature)
        if blob is None:
            return _blob_error(403, "AuthenticationFailed")
        blob.content = content
        return web.Response(status=201)

    async def get_blob(self, request: web.Request) -> web.Response:
        """Give a blob's content."""
        match, signature = request.match_info, request.query.get("sig", "")
        blob = self._world.blobs.allowed(match["blob"], match["name"], signature)
        if blob is None:
            return _blob_error(403, "AuthenticationFailed")
        if blob.content is None:
            return _blob_error(404, "BlobNotFound")
        return web.Response(body=blob.content, content_type="application/octet-stream")


def _blob_error(status: int, code: str) -> web.Response:
    text = (
        f'<?xml version="1.0" encoding="utf-8"?><Error><Code>{code}</Code><Message>{code}</Message></Error>'
    )
    return web.Response(
        status=status, text=text, content_type="application/xml", headers={"x-ms-error-code": code}
    )

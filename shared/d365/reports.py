"""What D365 reports of imports and exports: files of what failed, links for people, and packages going out.

Entities are named by their labels, spaces and slashes and all, in the body of the call and never in its address.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping

import httpx

from shared.d365.addresses import allowed_upload_url, same_origin
from shared.d365.wire import TIMEOUT, Wire
from shared.errors import RetryableError, UnknownOutcomeError

_ACTIONS = "/data/DataManagementDefinitionGroups/Microsoft.Dynamics.DataEntities."
ERROR_KEYS_WAIT_SECONDS = 5.0
PAGE_LINK_CHARS_MAX = 2_000


class StillWritingError(RetryableError):
    """D365 has not written a file yet that it was asked for. It may never come: whoever waits counts."""


class Reports:
    """Calls of the package API beside importing itself. The client that has a wire is one of these."""

    _wire: Wire
    _upload_hosts: tuple[str, ...]

    async def error_keys(self, execution_id: str, entity: str) -> list[dict[str, str]]:
        """Give the keys of the rows that did not reach their target, as D365's file has them; empty where all
        did.

        Raises:
            StillWritingError: D365 is still writing the file; ask again after `wait_seconds`.
        """
        body = {"executionId": execution_id, "entityName": entity}
        url = await self._action("error_keys", "GetImportTargetErrorKeysFileUrl", body)
        if not url:
            made = await self._action("error_keys", "GenerateImportTargetErrorKeysFile", body)
            if made is not True and str(made).lower() != "true":
                return []
            url = await self._action("error_keys", "GetImportTargetErrorKeysFileUrl", body)
        if not url:
            message = "error_keys: D365 is still writing the file"
            raise StillWritingError(message, wait_seconds=ERROR_KEYS_WAIT_SECONDS)
        return _table_of(await self.download(str(url)))

    async def staging_errors(self, execution_id: str, entity: str) -> list[dict[str, str]]:
        """Give the rows that did not even reach D365's staging, as its file has them; empty where all did."""
        body = {"executionId": execution_id, "entityName": entity}
        url = await self._action("staging_errors", "GetImportStagingErrorFileUrl", body)
        return _table_of(await self.download(str(url))) if url else []

    async def execution_page(self, execution_id: str) -> str:
        """Give the address of an import's page in D365, for people; "" where D365 gives none of its own."""
        value = await self._action("page", "GetExecutionSummaryPageUrl", {"executionId": execution_id})
        url = str(value or "")
        return url if same_origin(url, self._wire.origin) and len(url) <= PAGE_LINK_CHARS_MAX else ""

    async def delete_history(self, execution_id: str) -> None:
        """Delete what D365 keeps of one execution; it does so by itself after seven days. Doing it twice is harmless."""
        await self._action("delete_history", "DeleteExecutionHistoryJob", {"executionId": execution_id})

    async def export_package(
        self, project: str, package: str, execution_id: str, legal_entity: str, *, again: bool = False
    ) -> str:
        """Start an export of a data project and give its execution id. With change tracking it holds what changed since.

        again: run an execution that there is once more.

        Raises:
            UnknownOutcomeError: it may have started; ask `execution_status`.
            RejectedError: D365 refused it, such as a project it does not have.
        """
        body = {
            "definitionGroupId": project,
            "packageName": package,
            "executionId": execution_id,
            "reExecute": again,
            "legalEntityId": legal_entity,
        }
        return str(await self._action("export", "ExportToPackage", body, repeatable=False) or execution_id)

    async def exported_package_url(self, execution_id: str) -> str:
        """Give where an export that succeeded can be fetched, for a while; "" where there is nothing. Never log it."""
        return str(
            await self._action("export_url", "GetExportedPackageUrl", {"executionId": execution_id}) or ""
        )

    async def download(self, url: str) -> bytes:
        """Fetch a file D365 named, from a host that is allowed.

        Raises:
            RejectedError: another host.
        """
        return (
            await self._wire.fetch("blob_get", "GET", allowed_upload_url(url, self._upload_hosts))
        ).content

    async def _action(
        self,
        kind: str,
        action: str,
        body: Mapping[str, object],
        *,
        repeatable: bool = True,
        patience: httpx.Timeout = TIMEOUT,
    ) -> object:
        """Call one action of the package API and give the `value` of its answer."""
        answer = await self._wire.call(
            kind, "POST", _ACTIONS + action, content=json.dumps(body).encode(),
            headers={"Content-Type": "application/json"}, repeatable=repeatable, patience=patience,
        )  # fmt: skip
        try:
            read = answer.json()
        except ValueError as error:
            message = f"{kind}: D365's answer cannot be read"
            raise (RetryableError(message) if repeatable else UnknownOutcomeError(message)) from error
        return read.get("value") if isinstance(read, dict) else read


def _table_of(content: bytes) -> list[dict[str, str]]:
    """Read D365's file of keys: delimited text with a header row, UTF-16 or UTF-8 with or without a mark."""
    encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    reader = csv.DictReader(io.StringIO(content.decode(encoding, "replace"), newline=""))
    return [{name: value for name, value in row.items() if isinstance(value, str)} for row in reader]

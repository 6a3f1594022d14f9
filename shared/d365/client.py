"""The one client of D365: data packages in, changesets for repair, and everything that is read back.

It never retries and never sleeps; flows decide. The class of an error is the decision (see
`shared.d365.wire`). `calls` counts requests by kind; `blob_put` and `blob_get` go to storage and are no D365
calls.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import httpx

from shared.d365 import batch
from shared.d365.addresses import allowed_upload_url, environment_origin, expiry_of
from shared.d365.batch import ChangesetResult, ReceiptRows
from shared.d365.json_text import read_json
from shared.d365.metadata import Metadata
from shared.d365.named_reader import NamedReader
from shared.d365.outcomes import EntityResult, entity_results_of, error_texts_of
from shared.d365.reports import Reports
from shared.d365.tokens import Credential, Tokens
from shared.d365.wire import IMPORT_TIMEOUT, Wire
from shared.errors import RejectedError, RetryableError

_JOB_DETAILS = "DataManagementExecutionJobDetails"
UPLOAD_HOSTS = ("*.blob.core.windows.net",)


@dataclass(frozen=True, slots=True)
class WriteUrl:
    """Where a package may be uploaded, until `expires_at` (None: the address does not say). A secret: never
    log it.
    """

    blob_id: str
    url: str
    expires_at: datetime | None

    def __repr__(self) -> str:
        return f"WriteUrl(blob_id={self.blob_id!r}, expires_at={self.expires_at!r})"


class D365Client(NamedReader, Reports):
    """One D365 environment, as one application user. Reading back is in `Reader`, `KeyedReader` and `NamedReader`, what D365 says
    of imports and exports in `Reports`. Importing must not run in parallel.

    ImportFromPackageAsync is not used: it answers before D365 has looked at the package, so that a refusal which is an answer
    here (a label or project it does not know, another import that runs) would have to be dug out of a job later.

    url: the environment's https address. upload_hosts: hosts packages may be uploaded to, exact (with a port
    where it is not 443) or as `*.domain`. now: the app's clock, for Retry-After dates only.
    """

    def __init__(
        self,
        url: str,
        credential: Credential,
        http: httpx.AsyncClient,
        now: Callable[[], datetime],
        data_project: str,
        upload_hosts: Sequence[str] = UPLOAD_HOSTS,
    ) -> None:
        origin = environment_origin(url)
        super().__init__(Wire(origin, Tokens(credential, origin), http, now))
        self.metadata = Metadata(self._wire)
        self._data_project = data_project
        self._upload_hosts = tuple(upload_hosts)

    @property
    def calls(self) -> Counter[str]:
        """Requests made so far, by kind."""
        return self._wire.calls

    async def close(self) -> None:
        """Close all connections; for programs that end before the process does."""
        await self._wire.close()

    async def write_url(self, name: str) -> WriteUrl:
        """Ask for an address to upload a package called `name` to; good for a while and for this blob
        only.
        """
        value = await self._action("write_url", "GetAzureWriteUrl", {"uniqueFileName": name})
        try:
            inner = read_json(str(value))
            blob_id, url = str(inner["BlobId"]), str(inner["BlobUrl"])
        except (ValueError, TypeError, KeyError) as error:
            raise RetryableError("write_url: D365's answer cannot be read") from error
        return WriteUrl(blob_id, url, expiry_of(url))

    async def upload(self, url: str, content: bytes) -> None:
        """Put a package where `write_url` said. Doing it twice is harmless.

        Raises:
            RejectedError: the host is not one packages may go to.
            RetryableError: among others, the address has expired: ask for a new one.
        """
        await self._wire.fetch("blob_put", "PUT", allowed_upload_url(url, self._upload_hosts), content)

    async def import_package(self, package_url: str, execution_id: str, legal_entity: str) -> str:
        """Start an import and give its execution id, which is ours. Never in parallel with another.

        Raises:
            UnknownOutcomeError: it may have started; ask `execution_status` before anything else.
            RejectedError: D365 refused it, in its own words.
        """
        body = {
            "packageUrl": package_url,
            "definitionGroupId": self._data_project,
            "executionId": execution_id,
            "execute": True,
            "overwrite": True,
            "legalEntityId": legal_entity,
        }
        value = await self._action(
            "import", "ImportFromPackage", body, repeatable=False, patience=IMPORT_TIMEOUT
        )
        return str(value or execution_id)

    async def execution_status(self, execution_id: str) -> str | None:
        """Ask how an import is: Unknown, NotRun, Executing, Succeeded, PartiallySucceeded, Failed, Canceled.

        None: D365 does not know it (yet). Just after the start that is normal and proves nothing.
        """
        try:
            value = await self._action("status", "GetExecutionSummaryStatus", {"executionId": execution_id})
        except RejectedError as error:
            if "not found" in str(error).lower():
                return None
            raise
        return str(value)

    async def entity_results(self, execution_id: str) -> list[EntityResult]:
        """Give each entity's outcome and row counts.

        Where D365's action tells statuses only, the counts are read from the job's details (one more call); a
        count nobody tells is None, never 0.
        """
        value = await self._action(
            "entity_results", "GetEntityExecutionSummaryStatusList", {"executionId": execution_id}
        )
        results = entity_results_of(value)
        if results and all(one.has_counts for one in results):
            return results
        return await self._job_details(_JOB_DETAILS, execution_id) or results

    async def execution_errors(self, execution_id: str) -> list[str]:
        """Give D365's messages of an import, as they are; empty where there are none."""
        return error_texts_of(
            await self._action("errors", "GetExecutionErrors", {"executionId": execution_id})
        )

    async def write_changesets(self, receipts: Sequence[ReceiptRows]) -> list[ChangesetResult]:
        """Repair route: write receipts by OData, each in a changeset that lands whole or not at all.

        receipts: rows by entity label as `transaction_rows` gives them, or some of them. One result each, in
        order.

        Raises:
            UnknownOutcomeError: no readable answer; read the receipts back by key before anything else.
        """
        if not receipts:
            return []
        content_type, content = batch.request_of(receipts)
        headers = {
            "Content-Type": content_type,
            "Prefer": "odata.continue-on-error",
            "Accept": "multipart/mixed",
        }
        answer = await self._wire.call(
            "changeset", "POST", "/data/$batch", content=content, headers=headers, repeatable=False,
            patience=IMPORT_TIMEOUT,
        )  # fmt: skip
        return batch.results_of(answer.content_type, answer.content, len(receipts))

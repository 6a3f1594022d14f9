"""What an environment says of itself. A check costs ten calls: `$metadata` once (types, keys, lengths, enumerations), each
of the seven written entities once at /metadata (what may and must be written), and two for its versions.
"""

from __future__ import annotations

from collections.abc import Mapping

from shared.d365.wire import IMPORT_TIMEOUT, Wire
from shared.errors import RejectedError, RetryableError

EDMX_BYTES_MAX = 100 * 1_048_576
_VERSIONS = "/data/DataManagementEntities/Microsoft.Dynamics.DataEntities."


class Metadata:
    """The reading calls behind the contract pre-flight. Nothing here changes anything in D365."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def edmx(self) -> bytes:
        """Give `$metadata` as it comes, at most 100 MiB.

        Raises:
            RejectedError: it is larger, or D365 does not give it.
            RetryableError: no answer, or not a whole one.
        """
        answer = await self._wire.call(
            "metadata", "GET", "/data/$metadata", headers={"Accept": "application/xml"},
            patience=IMPORT_TIMEOUT, bytes_max=EDMX_BYTES_MAX,
        )  # fmt: skip
        return answer.content

    async def public_entity(self, odata_type: str) -> Mapping[str, object] | None:
        """Give what /metadata says of a type; None where the environment does not say."""
        try:
            answer = await self._wire.call(
                "public_entity", "GET", f"/metadata/PublicEntities('{odata_type}')"
            )
        except RejectedError:
            return None
        try:
            read = answer.json()
        except ValueError as error:
            raise RetryableError("public_entity: D365's answer cannot be read") from error
        return read if isinstance(read, dict) else None

    async def version(self, of: str) -> str:
        """Give the version of `of` (Application or PlatformBuild), for support; "" where D365 does not tell it."""
        try:
            answer = await self._wire.call(
                "version", "POST", f"{_VERSIONS}Get{of}Version", content=b"{}",
                headers={"Content-Type": "application/json"},
            )  # fmt: skip
            read = answer.json()
        except (RejectedError, ValueError):
            return ""
        return str(read.get("value") or "")[:100] if isinstance(read, dict) else ""

"""What an environment says of itself. A check costs three calls: `$metadata` (types, keys, lengths, enumerations, and in
annotations what may and must be written) and two for its versions; and one more at /metadata for each of the seven written
entities that `$metadata` does not annotate.
"""

from __future__ import annotations

from collections.abc import Mapping

from shared.d365.odata import condition
from shared.d365.wire import IMPORT_TIMEOUT, Wire
from shared.errors import AccessRefusedError, RejectedError, RetryableError

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
        return await self._metadata(f"PublicEntities('{odata_type}')")

    async def public_enumeration(self, name: str) -> list[str] | None:
        """Give the members of an enumeration; None where the environment does not have it."""
        read = await self._metadata(f"PublicEnumerations('{name}')")
        members = read.get("Members") if read is not None else None
        if not isinstance(members, list):
            return None
        return [str(one.get("Name")) for one in members if isinstance(one, Mapping)]

    async def label_of(self, odata_set: str) -> str:
        """Give the label, in American English, of the entity behind a set; "" where D365 does not tell it.

        Data packages name entities by a name that is this label unless somebody renamed it there: a hint, no proof.
        """
        listed = await self._metadata(
            "DataEntities", {"$filter": condition("PublicCollectionName", "eq", odata_set)}
        )
        rows = listed.get("value") if listed is not None else None
        first = rows[0] if isinstance(rows, list) and rows and isinstance(rows[0], Mapping) else {}
        label = str(first.get("LabelId") or "")
        if not label.startswith("@") or "'" in label:
            return label
        read = await self._metadata(f"Labels(Id='{label}',Language='en-us')")
        return str((read or {}).get("Value") or "")

    async def can_be_read(self, odata_set: str) -> str:
        """Read one row of a set; give "" where that works, else D365's answer in a few words.

        Raises:
            RetryableError: no answer at all.
        """
        try:
            await self._wire.call(
                "readable", "GET", f"/data/{odata_set}", params={"$top": "1", "cross-company": "true"}
            )
        except (RejectedError, AccessRefusedError) as error:
            return str(error)[:200]
        return ""

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

    async def _metadata(
        self, path: str, params: Mapping[str, str] | None = None
    ) -> Mapping[str, object] | None:
        """Read /metadata/{path}; None where the environment does not have it."""
        kind = "public_entity" if path.startswith("PublicEntities") else "public_metadata"
        try:
            answer = await self._wire.call(kind, "GET", f"/metadata/{path}", params=params)
        except RejectedError:
            return None
        try:
            read = answer.json()
        except ValueError as error:
            raise RetryableError(f"{kind}: D365's answer cannot be read") from error
        return read if isinstance(read, dict) else None

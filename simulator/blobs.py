"""Blob storage as D365 uses it: an address that is good until it expires, for putting and for getting."""

from __future__ import annotations

import re
import secrets
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import quote, unquote, urlsplit

from simulator.values import instant_text

KEPT = timedelta(days=7)
_NAME = re.compile(r"[^/\\?#]{1,255}")


@dataclass(slots=True)
class Blob:
    """One blob. content None: an address was given, nothing was uploaded yet. made_at: it is kept for seven days from then."""

    blob_id: str
    name: str
    signature: str
    expires_at: datetime
    made_at: datetime
    content: bytes | None = None


class Blobs:
    """All blobs by id. `now`: the simulator's clock."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._blobs: dict[str, Blob] = {}

    def create(self, name: str, seconds: int, content: bytes | None = None) -> Blob:
        """Make a blob with an address that is good for so many seconds.

        Raises:
            ValueError: a name that is no file name.
        """
        if not _NAME.fullmatch(name):
            raise ValueError(f"'{name}' is not a valid file name.")
        now = self._now()
        expires_at = (now + timedelta(seconds=seconds)).replace(microsecond=0)
        blob = Blob(str(uuid.uuid4()), name, secrets.token_urlsafe(24), expires_at, now, content)
        self._blobs[blob.blob_id] = blob
        return blob

    def good_for(self, name: str) -> timedelta:
        """Say how long the newest address of a name is still good; nothing where there is none."""
        ends = [blob.expires_at for blob in self._blobs.values() if blob.name == name]
        return max(ends) - self._now() if ends else timedelta(0)

    def url_of(self, blob: Blob, origin: str) -> str:
        """Give the blob's address with its signature."""
        expiry = quote(instant_text(blob.expires_at), safe="")
        return f"{origin}/blob/dmf/{blob.blob_id}/{quote(blob.name)}?sv=2024-11-04&sr=b&sp=rcw&se={expiry}&sig={blob.signature}"

    def allowed(self, blob_id: str, name: str, signature: str, *, expired_too: bool = False) -> Blob | None:
        """Give the blob if the signature is its own and has not expired, and the blob is not cleaned up yet."""
        blob = self._blobs.get(blob_id)
        if blob is None or blob.name != name or not secrets.compare_digest(blob.signature, signature):
            return None
        if self._now() >= blob.made_at + KEPT:
            del self._blobs[blob_id]
            return None
        return blob if expired_too or self._now() < blob.expires_at else None

    def by_url(self, url: str, *, expired_too: bool = False) -> Blob | None:
        """Give the blob an address leads to, if the address is still good. expired_too: or was."""
        parts = urlsplit(url)
        path = parts.path.split("/")
        fields = dict(pair.partition("=")[::2] for pair in parts.query.split("&"))
        if len(path) < 5 or path[1:3] != ["blob", "dmf"]:
            return None
        signature = unquote(fields.get("sig", ""))
        return self.allowed(path[3], unquote(path[4]), signature, expired_too=expired_too)

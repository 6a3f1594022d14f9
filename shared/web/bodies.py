"""Bodies that come compressed: gzip is opened piece by piece, and no further than a call may be large."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping

from shared.errors import RejectedError
from shared.pos.adapter import BODY_BYTES_MAX

RATIO_MAX = 200  # what tills write shrinks to a tenth or a fiftieth; beyond this it was made to swell
RATIO_FREE_BYTES = 1024 * 1024  # so much may come out of anything
ENCODING = "Content-Encoding"
_PIECE_BYTES = 64 * 1024
_GZIP_WITH_HEADER = 16 + zlib.MAX_WBITS
_FORM = "one whole gzip member"


def opener(headers: Mapping[str, str]) -> Callable[[bytes], bytes] | None:
    """Give what opens a body, None where it came as it is. A signature is over the bytes as they came, before this.

    Raises:
        RejectedError: 415, it is encoded in another way than with gzip, once.
    """
    encoding = next((value for name, value in headers.items() if name.lower() == ENCODING.lower()), "")
    plain = encoding.strip().lower()
    if plain in ("", "identity"):
        return None
    if plain in ("gzip", "x-gzip"):
        return opened
    raise RejectedError(
        "the body is encoded in a way that is not read here", field=ENCODING, expected="gzip, or none",
        found=ascii(encoding)[:80],
    )  # fmt: skip


def opened(packed: bytes) -> bytes:
    """Open a gzip body, never making more of it than a call may hold.

    Raises:
        RejectedError: it is no gzip, cut off, has something behind its end, or would be too large.
    """
    if len(packed) > BODY_BYTES_MAX:
        raise _too_large(f"{len(packed)} bytes")
    reader, pieces, size, rest = zlib.decompressobj(_GZIP_WITH_HEADER), bytearray(), 0, packed
    while rest and not reader.eof:
        try:
            piece = reader.decompress(rest, _PIECE_BYTES)
        except zlib.error as error:
            raise _broken("other bytes") from error
        rest, size = reader.unconsumed_tail, size + len(piece)
        if size > BODY_BYTES_MAX:
            raise _too_large("more")
        if size > max(RATIO_FREE_BYTES, RATIO_MAX * (len(packed) - len(rest))):
            raise _broken(f"bytes that swell to more than {RATIO_MAX} times their size")
        pieces += piece
    if not reader.eof:
        raise _broken("the end of the body before its own")
    if reader.unused_data:
        raise _broken("more behind its end")
    return bytes(pieces)


def _broken(found: str) -> RejectedError:
    return RejectedError("the body cannot be opened", field="body", expected=_FORM, found=found)


def _too_large(found: str) -> RejectedError:
    expected = f"at most {BODY_BYTES_MAX} bytes"
    return RejectedError("the body is too large", field="body", expected=expected, found=found)

"""Bodies made to hurt, and a program that takes each in a process of its own and says what it cost.

`python -m tests.contract.bombs` prints a line of JSON for each bomb and each way in: how it was answered, the seconds of
processor time, by how many MiB the process grew above what it was with the bomb in its hands, and the sockets it opened.
Each is taken in a child that is forked from a parent which has everything imported, so that nothing is measured twice.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import gzip
import json
import logging
import os
import resource
import sys
import time
import zlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

from shared.errors import RejectedError
from shared.flows.ingest_transactions import ingest_transactions
from shared.pos.registry import ADAPTERS
from shared.web.bodies import opened
from tests.contract.app_in_memory import App, all_routes, open_app
from tests.unit import vendor_calls
from tests.unit.documents import call_of, sale_document
from tests.unit.flow_services import SENDER

MIB = 1024 * 1024
FULL = 16 * MIB
CPU_SECONDS_MAX = 60
Body = Callable[[], bytes]


def _filled(start: bytes, unit: bytes, end: bytes, size: int = FULL) -> bytes:
    """Repeat a unit between a start and an end, as often as fits."""
    return start + unit * ((size - len(start) - len(end)) // len(unit)) + end


def _sale(inside: bytes, unit: bytes, end: bytes) -> bytes:
    """Put a filling into `extra` of a sale that is right in everything else."""
    before, after = call_of(sale_document(extra={"a": "HERE"})).split(b'"HERE"')
    return _filled(before + inside, unit, end + after)


def _numbered(unit: Callable[[int], str], count: int, start: str, end: str) -> bytes:
    return (start + ",".join(map(unit, range(count))) + end).encode()


JSON_BOMBS: Mapping[str, Body] = {
    "lists without end": lambda: b"[" * FULL,
    "lists without end, in a call": lambda: _filled(b'{"transactions":[', b"[", b""),
    "objects without end": lambda: _filled(b'{"transactions":[', b'{"a":', b""),
    "nested and closed": lambda: b'{"transactions":[' + b"[" * 100_000 + b"]" * 100_000 + b"]}",
    "deep in a sale": lambda: call_of(sale_document(extra={"a": "HERE"})).replace(b'"HERE"', b"[" * 900 + b"]" * 900),
    "a list of ones": lambda: _filled(b'{"transactions":[[1', b",1", b"]]}"),
    "a list of empty lists": lambda: _filled(b'{"transactions":[[[]', b",[]", b"]]}"),
    "a list of small objects": lambda: _filled(b'{"transactions":[[{}', b',{"a":1}', b"]]}"),
    "a list of empty texts": lambda: _filled(b'{"transactions":[[""', b',""', b"]]}"),
    "a list of fractions": lambda: _filled(b'{"transactions":[[0.5', b",1.5", b"]]}"),
    "a million transactions": lambda: _filled(b'{"transactions":[{}', b",{}", b"]}"),
    "many names": lambda: _numbered(lambda one: f'"{one:08}":1', 1_000_000, '{"transactions":[{', "}]}"),
    "one name sixteen MiB long": lambda: _filled(b'{"', b"a", b'":1}'),
    "one name in a sale": lambda: _filled(b'{"transactions":[{"', b"a", b'":1}]}'),
    "one name again and again": lambda: _filled(b'{"transactions":[{"a":1', b',"a":1', b"}]}"),
    "one text": lambda: _filled(b'{"transactions":[{"store":"', b"a", b'"}]}'),
    "one text of signs beyond the plane": lambda: _filled(b'{"transactions":["', "\U0001f4a3".encode(), b'"]}'),
    "one sign beyond the plane": lambda: _filled('{"transactions":["\U0001f4a3'.encode(), b"a", b'"]}'),
    "one text of escapes": lambda: _filled(b'{"transactions":[{"store":"', b"\\u0041", b'"}]}'),
    "half escapes": lambda: _filled(b'{"transactions":[{"store":"', b"\\ud800", b'"}]}'),
    "backslashes": lambda: _filled(b'{"transactions":[{"store":"', b"\\\\", b'"}]}'),
    "quotes": lambda: b'"' * FULL,
    "names never closed": lambda: _filled(b'{"transactions":[{"a', b'\\"', b""),
    "1e400": lambda: call_of(sale_document(extra={"a": "HERE"})).replace(b'"HERE"', b"1e400").replace(b'"30.00"', b"1e400"),
    "1e999999999": lambda: call_of(sale_document()).replace(b'"30.00"', b"1e999999999"),
    "a number of a million digits": lambda: call_of(sale_document()).replace(b'"30.00"', b"3" * 1_000_000),
    "a fraction of a million digits": lambda: call_of(sale_document()).replace(b'"30.00"', b"0." + b"3" * 1_000_000),
    "an exponent of a million digits": lambda: call_of(sale_document()).replace(b'"30.00"', b"1e" + b"3" * 1_000_000),
    "digits alone": lambda: b"3" * FULL,
    "not a number": lambda: call_of(sale_document()).replace(b'"30.00"', b"NaN"),
    "blanks": lambda: b" " * FULL,
    "blanks in a call": lambda: _filled(b'{"transactions":[', b" ", b""),
    "no UTF-8": lambda: b'{"transactions":["' + b"\xff" * (FULL - 30) + b'"]}',
    "zero bytes": lambda: b"\x00" * FULL,
    "too many bytes": lambda: b" " * (FULL + 2),
    "digits in groups": lambda: _sale(b'"', b"333 333 ", b'"'),
    "single digits": lambda: _sale(b'"', b"3 ", b'"'),
    "many texts of digits in groups": lambda: _sale(b'["3"', b',"333 333 333 333 3"', b"]"),
    "texts in texts": lambda: _sale(b'"', b"%25", b'34"'),
    "addresses of mail": lambda: _sale(b'"', b"a@a.", b'"'),
}  # fmt: skip

_LOG = b'<POSLog xmlns="http://www.nrf-arts.org/IXRetail/namespace/"'
_DTD = b"<?xml version='1.0'?><!DOCTYPE POSLog ["
_LAUGHS = b"".join(b'<!ENTITY l%d "%s">' % (one, b"&l%d;" % (one - 1) * 10) for one in range(1, 10))
XML_BOMBS: Mapping[str, Body] = {
    "a billion laughs": lambda: _DTD + b'<!ENTITY l0 "lol">' + _LAUGHS + b"]><POSLog>&l9;</POSLog>",
    "quadratic": lambda: _filled(_DTD + b'<!ENTITY a "' + b"a" * 1_000_000 + b'">]><POSLog>', b"&a;", b"</POSLog>", 4 * MIB),
    "a file from outside": lambda: _DTD + b'<!ENTITY a SYSTEM "file:///etc/passwd">]><POSLog>&a;</POSLog>',
    "an address from outside": lambda: _DTD + b'<!ENTITY a SYSTEM "http://127.0.0.1:9/a">]><POSLog>&a;</POSLog>',
    "a parameter entity": lambda: _DTD + b'<!ENTITY % a SYSTEM "http://127.0.0.1:9/a.dtd">%a;]><POSLog/>',
    "a DTD from outside": lambda: b'<!DOCTYPE POSLog SYSTEM "http://127.0.0.1:9/a.dtd"><POSLog/>',
    "a DTD of its own": lambda: b"<!DOCTYPE POSLog><POSLog/>",
    "included": lambda: _LOG + b' xmlns:xi="http://www.w3.org/2001/XInclude"><Transaction>'
    b'<xi:include href="file:///etc/passwd" parse="text"/></Transaction></POSLog>',
    "a style sheet": lambda: b'<?xml-stylesheet href="http://127.0.0.1:9/a.xsl"?>' + _LOG + b"/>",
    "instructions": lambda: _filled(_LOG + b">", b"<?a b?>", b"</POSLog>"),
    "one attribute": lambda: _filled(_LOG + b' a="', b"a", b'"/>'),
    "many attributes": lambda: _LOG + b"".join(b' a%d=""' % one for one in range(1_000_000)) + b"/>",
    "many namespaces": lambda: _LOG + b"".join(b' xmlns:a%d="b"' % one for one in range(600_000)) + b"/>",
    "elements without end": lambda: _filled(_LOG + b">", b"<a>", b""),
    "nested and closed": lambda: _LOG + b"><Transaction>" + b"<a>" * 200_000 + b"</a>" * 200_000 + b"</Transaction></POSLog>",
    "many elements": lambda: _filled(_LOG + b"><Transaction>", b"<a/>", b"</Transaction></POSLog>"),
    "many transactions": lambda: _filled(_LOG + b">", b"<Transaction/>", b"</POSLog>"),
    "one text": lambda: _filled(_LOG + b"><Transaction>", b"a", b"</Transaction></POSLog>"),
    "one text of references": lambda: _filled(_LOG + b"><Transaction>", b"&#51;&#32;", b"</Transaction></POSLog>"),
    "a comment": lambda: _filled(_LOG + b"><!--", b"a", b"--></POSLog>"),
    "character data": lambda: _filled(_LOG + b"><Transaction><![CDATA[", b"a", b"]]></Transaction></POSLog>"),
    "marks": lambda: b"<" * FULL,
    "one name": lambda: b"<" + b"a" * (FULL - 3) + b"/>",
    "another encoding": lambda: b'<?xml version="1.0" encoding="utf-7"?>' + _LOG + b"/>",
    "two bytes a sign": lambda: ("<POSLog>" + "a" * (FULL // 2 - 20)).encode("utf-16"),
}  # fmt: skip


def _nested_gzip() -> bytes:
    return gzip.compress(gzip.compress(bytes(32 * MIB)))


def _swelling(size: int) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    pieces = [packer.compress(b" " * MIB) for _ in range(size // MIB)]
    return b"".join((*pieces, packer.flush()))


GZIP_BOMBS: Mapping[str, Body] = {
    "a thousand to one": lambda: _swelling(64 * MIB),
    "a thousand to one, within the limit": lambda: _swelling(15 * MIB),
    "gzip in gzip": _nested_gzip,
    "cut off": lambda: gzip.compress(call_of(sale_document()))[:-9],
    "a wrong checksum": lambda: gzip.compress(call_of(sale_document()))[:-8] + bytes(8),
    "a wrong heading": lambda: b"\x1f\x8b\x07" + gzip.compress(call_of(sale_document()))[3:],
    "plain zlib": lambda: zlib.compress(call_of(sale_document())),
    "two members": lambda: gzip.compress(call_of(sale_document())) * 2,
    "something behind the end": lambda: gzip.compress(call_of(sale_document())) + b"more",
    "nothing": lambda: b"",
    "a name without end": lambda: b"\x1f\x8b\x08\x08" + bytes(6) + b"a" * FULL,
    "not compressed at all": lambda: call_of(sale_document()),
}  # fmt: skip

FORM_BOMBS: Mapping[str, Body] = {
    "a million fields": lambda: b"&".join(b"a%d=1" % one for one in range(1_000_000)),
    "one field again and again": lambda: _filled(b"payload={}", b"&payload={}", b""),
    "ampersands": lambda: b"a=b" + b"&" * (2 * MIB - 4),
    "escapes": lambda: _filled(b"payload=", b"%5B", b"", 2 * MIB),
    "a list in the payload": lambda: _filled(b"payload=%7B%22a%22:[1", b",1", b"]%7D", 2 * MIB),
    "the largest form": lambda: _filled(b"payload=", b"a", b""),
}  # fmt: skip

_HEADING = b"store,tender,payment_method\n"
CSV_BOMBS: Mapping[str, Body] = {
    "commas": lambda: b"," * FULL,
    "a million columns": lambda: _numbered(str, 1_000_000, "", "\n"),
    "one quoted cell": lambda: _filled(_HEADING + b'"', b"a", b'",1,1\n'),
    "quotes": lambda: _filled(_HEADING, b'"', b""),
    "a quote never closed": lambda: _filled(_HEADING + b'"', b"a,b\n", b""),
    "line ends": lambda: _filled(_HEADING, b"\n", b""),
    "rows too short": lambda: _filled(_HEADING, b"a\n", b""),
    "rows too long": lambda: _filled(_HEADING, b"a" + b",a" * 40 + b"\n", b""),
    "cells in one row": lambda: _filled(_HEADING, b"a,", b"\n"),
    "zero bytes": lambda: _filled(_HEADING, b"\x00", b"\n"),
    "two bytes a sign": lambda: ("a," * 4_000_000).encode("utf-16"),
    "formulas": lambda: _filled(_HEADING, b"=1+1,=1,=1\n", b""),
}  # fmt: skip

_RECEIPTS = (
    b"transaction_id,store,terminal,completed_at,currency,line.item,line.gross,line.description,extra.a\n"
)
_RECEIPT = b"%d,S1,1,2017-12-23T12:00:00Z,USD,"
RECEIPT_BOMBS: Mapping[str, Body] = {
    "commas": lambda: b"," * FULL,
    "line ends": lambda: _filled(_RECEIPTS, b"\n", b""),
    "quotes": lambda: _filled(_RECEIPTS, b'"', b"\n"),
    "a quote never closed": lambda: _filled(_RECEIPTS + b'"', b"a,b\n", b""),
    "rows too short": lambda: _RECEIPTS + b"1\n" * 99_000,
    "wrong amounts": lambda: _RECEIPTS + _RECEIPT % 1 + b",,,\n" + b",,,,,A,x,,\n" * 40_000,
    "cells that contradict": lambda: _RECEIPTS + _RECEIPT % 1 + b",,,1\n" + b"2,S1,1,2017,EUR,,,,2\n,,,X,Y,,,,3\n" * 20_000,
    "one sign beyond the plane": lambda: _filled(_RECEIPTS + "\U0001f4a3".encode(), b"a", b"\n"),
    "one sign beyond the plane, in lines": lambda: _filled(_RECEIPTS + "\U0001f4a3\n".encode(), b"a" * 99 + b"\n", b""),
    "many texts of digits in groups": lambda: _RECEIPTS
    + b"".join(_RECEIPT % one + b",," + b"333 " * 4_000 + b"," + b"333 " * 4_000 + b"\n" for one in range(490)),
    "many texts of single digits": lambda: _RECEIPTS
    + b"".join(_RECEIPT % one + b",," + b"3 " * 8_000 + b"," + b"3 " * 8_000 + b"\n" for one in range(490)),
    "zero bytes": lambda: _filled(_RECEIPTS, b"\x00", b"\n"),
}  # fmt: skip

SMALL_BOMBS: Mapping[str, Body] = {
    "lists without end": lambda: b"[" * 65_000,
    "objects without end": lambda: b'{"reason":' * 6_000,
    "a number of sixty thousand digits": lambda: b'{"reason":' + b"3" * 60_000 + b"}",
    "1e400": lambda: b'{"reason":1e400}',
    "names": lambda: _numbered(lambda one: f'"{one}":1', 5_000, "{", "}"),
    "the largest body": lambda: b" " * FULL,
    "a long reason": lambda: json.dumps({"reason": "3 " * 30_000}).encode(),
}  # fmt: skip
# Of these a call is one whose other parts are right: it may be taken, with what swells left out.
MAY_BE_TAKEN = ("texts in texts", "addresses of mail")

Way = Callable[[App, bytes], Awaitable[str]]


def _posted(path: str, **headers: str) -> Way:
    async def taken(app: App, body: bytes) -> str:
        return str((await app.send(path, body, **headers)).status_code)

    return taken


def _asked(method: str, path: str, **headers: str) -> Way:
    async def taken(app: App, body: bytes) -> str:
        return str((await app.ask(method, path, body, headers)).status_code)

    return taken


def _told_by(vendor: str) -> Way:
    async def taken(app: App, body: bytes) -> str:
        try:
            verdicts = await ingest_transactions(app.services, SENDER, ADAPTERS[vendor], body)
        except RejectedError:
            return "rejected"
        return ",".join(sorted({one.verdict for one in verdicts}))

    return taken


def _called_by(vendor: str) -> Way:
    """By the vendor's own route, signed as the vendor signs: it is heard, and what is wrong with it is put before somebody."""
    sign: dict[str, Callable[[bytes], vendor_calls.Call]] = {
        "shopify": vendor_calls.shopify, "square": vendor_calls.square, "lightspeed": vendor_calls.signed_form,
    }  # fmt: skip

    async def taken(app: App, body: bytes) -> str:
        app.services.settings = replace(app.services.settings, vendors=vendor_calls.accounts())
        status = (await vendor_calls.called(app.services, sign[vendor](body))).status_code
        causes = [row.text("Reason") async for row in app.services.tables.causes.query()]
        return f"{status} {' '.join(causes)}"

    return taken


def _opened_by_itself() -> Way:
    async def taken(app: App, body: bytes) -> str:
        try:
            return f"{len(opened(body))} bytes"
        except RejectedError:
            return "rejected"

    return taken


def _said_in(part: str) -> Way:
    async def taken(app: App, body: bytes) -> str:
        text = body.decode("latin-1")
        if part == "query":
            return str((await app.ask("GET", "/api/causes", query={"state": text})).status_code)
        if part == "path":
            return str((await app.ask("GET", f"/api/stores/{quote(text, safe='')}/readiness")).status_code)
        if part == "X-Reason":
            return str((await app.ask("PUT", "/api/mappings/tenders", _HEADING, {part: text})).status_code)
        return str((await app.send("/api/transactions", b"{}", **{part: text})).status_code)

    return taken


def plan() -> dict[str, tuple[Way, Mapping[str, Body]]]:
    """Give every way in with the bombs that come by it."""
    long_one = {"a MiB": lambda: b"3" * MIB, "a MiB of escapes": lambda: b"%2533" * (MIB // 5)}
    headers = ("Authorization", "X-Tillpost-Account", "X-Tillpost-Signature", "X-Tillpost-Timestamp")
    return {
        "POST /api/transactions": (_posted("/api/transactions"), JSON_BOMBS),
        "POST /api/pos/poslog": (_posted("/api/pos/poslog"), XML_BOMBS),
        "POST /api/pos/csv": (_posted("/api/pos/csv"), RECEIPT_BOMBS),
        "gzip": (_posted("/api/transactions", **{"Content-Encoding": "gzip"}), GZIP_BOMBS),
        "gzip of POSLog": (_posted("/api/pos/poslog", **{"Content-Encoding": "gzip"}), GZIP_BOMBS),
        "shopify": (_told_by("shopify"), JSON_BOMBS),
        "square": (_told_by("square"), JSON_BOMBS),
        "lightspeed": (_told_by("lightspeed"), JSON_BOMBS),
        "lightspeed's form": (_told_by("lightspeed"), FORM_BOMBS),
        "a webhook of shopify's": (_called_by("shopify"), JSON_BOMBS),
        "a webhook of square's": (_called_by("square"), JSON_BOMBS),
        "a webhook of lightspeed's": (_called_by("lightspeed"), FORM_BOMBS),
        "PUT /api/mappings/tenders": (_asked("PUT", "/api/mappings/tenders", **{"X-Reason": "a test"}), CSV_BOMBS),
        "POST /api/causes/x/release": (_asked("POST", "/api/causes/x/release"), SMALL_BOMBS),
        "POST /api/causes/x/notes": (_asked("POST", "/api/causes/x/notes"), SMALL_BOMBS),
        **{f"in {part}": (_said_in(part), long_one) for part in ("query", "path", "X-Reason", *headers)},
    }  # fmt: skip


def measure(way: str, name: str) -> dict[str, object]:
    """Take one bomb in this process, which is used for nothing else."""
    logging.disable(logging.CRITICAL)
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS_MAX, CPU_SECONDS_MAX))
    take, bombs = plan()[way]
    body, sockets = bombs[name](), [0]

    def heard(event: str, _: object) -> None:
        sockets[0] += event in ("socket.connect", "socket.bind", "socket.getaddrinfo", "socket.sendto")

    async def go() -> tuple[str, float, float]:
        app = await open_app()
        gc.collect()
        before, began = _grown_from(), time.process_time()
        told = await take(app, body)
        return told, time.process_time() - began, (_peak() - before) / 1024

    sys.addaudithook(heard)
    told, seconds, grown = asyncio.run(go())
    return {**_named(way, name), "told": told, "seconds": seconds, "mib": grown, "sockets": sockets[0]}


def _grown_from() -> int:
    """Forget the peak so far, and give what the process has now, in KiB."""
    Path("/proc/self/clear_refs").write_text("5")
    return _status("VmRSS")


def _peak() -> int:
    return _status("VmHWM")


def _status(name: str) -> int:
    line = next(one for one in Path("/proc/self/status").read_text().splitlines() if one.startswith(name))
    return int(line.split()[1])


def _named(way: str, name: str) -> dict[str, object]:
    return {"way": way, "bomb": name}


def measured(way: str, name: str) -> dict[str, object]:
    """Measure in a child of this process."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(writer, json.dumps(measure(way, name)).encode())
        finally:
            os._exit(0)
    os.close(writer)
    told = b""
    while piece := os.read(reader, 65_536):
        told += piece
    os.close(reader)
    os.waitpid(child, 0)
    found: dict[str, object] = json.loads(told) if told else {**_named(way, name), "told": "it died"}
    return found


def main() -> None:
    """Print what each bomb cost, or only those of the names given."""
    read = argparse.ArgumentParser(description=main.__doc__)
    read.add_argument("names", nargs="*", help="of bombs; none: all")
    names = read.parse_args().names
    all_routes()  # imported before the first child is forked
    for way, (_, bombs) in plan().items():
        for name in (one for one in bombs if not names or one in names):
            print(json.dumps(measured(way, name)), flush=True)


if __name__ == "__main__":
    main()

"""Where the app may call: the hosts of its settings over https, and nothing that only looks like them."""

from __future__ import annotations

import ast
from pathlib import Path

import httpx
import pytest

from shared.alerts.client import AlertClient
from shared.d365.addresses import allowed_upload_url, same_origin
from shared.errors import RejectedError, SettingsError
from shared.outbound import allowed_address, allowed_hosts, in_path, is_public_name
from shared.settings_alerts import Channel
from shared.vendors.clients import client_of
from tests.contract.vendors_world import account_at
from tests.unit.flow_services import Hand, run

TOP = Path(__file__).resolve().parents[2]
HOST = "east.myshopify.com"
HOSTS = allowed_hosts([HOST])
HOSTILE = (
    "http://east.myshopify.com/",
    "HTTPS://east.myshopify.com/",
    "ftp://east.myshopify.com/",
    "file:///etc/passwd",
    "//east.myshopify.com/",
    "east.myshopify.com/",
    "",
    "https:east.myshopify.com/",
    "https:/east.myshopify.com/",
    "https:///east.myshopify.com/",
    "https://west.myshopify.com/",
    "https://myshopify.com/",
    "https://east.myshopify.com.evil.example/",
    "https://evil.example/east.myshopify.com",
    "https://evil.example?east.myshopify.com",
    "https://evil.example#east.myshopify.com",
    "https://evil.example\\@east.myshopify.com/",
    "https://east.myshopify.com\\@evil.example/",
    "https://east.myshopify.com@evil.example/",
    "https://user@east.myshopify.com/",
    "https://user:word@east.myshopify.com/",
    "https://@east.myshopify.com/",
    "https://east.myshopify.com:8443/",
    "https://east.myshopify.com:80/",
    "https://east.myshopify.com:0/",
    "https://east.myshopify.com:/",
    "https://east.myshopify.com:99999/",
    "https://east.myshopify.com:443@evil.example/",
    "https://east.myshopify.com./",
    "https://east.myshopify.com%2eevil.example/",
    "https://east%2emyshopify.com/",
    "https://еast.myshopify.com/",
    "https://east。myshopify.com/",
    "https://localhost/",
    "https://127.0.0.1/",
    "https://127.1/",
    "https://2130706433/",
    "https://0x7f000001/",
    "https://0177.0.0.1/",
    "https://[::1]/",
    "https://[::ffff:169.254.169.254]/",
    "https://169.254.169.254/latest/meta-data",
    "https://10.0.0.5/",
    "https://192.168.1.1/",
    "https://0.0.0.0/",
    "https://east.myshopify.com/../admin",
    "https://east.myshopify.com/a/%2e%2e/b",
    "https://east.myshopify.com//evil.example/",
    "https://east.myshopify.com/a b",
    "https://east.myshopify.com/\r\nHost: evil.example",
    "https://east.myshopify.com/\t",
    " https://east.myshopify.com/",
    "https://east.myshopify.com/#part",
    "https://east.myshopify.com/" + "a" * 3000,
)


@pytest.mark.parametrize("url", HOSTILE)
def test_an_address_that_is_not_plainly_the_accounts_is_not_called(url: str) -> None:
    with pytest.raises(RejectedError) as told:
        allowed_address(url, HOSTS)
    assert "word" not in str(told.value) + told.value.found
    assert "meta-data" not in told.value.found


@pytest.mark.parametrize(
    "url",
    [
        f"https://{HOST}/admin/api/2026-04/graphql.json",
        f"https://{HOST}:443/a?b=c%2Fd",
        f"https://{HOST}",
        f"https://{HOST}/v2/orders/ORDER%2F1",
    ],
)
def test_the_accounts_own_address_is(url: str) -> None:
    assert allowed_address(url, HOSTS) == url


@pytest.mark.parametrize(
    "host",
    [
        "localhost", "127.0.0.1", "10.1.2.3", "169.254.169.254", "[::1]", "::1", "2130706433", "0x7f.1", "intranet",
        "tills.local", "metadata.google.internal", "10.0.0.1.nip.io",
        "East.myshopify.com", "east.myshopify.com.", "east.myshopify.com:443",
        "east_.myshopify.com", "-east.myshopify.com", "a..b.com", "", "east.myshopify.com/x", "1.2.3.4.5", "com",
    ],
)  # fmt: skip
def test_a_host_that_is_no_public_name_is_refused_at_the_start(host: str) -> None:
    assert not is_public_name(host)
    with pytest.raises(SettingsError):
        allowed_hosts([host])


@pytest.mark.parametrize(
    "host", ["east.myshopify.com", "connect.squareupsandbox.com", "a-b.retail.lightspeed.app"]
)
def test_a_vendors_host_is_a_public_name(host: str) -> None:
    assert is_public_name(host)


@pytest.mark.parametrize(
    ("named", "escaped"),
    [
        ("ORDER-1", "ORDER-1"),
        ("../admin", "..%2Fadmin"),
        ("a/b?c=d#e", "a%2Fb%3Fc%3Dd%23e"),
        ("1 OR 1", "1%20OR%201"),
        ("ä", "%C3%A4"),
        ("%2e%2e", "%252e%252e"),
    ],
)
def test_an_id_stays_one_part_of_a_path(named: str, escaped: str) -> None:
    assert in_path(named) == escaped
    assert "/" not in in_path(named)


@pytest.mark.parametrize("named", ["", ".", "..", "a" * 201])
def test_an_id_that_could_mean_another_place_is_not_asked_for(named: str) -> None:
    with pytest.raises(RejectedError):
        in_path(named)


def test_d365_is_called_at_its_own_address_and_packages_go_to_its_storage_alone() -> None:
    """D365's client has rules of its own: it is given signed addresses of a storage that D365 names."""
    origin, storage = "https://contoso.operations.dynamics.com", ("*.blob.core.windows.net",)
    for url in HOSTILE:
        assert not same_origin(url, origin)
        with pytest.raises(RejectedError):
            allowed_upload_url(url, storage)
    assert same_origin(f"{origin}/data/X", origin)


def test_alerts_go_to_the_hosts_of_the_settings_alone() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        raise AssertionError(f"called {request.url}")

    async def go() -> None:
        allowed = Channel(
            "it", "webhook", "https://hooks.example.org/x", frozenset({"it"}), secrets=("s" * 16,)
        )
        http = httpx.AsyncClient(transport=httpx.MockTransport(answer))
        client = AlertClient(http, (allowed,), Hand())
        for url in HOSTILE:
            other = Channel("it", "webhook", url, frozenset({"it"}), secrets=("s" * 16,))
            with pytest.raises(RejectedError):
                await client.deliver(other, {"id": "1", "text": "x"})

    run(go())


def test_every_client_is_built_in_one_place_and_follows_nothing() -> None:
    built = []
    for path in [TOP / "function_app.py", *sorted((TOP / "shared").rglob("*.py"))]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in (
                "AsyncClient",
                "Client",
                "urlopen",
            ):
                named = {one.arg: ast.unparse(one.value) for one in node.keywords}
                built.append((path.name, named.get("follow_redirects"), "timeout" in named))
    assert built == [("services.py", "False", True)] * 4


@pytest.mark.parametrize("vendor", ["shopify", "square", "lightspeed"])
def test_a_vendors_client_does_not_start_with_a_host_of_this_machine(vendor: str) -> None:
    account = account_at(vendor, host="localhost")
    with pytest.raises(SettingsError):
        client_of(account, httpx.AsyncClient(), Hand())

"""The client against answers played by hand: what each outcome means, what is sent, what never leaves or is
logged.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Coroutine
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import httpx
import pytest
from azure.core.credentials import AccessToken
from azure.core.exceptions import ClientAuthenticationError

from shared.d365.batch import Outcome
from shared.d365.client import D365Client
from shared.d365.outcomes import EntityResult
from shared.d365.records import Invoice, ShiftState, StatementVoucher, TerminalState
from shared.d365.tokens import Tokens
from shared.errors import (
    AccessRefusedError,
    RejectedError,
    RetryableError,
    SettingsError,
    ThrottledError,
    UnknownOutcomeError,
)
from shared.retail.mapped import D365Key

NOW = datetime(2017, 12, 23, 18, 0, 0, tzinfo=UTC)
D365 = "https://contoso.operations.dynamics.com"
SIGNED = "https://abc.blob.core.windows.net/dmf/P1.zip?sv=2020&se=2017-12-23T19%3A30%3A00Z&sig=SeCrEt%2Fx"
KEY = D365Key("usrt", "052", "HOUSTON-1", "367-1-0001")
Answering = Callable[[httpx.Request], httpx.Response]


def run(coroutine: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(coroutine)


class Credential:
    """Gives token-1, token-2 ... each good for an hour of real time from `at`."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.expires_on = 4_000_000_000

    async def get_token(self, *scopes: str) -> AccessToken:
        self.asked.append(scopes[0])
        return AccessToken(f"token-{len(self.asked)}", self.expires_on)


class Played:
    """A D365 that answers as it is told, and the requests it saw."""

    def __init__(self, *answers: httpx.Response | Exception | Answering) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []
        self.credential = Credential()
        http = httpx.AsyncClient(transport=httpx.MockTransport(self._answer))
        self.client = D365Client(D365, self.credential, http, lambda: NOW, "Retail import")

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer(request) if callable(answer) else answer

    def body(self, index: int = 0) -> dict[str, Any]:
        return json.loads(self.requests[index].content)  # type: ignore[no-any-return]


def ok(value: object, **more: object) -> httpx.Response:
    return httpx.Response(
        200, json={"@odata.context": f"{D365}/data/$metadata#Edm.String", "value": value, **more}
    )


def failed(status: int, text: str, **headers: str) -> httpx.Response:
    inner = {"message": text, "type": "AxODataWriteException", "stacktrace": "at X"}
    body = {"error": {"code": "", "message": "An error has occurred.", "innererror": inner}}
    return httpx.Response(status, json=body, headers=headers)


def start(client: D365Client) -> Coroutine[Any, Any, str]:
    return client.import_package(SIGNED, "P1-1", "usrt")


# What is sent


def test_an_import_names_project_execution_company_and_overwrites() -> None:
    played = Played(ok("P1-1"))
    assert run(start(played.client)) == "P1-1"
    request = played.requests[0]
    assert request.method == "POST"
    assert str(request.url) == (
        f"{D365}/data/DataManagementDefinitionGroups/Microsoft.Dynamics.DataEntities.ImportFromPackage"
    )
    assert played.body() == {
        "packageUrl": SIGNED,
        "definitionGroupId": "Retail import",
        "executionId": "P1-1",
        "execute": True,
        "overwrite": True,
        "legalEntityId": "usrt",
    }
    assert request.headers["authorization"] == "Bearer token-1"
    assert len(request.headers["x-ms-client-request-id"]) == 36
    assert request.extensions["timeout"]["connect"] == 10.0
    assert request.extensions["timeout"]["read"] == 180.0


def test_the_write_url_is_read_twice_and_says_when_it_expires() -> None:
    played = Played(ok(json.dumps({"BlobId": "{1}", "BlobUrl": SIGNED})))
    got = run(played.client.write_url("P1-1.zip"))
    assert (got.blob_id, got.url, got.expires_at) == (
        "{1}",
        SIGNED,
        datetime(2017, 12, 23, 19, 30, tzinfo=UTC),
    )
    assert "SeCrEt" not in repr(got)
    assert played.body() == {"uniqueFileName": "P1-1.zip"}


def test_a_write_url_without_an_expiry_says_none_and_a_broken_one_is_asked_for_again() -> None:
    played = Played(
        ok(json.dumps({"BlobId": "1", "BlobUrl": "https://x.blob.core.windows.net/a"})), ok("{broken")
    )
    assert run(played.client.write_url("a")).expires_at is None
    with pytest.raises(RetryableError):
        run(played.client.write_url("a"))


def test_an_upload_goes_to_storage_without_our_token_and_is_counted_apart() -> None:
    played = Played(httpx.Response(201))
    run(played.client.upload(SIGNED, b"zip"))
    request = played.requests[0]
    assert (request.method, str(request.url), request.content) == ("PUT", SIGNED, b"zip")
    assert request.headers["x-ms-blob-type"] == "BlockBlob"
    assert "authorization" not in request.headers
    assert played.client.calls == {"blob_put": 1}
    assert played.credential.asked == []


@pytest.mark.parametrize(
    "url",
    [
        "http://abc.blob.core.windows.net/x",
        "https://abc.blob.core.windows.net.evil.example/x",
        "https://blob.core.windows.net/x",
        "https://evilblob.core.windows.net/x",
        "https://abc.blob.core.windows.net:8443/x",
        "https://user:pw@abc.blob.core.windows.net/x",
        "https://localhost:8443/x",
        "not an address",
    ],
)
def test_an_upload_goes_nowhere_else(url: str) -> None:
    played = Played()
    with pytest.raises(RejectedError, match="not allowed"):
        run(played.client.upload(url + "?sig=SeCrEt", b"zip"))
    assert played.requests == []


def test_a_simulator_s_host_is_allowed_by_name_and_port() -> None:
    http = httpx.AsyncClient(transport=httpx.MockTransport(lambda _: httpx.Response(201)))
    client = D365Client(
        "https://localhost:8443/",
        Credential(),
        http,
        lambda: NOW,
        "Retail",
        ("*.blob.core.windows.net", "localhost:8443"),
    )
    run(client.upload("https://localhost:8443/blob/x?sig=1", b"zip"))
    with pytest.raises(RejectedError):
        run(client.upload("https://localhost:8444/blob/x?sig=1", b"zip"))


@pytest.mark.parametrize(
    "url", ["http://contoso.operations.dynamics.com", "contoso", "https://", f"{D365}/data"]
)
def test_an_environment_is_an_https_address_and_nothing_more(url: str) -> None:
    with pytest.raises(SettingsError):
        D365Client(url, Credential(), httpx.AsyncClient(), lambda: NOW, "Retail")


# What outcomes mean


def lost(*kinds: type[httpx.RequestError]) -> list[httpx.RequestError]:
    return [kind("gone") for kind in kinds]


@pytest.mark.parametrize(
    "error",
    lost(httpx.ReadTimeout, httpx.ReadError, httpx.RemoteProtocolError, httpx.WriteError, httpx.WriteTimeout),
)
def test_an_answer_that_got_lost_is_unknown_for_an_import_and_a_second_try_for_a_read(
    error: httpx.RequestError,
) -> None:
    with pytest.raises(UnknownOutcomeError):
        run(start(Played(error).client))
    with pytest.raises(UnknownOutcomeError):
        run(Played(error).client.write_changesets([{"Transactions": [{"dataAreaId": "usrt"}]}]))
    with pytest.raises(RetryableError):
        run(Played(error).client.execution_status("P1-1"))
    with pytest.raises(RetryableError):
        run(Played(error).client.headers_of_package("P1"))
    with pytest.raises(RetryableError):
        run(Played(error).client.upload(SIGNED, b"zip"))


@pytest.mark.parametrize("error", lost(httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout))
def test_no_connection_means_nothing_was_sent(error: httpx.RequestError) -> None:
    with pytest.raises(RetryableError, match="no connection"):
        run(start(Played(error).client))


@pytest.mark.parametrize(
    ("status", "header", "seconds"),
    [
        (429, "17", 17.0),
        (503, "60", 60.0),
        (429, "Sat, 23 Dec 2017 18:01:30 GMT", 90.0),
        (429, "Sat, 23 Dec 2017 17:00:00 GMT", 0.0),
        (429, None, None),
        (503, "soon", None),
        (429, "-5", None),
        (429, "9" * 400, 86_400.0),
        (429, "Sun, 23 Dec 2200 18:00:00 GMT", 86_400.0),
    ],
)
def test_d365_asking_to_slow_down_is_obeyed_with_its_own_time(
    status: int, header: str | None, seconds: float | None
) -> None:
    headers = {"Retry-After": header} if header else {}
    text = "This request could not be processed due to system experiencing high resource utilization."
    with pytest.raises(ThrottledError) as caught:
        run(start(Played(failed(status, text, **headers)).client))
    assert caught.value.wait_seconds == seconds
    assert "high resource utilization" in str(caught.value)


def test_a_refusal_carries_d365_s_own_words() -> None:
    with pytest.raises(RejectedError) as caught:
        run(start(Played(failed(400, "Entity Transaction does not exist in the target environment")).client))
    assert str(caught.value) == "Entity Transaction does not exist in the target environment"
    assert caught.value.found == "400"


@pytest.mark.parametrize("status", [500, 502, 504, 408])
def test_an_error_of_the_server_leaves_an_import_unknown_and_a_read_for_later(status: int) -> None:
    with pytest.raises(UnknownOutcomeError):
        run(start(Played(failed(status, "oops")).client))
    with pytest.raises(RetryableError):
        run(Played(failed(status, "oops")).client.execution_errors("P1-1"))


def test_an_answer_nobody_can_read_is_unknown_for_an_import() -> None:
    with pytest.raises(UnknownOutcomeError):
        run(start(Played(httpx.Response(200, text="<html>")).client))
    with pytest.raises(RetryableError):
        run(Played(httpx.Response(200, text="<html>")).client.headers_of_package("P1"))


def test_a_refused_sign_in_holds_no_receipt_and_asks_for_a_new_token() -> None:
    played = Played(failed(401, "no"), ok("Succeeded"))
    with pytest.raises(RetryableError, match="access refused"):
        run(played.client.execution_status("P1-1"))
    assert run(played.client.execution_status("P1-1")) == "Succeeded"
    assert played.requests[1].headers["authorization"] == "Bearer token-2"


def test_an_expired_upload_address_is_asked_for_again() -> None:
    with pytest.raises(RetryableError):
        run(Played(httpx.Response(403, text="AuthenticationFailed")).client.upload(SIGNED, b"zip"))


def test_a_redirect_is_not_followed() -> None:
    played = Played(httpx.Response(302, headers={"location": "https://evil.example/"}))
    with pytest.raises(RejectedError):
        run(played.client.execution_status("P1-1"))
    assert len(played.requests) == 1


# Tokens


def test_a_token_is_kept_until_a_minute_before_it_expires() -> None:
    credential, now = Credential(), [1_000.0]
    credential.expires_on = 2_000
    tokens = Tokens(credential, D365, lambda: now[0])
    assert run(tokens.bearer()) == "token-1"
    now[0] = 1_939.0
    assert run(tokens.bearer()) == "token-1"
    now[0] = 1_940.0
    assert run(tokens.bearer()) == "token-2"
    assert credential.asked == [f"{D365}/.default"] * 2


def test_no_token_means_nothing_was_sent() -> None:
    class Refused:
        async def get_token(self, *_: str) -> AccessToken:
            raise ClientAuthenticationError("AADSTS7000215: invalid client secret hunter2")

    http = httpx.AsyncClient(transport=httpx.MockTransport(lambda _: httpx.Response(200)))
    client = D365Client(D365, Refused(), http, lambda: NOW, "Retail")
    with pytest.raises(RetryableError) as caught:
        run(start(client))
    assert "hunter2" not in str(caught.value)


# Asking how it is


def test_an_execution_d365_does_not_know_yet_is_none() -> None:
    text = "The execution summary for P1-1 and the definition group were not found."
    assert run(Played(failed(400, text)).client.execution_status("P1-1")) is None
    assert run(Played(ok("Executing")).client.execution_status("P1-1")) == "Executing"
    with pytest.raises(RejectedError):
        run(Played(failed(400, "executionId must be filled in")).client.execution_status("P1-1"))


@pytest.mark.parametrize("shape", ["objects", "texts", "one text"])
def test_entity_results_are_read_in_each_shape_they_come_in(shape: str) -> None:
    one = {
        "EntityName": "Transactions", "Status": "PartiallySucceeded", "StagingRecordsCreatedCount": 10,
        "TargetRecordsCreatedCount": 7, "TargetRecordsUpdatedCount": "2", "TargetRecordsErrorCount": 1,
    }  # fmt: skip
    value: object = {"objects": [one], "texts": [json.dumps(one)], "one text": json.dumps([one])}[shape]
    assert run(Played(ok(value)).client.entity_results("P1-1")) == [
        EntityResult("Transactions", "PartiallySucceeded", 10, None, 7, 2, 1)
    ]


def test_counts_that_the_action_does_not_tell_are_read_from_the_job_s_details() -> None:
    details = {"EntityName": "Transactions", "TargetStatus": "Succeeded", "TargetRecordsCreatedCount": 3,
               "TargetRecordsUpdatedCount": 0}  # fmt: skip
    played = Played(ok([{"EntityName": "Transactions", "Status": "Succeeded"}]), ok([details]))
    result = run(played.client.entity_results("P1-1"))[0]
    assert (result.target_created, result.target_updated, result.target_failed) == (3, 0, None)
    assert played.requests[1].url.path == "/data/DataManagementExecutionJobDetails"
    assert played.requests[1].url.params["$filter"] == "JobId eq 'P1-1'"


def test_counts_that_nobody_tells_are_none_and_never_zero() -> None:
    played = Played(ok([{"EntityName": "Transactions", "Status": "Succeeded"}]), failed(404, "no such set"))
    assert run(played.client.entity_results("P1-1")) == [EntityResult("Transactions", "Succeeded")]


def test_execution_errors_are_d365_s_messages() -> None:
    assert run(Played(ok("[]")).client.execution_errors("P1-1")) == []
    assert run(Played(ok("")).client.execution_errors("P1-1")) == []
    value = json.dumps([{"RecordId": "1", "Field": "", "ErrorMessage": "Item 5 is not found"}, "plain text"])
    assert run(Played(ok(value)).client.execution_errors("P1-1")) == ["Item 5 is not found", "plain text"]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "utf-8"])
def test_error_keys_are_fetched_once_d365_has_written_them(encoding: str) -> None:
    file = "TransactionNumber,Terminal\r\n367-1-0001,HOUSTON-1\r\n".encode(encoding)
    played = Played(ok(""), ok(True), ok(""), ok(SIGNED), httpx.Response(200, content=file))
    with pytest.raises(RetryableError) as caught:
        run(played.client.error_keys("P1-1", "Transactions"))
    assert caught.value.wait_seconds == 5.0
    assert run(played.client.error_keys("P1-1", "Transactions")) == [
        {"TransactionNumber": "367-1-0001", "Terminal": "HOUSTON-1"}
    ]
    assert "authorization" not in played.requests[4].headers
    assert played.client.calls == {"error_keys": 4, "blob_get": 1}


def test_no_error_keys_where_every_row_reached_its_target() -> None:
    assert run(Played(ok(""), ok(False)).client.error_keys("P1-1", "Transactions")) == []


# Reading back


def header(number: str, package: str = "P1", **more: object) -> dict[str, object]:
    return {
        "dataAreaId": "usrt", "OperatingUnitNumber": "052", "Terminal": "HOUSTON-1",
        "TransactionNumber": number, "businessDate": "2017-12-23T12:00:00Z", "TransactionStatus": "None",
        "GrossAmount": -24.10, "NetAmount": -20, "PaymentAmount": 24.10, "DiscountAmount": 0, "IncomeExpenseAmount": 0,
        "NumberOfItems": 2, "NumberOfItemLines": 1, "NumberOfPaymentLines": 2, "Comment": package, **more,
    }  # fmt: skip


def test_headers_of_a_package_are_read_across_companies_page_by_page() -> None:
    following = f"{D365}/data/RetailTransactions?$skiptoken=2"
    played = Played(ok([header("367-1-0001")], **{"@odata.nextLink": following}), ok([header("367-1-0002")]))
    rows = run(played.client.headers_of_package("P1"))
    assert [row.key.transaction_number for row in rows] == ["367-1-0001", "367-1-0002"]
    assert rows[0].gross == Decimal("-24.1")
    assert rows[0].business_day == date(2017, 12, 23)
    params = played.requests[0].url.params
    assert params["cross-company"] == "true"
    assert params["$filter"] == "Comment eq 'P1'"
    assert "TransactionNumber" in params["$select"].split(",")
    assert played.requests[0].headers["prefer"] == "odata.maxpagesize=10000"
    assert str(played.requests[1].url) == following
    assert played.client.calls == {"read_back": 2}


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example/data/RetailTransactions?$skip=1",
        "https://contoso.operations.dynamics.com.evil.example/data/x",
        "http://contoso.operations.dynamics.com/data/x",
        "https://contoso.operations.dynamics.com:444/data/x",
        "/data/RetailTransactions?$skip=1",
    ],
)
def test_a_next_page_elsewhere_never_gets_our_token(elsewhere: str) -> None:
    played = Played(ok([header("367-1-0001")], **{"@odata.nextLink": elsewhere}))
    with pytest.raises(RejectedError, match="outside its own address"):
        run(played.client.headers_of_package("P1"))
    assert len(played.requests) == 1


def test_a_star_in_a_key_finds_nothing_that_was_not_asked_for() -> None:
    """D365 reads `*` as "anything": what it finds beyond the key is left out again."""
    rows = [header("a*b"), header("axxb"), header("a*b", Terminal="HOUSTON-2")]
    played = Played(ok(rows))
    found = run(played.client.headers_by_key([D365Key("usrt", "052", "HOUSTON-1", "a*b")]))
    assert [row.key.transaction_number for row in found] == ["a*b"]


def test_a_quote_in_a_key_stays_a_value() -> None:
    played = Played(ok([]))
    run(played.client.headers_by_key([D365Key("usrt", "052", "HOUSTON-1", "x' or 'a' eq 'a")]))
    assert played.requests[0].url.params["$filter"] == "(TransactionNumber eq 'x'' or ''a'' eq ''a')"


def test_receipts_are_read_as_headquarters_judges_them() -> None:
    row = {
        "dataAreaId": "usrt", "OperatingUnitNumber": "052", "StoreNumber": "HOUSTON",
        "RegisterNumber": "HOUSTON-1", "TransactionId": "367-1-0001", "ValidationStatus": "Successful",
        "LastValidationTime": "2017-12-23T20:00:00Z", "StatementNumber": "S-1", "SalesOrder": "SO-1",
        "Invoice": None, "BusinessDate": "2017-12-23T12:00:00Z",
        "GrossAmount": -24, "NetAmount": -20, "PaymentAmount": 24, "Comment": "P1",
    }  # fmt: skip
    never = {**row, "TransactionId": "2", "LastValidationTime": "1900-01-01T00:00:00Z", "StatementNumber": ""}
    other_day = {**row, "TransactionId": "3", "BusinessDate": "2017-12-24T12:00:00Z"}
    played = Played(ok([row, never, other_day]))
    days = {date(2017, 12, 23), date(2017, 12, 25)}
    got = run(played.client.auditable(datetime(2017, 12, 23, 19, tzinfo=UTC), days))
    assert [(one.key.transaction_number, one.statement) for one in got] == [("367-1-0001", "S-1"), ("2", "")]
    assert got[0].key == KEY
    assert got[0].validated_at == datetime(2017, 12, 23, 20, tzinfo=UTC)
    assert got[1].validated_at is None
    assert played.requests[0].url.params["$filter"] == (
        "((BusinessDate ge 2017-12-23T00:00:00Z and BusinessDate le 2017-12-23T23:59:59Z)"
        " or (BusinessDate ge 2017-12-25T00:00:00Z and BusinessDate le 2017-12-25T23:59:59Z))"
        " and LastValidationTime ge 2017-12-23T19:00:00Z"
    )
    assert run(Played().client.auditable(None, [])) == []


def test_statements_are_posted_only_when_the_journal_says_so() -> None:
    aggregation = {"dataAreaId": "usrt", "StatementId": "S-1", "Aggregation": 1, "StatementStatus": "Posted",
                   "AggregationStatus": "Posted", "SalesId": "SO-1", "InvoiceId": "I-1",
                   "StoreNumber": "HOUSTON", "ErrorMessage": ""}  # fmt: skip
    journal = {"dataAreaId": "usrt", "statementId": "S-1", "storeId": "HOUSTON",
               "postedDate": "1900-01-01T12:00:00Z", "postedDateTime": None,
               "salesAmount": -20.5, "taxAmount": -4}  # fmt: skip
    played = Played(ok([aggregation]), ok([journal, {**journal, "postedDateTime": "2017-12-24T01:00:00Z"}]))
    assert run(played.client.statement_aggregations(["S-1"]))[0].invoice == "I-1"
    not_yet, posted = run(played.client.posted_statements(["S-1"]))
    assert not_yet.posted_at is None
    assert posted.posted_at == datetime(2017, 12, 24, 1, tzinfo=UTC)
    assert posted.sales_amount == Decimal("-20.5")
    assert played.requests[1].url.params["$filter"] == "(statementId eq 'S-1')"


def test_validation_errors_are_read_by_transaction_number() -> None:
    played = Played(ok([{"TransactionId": "367-1-0001", "ErrorMessage": "Gross amount"}]))
    error = run(played.client.validation_errors({"367-1-0001"}))[0]
    assert (error.transaction_number, error.text) == ("367-1-0001", "Gross amount")
    assert run(Played().client.validation_errors([])) == []


# The repair route


def batch_answer(*parts: str) -> httpx.Response:
    body = "".join(f"--batchresponse_1\r\n{part}\r\n" for part in parts) + "--batchresponse_1--\r\n"
    return httpx.Response(
        200, text=body, headers={"Content-Type": "multipart/mixed; boundary=batchresponse_1"}
    )


def created(*statuses: int) -> str:
    inner = "".join(
        f"--changesetresponse_2\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n"
        f"Content-ID: {number}\r\n\r\nHTTP/1.1 {status} X\r\nContent-Type: application/json\r\n\r\n{{}}\r\n"
        for number, status in enumerate(statuses, start=1)
    )
    head = "Content-Type: multipart/mixed; boundary=changesetresponse_2\r\n\r\n"
    return f"{head}{inner}--changesetresponse_2--\r\n"


def refused(status: int, text: str) -> str:
    body = failed(status, text).text
    return (
        "Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n"
        f"HTTP/1.1 {status} X\r\nContent-Type: application/json; odata.metadata=minimal\r\n\r\n{body}\r\n"
    )


def one_receipt(number: str) -> dict[str, list[dict[str, Any]]]:
    key = {"dataAreaId": "usrt", "TransactionNumber": number}
    return {
        "Sales transactions V2": [{**key, "LineNumber": Decimal(1), "NetAmount": Decimal("-20.10")}],
        "Transactions": [{**key, "GrossAmount": Decimal("-24.10"), "Comment": "P1"}],
    }


def test_each_changeset_has_its_own_outcome_although_the_outside_says_200() -> None:
    played = Played(
        batch_answer(
            created(201, 201),
            refused(500, "Write failed for table row of type 'RetailTransactionEntity'. Infolog: Error: "
                         "Cannot create a record in Transactions. The record already exists."),
            refused(400, "The value '1' in field 'Item' is not found in the related table 'Items'."),
            refused(500, "An update conflict occurred due to another user process deleting the record."),
            refused(429, "system experiencing high resource utilization"),
            created(201, 500),
        )
    )  # fmt: skip
    results = run(played.client.write_changesets([one_receipt(str(number)) for number in range(8)]))
    assert [result.outcome for result in results] == [
        Outcome.CREATED, Outcome.ALREADY_THERE, Outcome.REFUSED, Outcome.BUSY, Outcome.BUSY, Outcome.UNKNOWN,
        Outcome.UNKNOWN, Outcome.UNKNOWN,
    ]  # fmt: skip
    assert "is not found in the related table" in results[2].text


def test_a_batch_holds_one_changeset_a_receipt_with_the_header_first() -> None:
    played = Played(batch_answer(created(201, 201), created(201, 201)))
    run(played.client.write_changesets([one_receipt("A"), one_receipt("B")]))
    request = played.requests[0]
    assert request.url.path == "/data/$batch"
    boundary = request.headers["content-type"].removeprefix("multipart/mixed; boundary=")
    text = request.content.decode()
    assert text.count(f"--{boundary}\r\n") == 2
    assert text.endswith(f"--{boundary}--\r\n")
    assert text.count("Content-Type: multipart/mixed; boundary=changeset_") == 2
    first = text.split(f"--{boundary}\r\n")[1]
    assert first.index("POST /data/RetailTransactions?") < first.index(
        "POST /data/RetailTransactionSalesLinesV2?"
    )
    assert '{"dataAreaId":"usrt","TransactionNumber":"A","GrossAmount":-24.1,"Comment":"P1"}' in first


def test_a_batch_answer_nobody_can_read_is_unknown() -> None:
    with pytest.raises(UnknownOutcomeError):
        run(Played(httpx.Response(200, text="hm")).client.write_changesets([one_receipt("A")]))
    played = Played(batch_answer(created(201), created(201)))
    with pytest.raises(UnknownOutcomeError):
        run(played.client.write_changesets([one_receipt("A")]))
    assert run(Played().client.write_changesets([])) == []


# What never leaves


def test_neither_errors_nor_httpx_s_own_log_hold_a_signature(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    played = Played(httpx.Response(201), httpx.Response(400, text=f"bad address {SIGNED}"))
    run(played.client.upload(SIGNED, b"zip"))
    with pytest.raises(RejectedError) as caught:
        run(played.client.upload(SIGNED, b"zip"))
    assert "SeCrEt" not in str(caught.value)
    assert any(record.name == "httpx" for record in caplog.records)
    assert "SeCrEt" not in caplog.text


# What D365 reports beside


@pytest.mark.parametrize("entity", ["Sales transactions V2", "Income/Expense transaction"])
def test_rows_that_failed_before_staging_are_read_from_d365_s_file(entity: str) -> None:
    file = "TransactionNumber,ErrorMessage\r\n367-1-0001,The value is too long\r\n".encode("utf-16")
    played = Played(ok(SIGNED), httpx.Response(200, content=file))
    assert run(played.client.staging_errors("P1-1", entity)) == [
        {"TransactionNumber": "367-1-0001", "ErrorMessage": "The value is too long"}
    ]
    assert played.requests[0].url.path.endswith(".GetImportStagingErrorFileUrl")
    assert played.body() == {"executionId": "P1-1", "entityName": entity}
    assert "authorization" not in played.requests[1].headers


@pytest.mark.parametrize("nothing", ["", None])
def test_no_staging_file_where_every_row_was_staged(nothing: str | None) -> None:
    assert run(Played(ok(nothing)).client.staging_errors("P1-1", "Transactions")) == []


def test_a_file_at_an_address_nobody_allowed_is_not_fetched() -> None:
    played = Played(ok("https://elsewhere.example/dmf/x?sig=1"))
    with pytest.raises(RejectedError, match="not allowed"):
        run(played.client.staging_errors("P1-1", "Transactions"))
    assert len(played.requests) == 1


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        (f"{D365}/?cmp=usrt&mi=DM_DataManagementWorkspaceMenuItem", f"{D365}/?cmp=usrt&mi=DM_DataManagementWorkspaceMenuItem"),
        ("https://elsewhere.example/page", ""),
        ("javascript:alert(1)", ""),
        (None, ""),
        ("", ""),
    ],
)  # fmt: skip
def test_a_page_for_people_is_shown_only_when_it_is_d365_s_own(given: str | None, shown: str) -> None:
    played = Played(ok(given))
    assert run(played.client.execution_page("P1-1")) == shown
    assert played.body() == {"executionId": "P1-1"}


def test_an_export_is_started_asked_about_and_fetched() -> None:
    played = Played(ok("X-1"), ok("Succeeded"), ok(SIGNED), httpx.Response(200, content=b"package"), ok(None))
    client = played.client
    assert run(client.export_package("Catalogue", "C.zip", "X-1", "usrt")) == "X-1"
    assert played.body() == {
        "definitionGroupId": "Catalogue", "packageName": "C.zip", "executionId": "X-1", "reExecute": False,
        "legalEntityId": "usrt",
    }  # fmt: skip
    assert run(client.execution_status("X-1")) == "Succeeded"
    assert run(client.download(run(client.exported_package_url("X-1")))) == b"package"
    run(client.delete_history("X-1"))
    assert played.requests[4].url.path.endswith(".DeleteExecutionHistoryJob")
    assert client.calls == {"export": 1, "status": 1, "export_url": 1, "blob_get": 1, "delete_history": 1}


def test_an_export_whose_answer_got_lost_is_of_unknown_outcome() -> None:
    with pytest.raises(UnknownOutcomeError):
        run(Played(httpx.ReadError("gone")).client.export_package("Catalogue", "C.zip", "X-1", "usrt"))


def test_an_answer_larger_than_it_may_be_is_not_read_to_its_end() -> None:
    played = Played(httpx.Response(200, content=b"x" * 1_001))
    with pytest.raises(RejectedError, match="too large"):
        run(played.client._wire.call("metadata", "GET", "/data/$metadata", bytes_max=1_000))


def test_a_missing_right_is_told_apart_from_a_refused_sign_in() -> None:
    for status, expected in ((401, RetryableError), (403, AccessRefusedError)):
        with pytest.raises(RetryableError) as caught:
            run(Played(failed(status, "no")).client.invoices(["SO-1"]))
        assert type(caught.value) is expected


def test_invoices_vouchers_shift_states_and_terminal_states_are_read_as_d365_shows_them() -> None:
    invoice = {
        "dataAreaId": "USRT", "InvoiceNumber": "CN-1", "SalesOrderNumber": "SO-1", "TotalInvoiceAmount": -12.5,
        "LedgerVoucher": "V-1",
    }  # fmt: skip
    shift = {
        "dataAreaId": "USRT", "StoreNumber": "HOUSTON", "Terminal": "HOUSTON-1", "BatchShiftId": 7, "Status": "Closed",
        "ErrorCode": "Error", "Error": "Totals differ", "HasPendingOfflineTransactions": "No",
    }  # fmt: skip
    played = Played(
        ok([invoice]), ok([{"dataAreaId": "USRT", "statementId": "S-1", "voucher": "V-1"}]), ok([shift]),
        ok([{"TerminalNumber": "HOUSTON-1", "StoreNumber": "HOUSTON", "ClosingStatus": "Closing"}]),
    )  # fmt: skip
    client = played.client
    assert run(client.invoices(["SO-1"])) == [Invoice("usrt", "CN-1", "SO-1", Decimal("-12.5"), "V-1")]
    assert run(client.vouchers(["S-1", "S-2"])) == [StatementVoucher("usrt", "S-1", "V-1")]
    assert run(client.shift_states()) == [
        ShiftState("usrt", "HOUSTON", "HOUSTON-1", "7", "Closed", True, "Totals differ", False)
    ]
    assert run(client.terminal_states()) == [TerminalState("HOUSTON-1", "HOUSTON", "Closing")]
    enums = "Microsoft.Dynamics.DataEntities."
    assert [one.url.params["$filter"] for one in played.requests] == [
        "(SalesOrderNumber eq 'SO-1')",
        "(statementId eq 'S-1' or statementId eq 'S-2')",
        (
            f"(ErrorCode ne {enums}RetailEodShiftValidationErrorCode'None'"
            f" or HasPendingOfflineTransactions eq {enums}NoYes'Yes')"
        ),
        f"(ClosingStatus eq {enums}RetailClosingStatus'Closing' or ClosingStatus eq {enums}RetailClosingStatus'Error')",
    ]


def test_a_gateways_503_after_an_import_is_no_refusal() -> None:
    with pytest.raises(UnknownOutcomeError):
        run(start(Played(failed(503, "Service Unavailable")).client))
    with pytest.raises(ThrottledError):
        run(Played(failed(503, "Service Unavailable")).client.execution_status("P1-1"))

"""The local host as a process: HTTP, queues against the emulator, timers on a fast clock, and its end."""

from __future__ import annotations

import base64
import gzip
import signal
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from azure.storage.queue import QueueClient

from tests.localhost_process import FIXTURE_APP, Running, running, wait_until

QUEUES = ("work", "work-poison", "slow-work")


@pytest.fixture
def storage(azurite: str) -> Iterator[str]:
    """Give a connection string whose queues of the fixture app are there and empty."""
    for name in QUEUES:
        with QueueClient.from_connection_string(azurite, name) as queue:
            queue.create_queue()
    yield azurite
    for name in QUEUES:
        with QueueClient.from_connection_string(azurite, name) as queue:
            queue.delete_queue()


@pytest.fixture
def settings(storage: str, tmp_path: Path) -> dict[str, str]:
    (tmp_path / "record").touch()
    return {"WORK_STORAGE": storage, "RECORD": str(tmp_path / "record"), "TICK": "0 0 0 1 1 *"}


@pytest.fixture
def host(settings: dict[str, str], tmp_path: Path) -> Iterator[Running]:
    with running(FIXTURE_APP, settings, tmp_path / "log") as started:
        yield started


@pytest.fixture
def record(tmp_path: Path) -> Path:
    return tmp_path / "record"


def lines(record: Path) -> list[str]:
    return record.read_text(encoding="utf-8").splitlines()


def send(storage: str, queue: str, *texts: str) -> None:
    with QueueClient.from_connection_string(storage, queue) as client:
        for text in texts:
            client.send_message(base64.b64encode(text.encode()).decode(), time_to_live=-1)


def left(storage: str, queue: str) -> int:
    with QueueClient.from_connection_string(storage, queue) as client:
        return client.get_queue_properties().approximate_message_count


def test_a_route_gives_its_parameters_and_the_query(host: Running) -> None:
    answer = httpx.get(f"{host.url}/api/receipts/st%201/17?day=2017-12-23&a=1&a=2")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {
        "params": {"store": "st 1", "number": "17"},
        "query": {"day": "2017-12-23", "a": "1,2"},
        "url": f"{host.url}/api/receipts/st%201/17?day=2017-12-23&a=1&a=2",
    }
    assert httpx.get(f"{host.url}/api/receipts/1/latest").text == "latest of 1"
    assert httpx.get(f"{host.url}/api/days").text == "today"
    assert httpx.get(f"{host.url}/api/days/2017-12-23").text == "2017-12-23"


def test_an_unknown_path_is_404_and_a_known_one_with_another_method_405(host: Running) -> None:
    assert httpx.get(f"{host.url}/api/nothing").status_code == 404
    assert httpx.get(f"{host.url}/receipts/1/17").status_code == 404
    wrong = httpx.post(f"{host.url}/api/receipts/1/17")
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "GET")


def test_a_sync_function_runs_in_a_thread_and_bodies_pass_byte_for_byte(host: Running) -> None:
    body = bytes(range(256)) * 8
    answer = httpx.post(f"{host.url}/api/echo", content=body)
    assert (answer.status_code, answer.content) == (201, body)
    assert answer.headers["x-thread"] == "True"
    assert answer.headers["set-cookie"] == "till=1; Path=/"
    packed = gzip.compress(body)
    answer = httpx.post(f"{host.url}/api/echo", content=packed, headers={"Content-Encoding": "gzip"})
    assert answer.content == packed


def test_a_body_over_32_mib_is_413(host: Running) -> None:
    limit = 32 * 1024 * 1024
    assert httpx.post(f"{host.url}/api/echo", content=bytes(limit), timeout=60).status_code == 201
    assert httpx.post(f"{host.url}/api/echo", content=bytes(limit + 1), timeout=60).status_code == 413


def test_an_error_is_a_500_that_tells_nothing_and_is_logged(host: Running) -> None:
    answer = httpx.get(f"{host.url}/api/broken")
    assert (answer.status_code, answer.content) == (500, b"")
    assert "RuntimeError: a secret of the inside" in host.log.read_text(encoding="utf-8")


def test_a_function_that_asks_for_its_context_gets_it(host: Running) -> None:
    assert httpx.get(f"{host.url}/api/who").text == "who 36"


def test_a_timer_runs_when_told_to(host: Running, record: Path) -> None:
    assert httpx.post(f"{host.url}/admin/functions/year_began", json={}).status_code == 202
    wait_until(lambda: lines(record) == ["year"])
    assert httpx.post(f"{host.url}/admin/functions/nobody", json={}).status_code == 404
    assert httpx.get(f"{host.url}/admin/host/ping").status_code == 200


def test_a_message_is_done_once_and_deleted(host: Running, storage: str, record: Path) -> None:
    send(storage, "work", "one", "two")
    wait_until(lambda: left(storage, "work") == 0)
    assert sorted(lines(record)) == ["work one 1", "work two 1"]


def test_a_message_that_fails_is_tried_five_times_and_kept_as_poison(
    host: Running, storage: str, record: Path
) -> None:
    send(storage, "work", "fails", "works")
    wait_until(lambda: left(storage, "work-poison") == 1 and left(storage, "work") == 0)
    tries = [line for line in lines(record) if "fails" in line]
    assert tries == [f"work fails {count}" for count in (1, 2, 3, 4, 5)]
    assert "work works 1" in lines(record)
    with QueueClient.from_connection_string(storage, "work-poison") as client:
        (kept,) = client.receive_messages(max_messages=32)
    assert base64.b64decode(kept.content) == b"fails"
    assert kept.expires_on.year == 9999


def test_a_message_that_is_not_base64_ends_as_poison_as_it_came(host: Running, storage: str) -> None:
    with QueueClient.from_connection_string(storage, "work") as client:
        client.send_message("not base64!")
    wait_until(lambda: left(storage, "work-poison") == 1)
    with QueueClient.from_connection_string(storage, "work-poison") as client:
        (kept,) = client.receive_messages(max_messages=32)
    assert kept.content == "not base64!"


def test_a_host_that_is_told_to_end_lets_requests_and_messages_end(
    host: Running, storage: str, record: Path
) -> None:
    send(storage, "slow-work", "one")
    wait_until(lambda: "slow-work began one" in lines(record))
    assert host.end() == 0
    assert lines(record) == ["slow-work began one", "slow-work ended one"]
    assert left(storage, "slow-work") == 0
    assert "Traceback" not in host.log.read_text(encoding="utf-8")


def test_ctrl_c_ends_the_host_cleanly_too(host: Running) -> None:
    assert httpx.get(f"{host.url}/api/who").status_code == 200
    assert host.end(signal.SIGINT) == 0
    assert "Traceback" not in host.log.read_text(encoding="utf-8")


def test_timers_follow_the_fast_clock_and_a_slow_run_skips_ticks(
    settings: dict[str, str], record: Path, tmp_path: Path
) -> None:
    fast = {
        "TICK": "0 0 * * * *",  # hourly: one a second at this speed
        "TILLPOST_CLOCK_START": "2017-12-23T00:30:00+00:00",
        "TILLPOST_CLOCK_ANCHOR": datetime.now(UTC).isoformat(),
        "TILLPOST_CLOCK_SPEED": "3600",
    }
    with running(FIXTURE_APP, {**settings, **fast}, tmp_path / "log"):
        wait_until(lambda: lines(record).count("hour False") >= 4)
    seen = [line for line in lines(record) if line.startswith("slow hour")]
    began, ended = seen[0::2], seen[1::2]
    assert set(began) == {"slow hour began"}
    assert set(ended) == {"slow hour ended"}
    assert len(began) == len(ended) < lines(record).count("hour False")
    assert "year" not in lines(record)


def test_a_setting_that_lacks_is_said_by_name_and_nothing_runs(
    settings: dict[str, str], tmp_path: Path
) -> None:
    with (
        pytest.raises(AssertionError, match="the setting WORK_STORAGE is not set"),
        running(FIXTURE_APP, {**settings, "WORK_STORAGE": ""}, tmp_path / "log"),
    ):
        pass

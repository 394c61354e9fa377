"""Traces, as a collector receives them."""

import asyncio
import gzip
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.e2e.served import Served, boot, serving, until


class Collector(ThreadingHTTPServer):
    """Takes spans over OTLP/HTTP, and keeps them."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Receiver)
        self.spans: list[Span] = []
        self.services: set[str] = set()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def take(self, body: bytes) -> None:
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            named = {each.key: each.value.string_value for each in resource.resource.attributes}
            self.services.add(named["service.name"])
            for scope in resource.scope_spans:
                self.spans += scope.spans

    def named(self, name: str) -> list[Span]:
        return [span for span in self.spans if span.name == name]

    def of(self, station: str) -> list[Span]:
        return [
            span for span in self.spans if attributes_of(span).get("ricarica.station") == station
        ]


class _Receiver(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        assert self.path == "/v1/traces"
        self.server.take(body)
        answer = ExportTraceServiceResponse().SerializeToString()
        self.send_response(200)
        self.send_header("Content-Type", "application/x-protobuf")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_request(self, code: object = "-", size: object = "-") -> None:
        """Not to the screen."""


@contextmanager
def collecting() -> Iterator[Collector]:
    collector = Collector()
    thread = threading.Thread(target=collector.serve_forever)
    thread.start()
    try:
        yield collector
    finally:
        collector.shutdown()
        thread.join()
        collector.server_close()


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    with collecting() as running:
        yield running


@pytest.fixture(scope="module")
def traced(tmp_path_factory: pytest.TempPathFactory, collector: Collector) -> Iterator[Served]:
    """A server that traces everything."""
    variables = {
        "RICARICA_OTEL_ENDPOINT": collector.address,
        "RICARICA_OTEL_SAMPLING": "1",
        "RICARICA_LOG_JSON": "true",
        "OTEL_BSP_SCHEDULE_DELAY": "100",  # milliseconds, lest the test waits for five seconds
        "NO_PROXY": "127.0.0.1",
    }
    data = tmp_path_factory.mktemp("traced") / "data"
    with serving(data, "--accept-unknown-stations", **variables) as served:
        yield served


def attributes_of(span: Span) -> dict[str, str]:
    return {each.key: each.value.string_value for each in span.attributes}


async def test_a_call_and_its_commit_reach_the_collector(
    traced: Served, collector: Collector
) -> None:
    async with traced.door("TRACED-1") as station:
        await boot(station)
    until(lambda: bool(collector.of("TRACED-1")), "the call was traced")

    call = collector.of("TRACED-1")[0]
    assert call.name == "call BootNotification"
    commits = {span.span_id: span for span in collector.named("commit")}
    assert attributes_of(call)["ricarica.outcome"] == "answered"
    assert call.kind == Span.SPAN_KIND_SERVER
    commit = commits[call.links[0].span_id]
    assert call.start_time_unix_nano <= commit.start_time_unix_nano < call.end_time_unix_nano
    assert call.trace_id.hex() in traced.log, "the log names the trace"
    assert collector.services == {"ricarica"}


async def test_a_request_goes_on_in_the_trace_it_came_with_and_so_does_what_it_asks_of_a_station(
    traced: Served, collector: Collector
) -> None:
    trace_id = "0af7651916cd43dd8448eb211c80319c"
    traced.key()
    async with traced.door("TRACED-2") as station:
        await boot(station)
        headers = {"traceparent": f"00-{trace_id}-b7ad6b7169203331-01"}
        async with traced.client() as client, asyncio.TaskGroup() as tasks:
            path = "/stations/TRACED-2/commands/trigger"
            asked = tasks.create_task(client.post(path, json={"topic": "boot"}, headers=headers))
            call = json.loads(await station.recv())
            await station.send(json.dumps([3, call[1], {"status": "Accepted"}]))
        assert asked.result().json()["outcome"] == "accepted"
    until(lambda: bool(collector.named("ask TriggerMessage")), "our call was traced")

    ask = collector.named("ask TriggerMessage")[0]
    until(lambda: any(each.span_id == ask.parent_span_id for each in collector.spans), "its parent")
    request = next(each for each in collector.spans if each.span_id == ask.parent_span_id)
    assert request.name == "POST /api/v1/stations/{identity}/commands/trigger"
    assert {request.trace_id.hex(), ask.trace_id.hex()} == {trace_id}
    assert request.parent_span_id.hex() == "b7ad6b7169203331"


def test_a_server_serves_without_its_collector(tmp_path: Path) -> None:
    with collecting() as gone:
        address = gone.address
    variables = {"RICARICA_OTEL_ENDPOINT": address, "RICARICA_OTEL_SAMPLING": "1"}
    with serving(tmp_path / "data", "--accept-unknown-stations", **variables) as served:
        assert httpx.get(f"{served.http}/health/ready").status_code == 200
        assert served.stop() == 0

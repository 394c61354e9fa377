"""OpenTelemetry: traces of stations' calls, of our calls to stations, and of requests.

Nothing here is imported before `otel_endpoint` is set: the packages come with `ricarica[otel]`.
"""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from opentelemetry import context, propagate, trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, ParentBased, Sampler, TraceIdRatioBased
from opentelemetry.trace import Link, SpanKind, Status, StatusCode
from opentelemetry.util.types import AttributeValue

import ricarica
from ricarica.api.requests import App, Scope, route_of
from ricarica.link.letters import Ask, Delivered, Outcome, Told

EXPORT_S = 3  # for one delivery to the collector; at the end we wait no longer than that
QUEUE_MAX = 8_192  # spans that wait for the collector; more are dropped, for they are only news


class OtelTracing:
    """Implements `engine.tracing.Tracing`.

    Spans of calls are made when they are over, and only those that are kept: the others cost
    one random number.
    """

    def __init__(self, endpoint: str, share: float, node: str, rng: random.Random) -> None:
        self._share = share
        self._rng = rng
        resource = Resource.create(
            {
                "service.name": "ricarica",
                "service.version": ricarica.__version__,
                "service.instance.id": node,
            }
        )
        exporter = OTLPSpanExporter(f"{endpoint.rstrip('/')}/v1/traces", timeout=EXPORT_S)
        processor = BatchSpanProcessor(exporter, max_queue_size=QUEUE_MAX)
        self._processor = processor
        self._all = _tracer(resource, ALWAYS_ON, processor)
        self._some = _tracer(resource, ParentBased(TraceIdRatioBased(share)), processor)
        self._batch: tuple[int, int, int] = (0, 0, 0)  # letters, begun and ended in ns
        self._batch_link: Link | None = None

    def stop(self) -> None:
        """Send what is left; may take some seconds, so not in the event loop's thread."""
        self._processor.shutdown()  # type: ignore[no-untyped-call]  # theirs has no types

    # -- for the engine

    def batch(self, letters: int, commit_s: float) -> None:
        now = time.time_ns()
        self._batch = (letters, now - int(commit_s * 1e9), now)
        self._batch_link = None

    def call(self, delivered: Delivered, outcome: str, elapsed_s: float) -> str | None:
        if self._rng.random() >= self._share:
            return None
        now = time.time_ns()
        span = self._all.start_span(
            f"call {delivered.action[:60]}",
            context.Context(),
            SpanKind.SERVER,
            {
                "ricarica.station": str(delivered.key),
                "ricarica.epoch": delivered.epoch,
                "ricarica.subprotocol": delivered.subprotocol,
                "ricarica.message_id": delivered.message_id,
                "ricarica.outcome": outcome,
            },
            links=[self._link_to_batch()],
            start_time=now - int(elapsed_s * 1e9),
        )
        if outcome != "answered":
            span.set_status(Status(StatusCode.ERROR, outcome))
        span.end(now)
        return trace.format_trace_id(span.get_span_context().trace_id)

    def _link_to_batch(self) -> Link:
        """Its span is made for the first call of it that is kept."""
        if self._batch_link is None:
            letters, begun, ended = self._batch
            span = self._all.start_span(
                "commit",
                context.Context(),
                SpanKind.INTERNAL,
                {"ricarica.letters": letters},
                start_time=begun,
            )
            span.end(ended)
            self._batch_link = Link(span.get_span_context())
        return self._batch_link

    @contextmanager
    def ask(self, ask: Ask) -> Iterator[Callable[[Told], None]]:
        known: dict[str, AttributeValue] = {
            "ricarica.station": str(ask.key),
            "ricarica.timeout_s": ask.timeout_s,
        }
        name = f"ask {ask.action[:60]}"
        with self._some.start_as_current_span(name, kind=SpanKind.CLIENT, attributes=known) as span:

            def note(told: Told) -> None:
                span.set_attribute("ricarica.outcome", told.outcome.value)
                if told.outcome is not Outcome.ANSWERED:
                    span.set_status(Status(StatusCode.ERROR, told.outcome.value))

            yield note

    # -- for people and programs

    def traced(self, app: App) -> App:
        """Requests; one that comes with a trace of its own goes on in it."""

        async def with_tracing(scope: Scope, receive: Any, send: Any) -> None:
            if scope["type"] != "http":
                await app(scope, receive, send)
                return
            headers = {name.decode(): value.decode("latin-1") for name, value in scope["headers"]}
            come_with = propagate.extract(headers)
            with self._some.start_as_current_span(
                scope["method"],
                come_with,
                SpanKind.SERVER,
                {"http.request.method": scope["method"]},
            ) as span:

                async def noting(message: Any) -> None:
                    if message["type"] == "http.response.start":
                        span.update_name(f"{scope['method']} {route_of(scope)}")
                        span.set_attribute("http.route", route_of(scope))
                        span.set_attribute("http.response.status_code", message["status"])
                    await send(message)

                await app(scope, receive, noting)

        return with_tracing


def current_trace() -> str | None:
    """The id of the trace that this goes on in, for the log."""
    spoken = trace.get_current_span().get_span_context()
    return trace.format_trace_id(spoken.trace_id) if spoken.trace_flags.sampled else None


def _tracer(resource: Resource, sampler: Sampler, processor: BatchSpanProcessor) -> trace.Tracer:
    provider = TracerProvider(sampler, resource, shutdown_on_exit=False)
    provider.add_span_processor(processor)
    return provider.get_tracer("ricarica", ricarica.__version__)

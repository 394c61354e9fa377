"""/health and /metrics: for those who watch over the process."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import Literal

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler
from msgspec import Struct
from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from ricarica.kernel.histogram import Histogram

EXPOSITION = CONTENT_TYPE_LATEST.partition("; charset")[0]  # the framework adds it again
CHECK_TIMEOUT_S = 3.0  # load balancers give up after five


@dataclass(frozen=True, slots=True)
class Measure:
    """Numbers of one name. `values`: by their labels' values; () where there are no labels."""

    name: str
    text: str
    values: Mapping[tuple[str, ...], float]
    labels: tuple[str, ...] = ()
    kind: Literal["counter", "gauge"] = "gauge"


@dataclass(frozen=True, slots=True)
class Spread:
    """How the values of one name are spread."""

    name: str
    text: str
    histogram: Histogram


@dataclass(frozen=True, slots=True)
class Vitals:
    """How the process is: `checks` return what is wrong; `measures` are its numbers.

    `has_started`: it has come up once; whoever starts it waits for that before looking further.
    """

    checks: Mapping[str, Callable[[], Awaitable[str | None]]]
    measures: Callable[[], Iterable[Measure | Spread]] = tuple
    has_started: Callable[[], bool] = lambda: True


class Live(Struct, frozen=True):
    status: Literal["ok"] = "ok"


class Ready(Struct, frozen=True):
    """Each check with `ok` or what is wrong."""

    status: Literal["ok", "unavailable"]
    checks: dict[str, str]


def health_handlers(vitals: Vitals) -> tuple[HTTPRouteHandler, ...]:
    registry = _registry(vitals)

    @get("/health/live", tags=["Health"], sync_to_thread=False)
    def live() -> Live:
        """The process runs."""
        return Live()

    @get("/health/startup", tags=["Health"], sync_to_thread=False)
    def startup() -> Response[Ready]:
        """It has come up: migrations are done and its doors are open; 503 before."""
        return _ready({"started": "ok" if vitals.has_started() else "not yet"})

    @get("/health/ready", tags=["Health"])
    async def ready() -> Response[Ready]:
        """It can do its work; 503 when it cannot, or is about to stop."""
        return _ready({name: await _checked(check) for name, check in vitals.checks.items()})

    @get("/metrics", include_in_schema=False, sync_to_thread=False)
    def metrics() -> Response[bytes]:
        return Response(generate_latest(registry), media_type=EXPOSITION)

    return (live, startup, ready, metrics)


def _ready(checks: dict[str, str]) -> Response[Ready]:
    is_well = all(found == "ok" for found in checks.values())
    status: Literal["ok", "unavailable"] = "ok" if is_well else "unavailable"
    return Response(Ready(status, checks), status_code=200 if is_well else 503)


async def _checked(check: Callable[[], Awaitable[str | None]]) -> str:
    try:
        async with asyncio.timeout(CHECK_TIMEOUT_S):
            return await check() or "ok"
    except TimeoutError:
        return f"no answer within {CHECK_TIMEOUT_S:g} s"


class _Measured(Collector):
    def __init__(self, measures: Callable[[], Iterable[Measure | Spread]]) -> None:
        self._measures = measures

    def collect(self) -> Iterable[Metric]:
        return [_family(measure) for measure in self._measures()]


def _registry(vitals: Vitals) -> CollectorRegistry:
    """One of our own, so that two servers in one process do not share their numbers."""
    registry = CollectorRegistry()
    registry.register(_Measured(vitals.measures))
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    return registry


def _family(measure: Measure | Spread) -> Metric:
    if isinstance(measure, Spread):
        return _spread(measure)
    kind = CounterMetricFamily if measure.kind == "counter" else GaugeMetricFamily
    family = kind(measure.name, measure.text, labels=measure.labels)
    for values, number in measure.values.items():
        family.add_metric(values, number)
    return family


def _spread(spread: Spread) -> Metric:
    family = HistogramMetricFamily(spread.name, spread.text, labels=())
    family.add_metric((), list(_buckets(spread.histogram)), spread.histogram.total)
    return family


def _buckets(histogram: Histogram) -> Iterator[tuple[str, float]]:
    bounds = (*map(floatToGoString, histogram.bounds), "+Inf")
    yield from zip(bounds, accumulate(histogram.counts), strict=True)

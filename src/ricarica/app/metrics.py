"""The numbers of this process. docs/reference/metrics.md lists them, as a test sees to."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import ricarica
from ricarica.api.health import Measure, Spread
from ricarica.api.requests import RequestCounts
from ricarica.app.alerting import OutboxReader
from ricarica.engine.core import Engine
from ricarica.engine.counts import FAILURES
from ricarica.engine.timers import Timers
from ricarica.kernel.histogram import Histogram
from ricarica.link.bus import Bus
from ricarica.ocpp.dialects import BY_SUBPROTOCOL
from ricarica.station_gateway.gateway import StationGateway

Measures = Iterator[Measure | Spread]


def of_process(lag_s: Histogram, *, is_draining: bool) -> Measures:
    yield Measure(
        "ricarica_build_info",
        "Always 1; which version runs.",
        {(ricarica.__version__,): 1},
        ("version",),
    )
    yield _gauge("ricarica_draining", "1 while the process is about to stop.", is_draining)
    yield Spread(
        "ricarica_event_loop_lag_seconds", "How late the process came to what it had to do.", lag_s
    )


def of_requests(counts: RequestCounts) -> Measures:
    yield Measure(
        "ricarica_http_requests",
        "Requests to the pages and the API, by route.",
        _by(counts.answered),
        ("method", "route", "status"),
        "counter",
    )
    yield Spread(
        "ricarica_http_request_seconds",
        "From a request to the beginning of its answer.",
        counts.duration_s,
    )


def of_gateway(gateway: StationGateway) -> Measures:
    counts = gateway.counts()
    yield Measure(
        "ricarica_connections",
        "Connected stations.",
        # Also where there are none: what has no value at all is never few enough for an alert.
        {
            (dialect.name, str(secured).lower()): counts.seated.get((subprotocol, secured), 0)
            for subprotocol, dialect in BY_SUBPROTOCOL.items()
            for secured in (False, True)
        },
        ("dialect", "secured"),
    )
    yield _gauge(
        "ricarica_sockets", "Open sockets of stations, also those not let in yet.", counts.sockets
    )
    yield _gauge(
        "ricarica_unanswered", "Messages of stations that have no answer yet.", counts.unanswered
    )
    yield _gauge(
        "ricarica_handshaking", "Connections whose handshake is not done.", counts.handshaking
    )
    yield _count(
        "ricarica_connections_put_off",
        "Connections told to come later, before anything was read of them.",
        counts.shed,
    )
    yield _count("ricarica_connections_opened", "Stations that were let in.", counts.opened)
    yield _count(
        "ricarica_connections_replaced",
        "Connections that gave way to a newer one of the same station.",
        counts.swapped,
    )
    yield _labelled("ricarica_handshakes", "Handshakes.", dict(counts.verdicts), "verdict")
    yield from _of_frames(gateway)


def _of_frames(gateway: StationGateway) -> Measures:
    counts = gateway.counts()
    yield _labelled(
        "ricarica_frames",
        "Messages over the stations' sockets.",
        {"in": counts.messages_in, "out": counts.messages_out},
        "direction",
    )
    yield _labelled(
        "ricarica_frame_bytes",
        "Bytes of those messages.",
        {"in": counts.bytes_in, "out": counts.bytes_out},
        "direction",
    )
    yield _count(
        "ricarica_reading_paused",
        "Times a station was read more slowly because it flooded us.",
        counts.throttled,
    )
    yield _labelled(
        "ricarica_remarks",
        "Oddities of stations, as in the log of messages.",
        dict(counts.remarks),
        "kind",
    )


def of_engine(engine: Engine) -> Measures:
    batches = engine.batches.counts
    yield _gauge(
        "ricarica_mailbox_letters", "Letters that wait to be decided.", len(engine.mailboxes)
    )
    yield Spread("ricarica_batch_letters", "Letters decided with one commit.", batches.sizes)
    yield Spread("ricarica_commit_seconds", "Time that a commit took.", batches.commit_s)
    yield _labelled(
        "ricarica_commits_failed",
        "Commits that failed: `unavailable` storage, a `conflict`, or a `fault` of ours.",
        {why: batches.failed[why] for why in FAILURES},
        "why",
    )
    yield _count("ricarica_put_aside", "Messages put aside by a fault of ours.", batches.put_aside)
    yield from _of_messages(engine)
    yield from _of_commands(engine)
    yield from _of_events(engine)


def _of_messages(engine: Engine) -> Measures:
    heard, commands = engine.dispatcher.counts, engine.commands.counts
    yield Measure(
        "ricarica_messages",
        "Calls of stations (`in`) and to them (`out`), by how they ended.",
        {
            **{("in", *labels): number for labels, number in heard.by_outcome.items()},
            **{("out", *labels): number for labels, number in commands.asked.items()},
        },
        ("direction", "action", "outcome"),
        "counter",
    )
    yield Spread("ricarica_call_seconds", "From a station's call to its answer.", heard.duration_s)
    yield _labelled(
        "ricarica_mended",
        "Messages that departed from the rules, by what was done about it.",
        dict(heard.flags + commands.flags),
        "flag",
    )


def _of_commands(engine: Engine) -> Measures:
    counts = engine.commands.counts
    yield Measure(
        "ricarica_commands",
        "Commands to stations, by how they ended.",
        _by(counts.told),
        ("command", "outcome"),
        "counter",
    )
    yield _gauge("ricarica_asks_waiting", "Our calls that have no answer yet.", counts.waiting)
    yield Spread(
        "ricarica_ask_seconds", "From our call to the station's answer.", counts.duration_s
    )


def _of_events(engine: Engine) -> Measures:
    behind = engine.events.behind()
    yield _count("ricarica_events", "Events told after their commit.", engine.events.published)
    yield _gauge("ricarica_event_watchers", "Live pages and programs that watch.", len(behind))
    yield _gauge(
        "ricarica_events_behind",
        "Events that the slowest of them has not taken yet.",
        max(behind, default=0),
    )


def of_timers(timers: Timers, outbox: OutboxReader, now: datetime) -> Measures:
    yield Measure(
        "ricarica_timers",
        "Timers that rang.",
        _by(timers.counts.rung),
        ("timer", "outcome"),
        "counter",
    )
    yield Spread(
        "ricarica_timer_lateness_seconds",
        "How late after its time each rang.",
        timers.counts.late_s,
    )
    yield _gauge(
        "ricarica_outbox_lag_seconds",
        "How old the oldest event was that the alerts had not seen when they last looked here.",
        outbox.behind_at(now).total_seconds(),
    )


def of_bus(bus: Bus | None) -> Measures:
    connected: dict[tuple[str, ...], float] = {(): bus.is_connected} if bus else {}
    text = "1 while NATS can be reached; missing where there is none."
    yield Measure("ricarica_nats_connected", text, connected)
    yield _count(
        "ricarica_nats_letters", "Letters to and from other nodes.", bus.letters if bus else 0
    )
    yield _gauge(
        "ricarica_nats_waiting",
        "Letters, events among them, on their way to other nodes.",
        bus.waiting if bus else 0,
    )


def _gauge(name: str, text: str, value: float) -> Measure:
    return Measure(name, text, {(): value})


def _count(name: str, text: str, value: float) -> Measure:
    return Measure(name, text, {(): value}, kind="counter")


def _by(counts: Mapping[Any, int]) -> dict[tuple[str, ...], float]:
    return {(*labels,): number for labels, number in counts.items()}


def _labelled(name: str, text: str, values: dict[str, int], label: str) -> Measure:
    by_label: dict[tuple[str, ...], float] = {
        (value,): float(number) for value, number in values.items()
    }
    return Measure(name, text, by_label, (label,), "counter")

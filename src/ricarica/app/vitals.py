"""How this process is: for those who watch over it."""

from collections.abc import Iterable

import sqlalchemy as sa

from ricarica.api.health import Measure, Vitals
from ricarica.app.wiring import Node
from ricarica.kernel.errors import StorageUnavailableError


def vitals_of(node: Node) -> Vitals:
    async def database() -> str | None:
        try:
            await node.engine.database.fetch(sa.select(sa.literal(1)))
        except StorageUnavailableError as error:
            return str(error)
        return None

    return Vitals({"database": database}, lambda: measures_of(node))


def measures_of(node: Node) -> Iterable[Measure]:
    yield from _of_gateway(node)
    yield from _of_engine(node)


def _of_gateway(node: Node) -> Iterable[Measure]:
    counts = node.gateway.counts()
    yield _gauge("ricarica_connections", "Connected stations.", counts.connections)
    yield _count("ricarica_connections_refused", "Handshakes turned away.", counts.refused)
    yield Measure(
        "ricarica_frames",
        "Messages over the stations' sockets.",
        {("in",): counts.messages_in, ("out",): counts.messages_out},
        labels=("direction",),
        kind="counter",
    )
    yield Measure(
        "ricarica_frame_bytes",
        "Bytes of those messages.",
        {("in",): counts.bytes_in, ("out",): counts.bytes_out},
        labels=("direction",),
        kind="counter",
    )


def _of_engine(node: Node) -> Iterable[Measure]:
    engine = node.engine
    batches = engine.batches.counts
    yield _gauge("ricarica_waiting", "Letters waiting in mailboxes.", len(engine.mailboxes))
    yield _count("ricarica_batches", "Batches committed.", batches.batches)
    yield _count("ricarica_jobs", "Letters decided in those batches.", batches.jobs)
    yield _count("ricarica_commits_failed", "Commits that failed.", batches.failed.total())
    yield _count("ricarica_put_aside", "Messages put aside by a fault of ours.", batches.put_aside)
    yield Measure(
        "ricarica_calls",
        "Calls of stations by action and outcome.",
        {(*labels,): number for labels, number in engine.dispatcher.counts.by_outcome.items()},
        labels=("action", "outcome"),
        kind="counter",
    )


def _gauge(name: str, text: str, value: float) -> Measure:
    return Measure(name, text, {(): value})


def _count(name: str, text: str, value: float) -> Measure:
    return Measure(name, text, {(): value}, kind="counter")

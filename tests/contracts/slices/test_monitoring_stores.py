"""Monitors, events, streams, rules and alerts come back from either database as they went in."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from ricarica.alerts.model import Alert, AlertState, Level, Matches, Rule
from ricarica.alerts.queries import AlertQueries
from ricarica.alerts.sql import SqlAlertStore
from ricarica.configuration.queries import SettingQueries
from ricarica.configuration.sql import SqlTemplateStore
from ricarica.configuration.templates import (
    Applies,
    MonitorType,
    StreamRate,
    Template,
    WantedMonitor,
)
from ricarica.kernel.ids import DEFAULT_TENANT, EventId, StationId, StationKey
from ricarica.monitoring.model import (
    Block,
    Monitor,
    Monitoring,
    Origin,
    Refusal,
    ReportState,
    Sample,
    StationEvent,
    Stream,
    Trigger,
)
from ricarica.monitoring.queries import EventFilter, MonitoringQueries
from ricarica.monitoring.sql import SqlEventStore, SqlMonitorStore, SqlStreamStore
from ricarica.storage.open import OpenDatabase
from ricarica.storage.work import Remembered, Work

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
KEY = StationKey(DEFAULT_TENANT, StationId("CP-1"))
RATE = StreamRate(5, None)
WANTED = WantedMonitor("EVSE@1.Power", MonitorType.UPPER, Decimal("1.5"), 3, True, RATE)
MONITOR = Monitor(
    KEY, 7, WANTED.name, WANTED.type, WANTED.value, 3, NOON, True, Origin.CUSTOM, RATE
)
EVENT = StationEvent(
    KEY,
    EventId(1),
    NOON,
    NOON,
    "EVSE@1.Power",
    "2",
    3,
    True,
    Trigger.ALERTING,
    Origin.CUSTOM,
    5,
    4,
    "code",
    "info",
    "T-1",
    7,
)


def work_on(database: OpenDatabase) -> Work:
    work = Work(database, Remembered(lambda: 0.0))
    work.begin()
    return work


async def kept(work: Work) -> None:
    work.keep()
    await work.commit()


async def test_monitors_are_kept(database: OpenDatabase) -> None:
    known = Monitoring(KEY, ReportState.TOLD, NOON, 9, None, 4, NOON, (Refusal(WANTED, "no"),))
    work = work_on(database)
    await SqlMonitorStore(work).save_monitors([MONITOR, replace(MONITOR, number=8)])
    SqlMonitorStore(work).save_monitoring(known)
    await kept(work)

    work = work_on(database)
    store = SqlMonitorStore(work)
    assert await store.monitors(KEY) == [MONITOR, replace(MONITOR, number=8)]
    assert await store.monitoring(KEY) == known
    store.remove_monitor(MONITOR)
    await kept(work)
    assert [each.number for each in await MonitoringQueries(database).monitors(KEY)] == [8]


async def test_an_event_is_known_when_it_is_told_again(database: OpenDatabase) -> None:
    work = work_on(database)
    await SqlEventStore(work).save(EVENT)
    await kept(work)

    again = replace(EVENT, id=EventId(2))
    other = replace(EVENT, id=EventId(3), number=6)
    assert await SqlEventStore(work_on(database)).unknown([again, other]) == [other]


async def test_events_are_found(database: OpenDatabase) -> None:
    work = work_on(database)
    for number in range(1, 6):
        await SqlEventStore(work).save(
            replace(EVENT, id=EventId(number), number=number, severity=number)
        )
    await kept(work)

    queries = MonitoringQueries(database)
    severe = await queries.events(DEFAULT_TENANT, EventFilter(KEY.station, 2, "POWER", False))
    assert [event.severity for event in severe.items] == [2, 1]
    assert await queries.event(DEFAULT_TENANT, EventId(1)) == replace(EVENT, number=1, severity=1)


async def test_a_closed_stream_leaves_nothing_behind(database: OpenDatabase) -> None:
    stream = Stream(KEY, 3, NOON, 7, "EVSE@1.Power", RATE, 1, 2, 3, NOON, "5")
    samples = (Sample(NOON, "1"), Sample(NOON + timedelta(seconds=1), "2"))
    work = work_on(database)
    SqlStreamStore(work).save(stream)
    await SqlStreamStore(work).save_block(Block(KEY, 3, 0, samples))
    await kept(work)

    queries = MonitoringQueries(database)
    assert await queries.streams(KEY) == [stream]
    assert await queries.samples(KEY, [3]) == {3: samples}
    work = work_on(database)
    await SqlStreamStore(work).remove(stream)
    await kept(work)
    assert await queries.streams(KEY) == []
    assert await queries.samples(KEY, [3]) == {3: ()}


async def test_rules_and_alerts_are_kept(database: OpenDatabase) -> None:
    rule = Rule(
        DEFAULT_TENANT,
        "r",
        "R",
        "StationNoticed",
        Level.NOTICE,
        Matches("x", 3, members={"a": "b"}),
    )
    alert = Alert(
        DEFAULT_TENANT,
        KEY.station,
        EventId(5),
        "r",
        "subject",
        "R",
        Level.NOTICE,
        AlertState.OPEN,
        "text",
        NOON,
        NOON,
        2,
        3,
        EventId(4),
    )
    work = work_on(database)
    SqlAlertStore(work).save_rule(rule)
    SqlAlertStore(work).save(alert)
    await SqlAlertStore(work).mark_seen(DEFAULT_TENANT, EventId(4))
    await kept(work)

    store = SqlAlertStore(work_on(database))
    assert await store.rules(DEFAULT_TENANT) == [rule]
    assert await store.latest(DEFAULT_TENANT, KEY.station, "r", "subject") == alert
    assert await store.current(DEFAULT_TENANT, "r") == [alert]
    assert await store.seen(DEFAULT_TENANT) == 4
    assert (await AlertQueries(database).alerts(DEFAULT_TENANT)).items == (alert,)


async def test_a_template_is_kept(database: OpenDatabase) -> None:
    applies = Applies("v", stations=(KEY.station,))
    template = Template(
        DEFAULT_TENANT, "t", "T", applies, {"a": "1"}, NOON, NOON, (WANTED,), "all", 4, True
    )
    work = work_on(database)
    SqlTemplateStore(work).save(template)
    await kept(work)

    assert await SettingQueries(database).templates(DEFAULT_TENANT) == [template]
    assert await SqlTemplateStore(work_on(database)).all(DEFAULT_TENANT) == [template]

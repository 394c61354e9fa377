"""Images, updates, campaigns, logs and the log of all stations, on both databases."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from ricarica.certificates.vault import AesVault, new_key
from ricarica.diagnostics.model import LogKind, LogRequest, LogState, Upload, received
from ricarica.diagnostics.queries import LogQueries
from ricarica.diagnostics.sql import SqlLogStore
from ricarica.engine import forwarding
from ricarica.engine.forwarding import Forwards, Line, Standing
from ricarica.engine.queries.messages import MessageFilter, NetworkMessages, number_at
from ricarica.engine.sql import FORWARDS, MESSAGES
from ricarica.firmware.campaigns import Campaign, CampaignState, Plan, TargetState, targets_of
from ricarica.firmware.images import Image
from ricarica.firmware.queries import FirmwareQueries, Selection
from ricarica.firmware.sql import SqlCampaignStore, SqlFirmwareStore
from ricarica.firmware.updates import Link, Update, UpdateKind, UpdateState
from ricarica.kernel.ids import (
    DEFAULT_TENANT,
    ConnectorNumber,
    EvseNumber,
    StationId,
    StationKey,
)
from ricarica.stations.model import Acceptance, Connector, ConnectorStatus, Station
from ricarica.stations.sql import SqlStationStore
from ricarica.storage.open import OpenDatabase
from ricarica.storage.work import Remembered, Work

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
ALFA, BETA = (StationKey(DEFAULT_TENANT, StationId(name)) for name in ("Alfa", "Beta"))
IMAGE = Image(DEFAULT_TENANT, "i1", "duo.bin", "Volta", "Duo", "3.0", 7, "ab", "cd", NOON, "ada")
UPDATE = Update(ALFA, 17, UpdateKind.UPDATE, UpdateState.ORDERED, NOON, NOON, "i1", "3.0")
LOG = LogRequest(
    ALFA, 5, LogKind.DIAGNOSTICS, LogState.ACCEPTED, NOON, "ada", NOON, "digest", NOON + MINUTE
)


@asynccontextmanager
async def work_on(database: OpenDatabase) -> AsyncIterator[Work]:
    """One unit of work, that remembers nothing of others."""
    work = Work(database, Remembered(lambda: 0.0))
    work.begin()
    yield work
    work.keep()
    await work.commit()


async def two_stations(database: OpenDatabase) -> None:
    async with work_on(database) as work:
        stations = SqlStationStore(work)
        for key in (ALFA, BETA):
            stations.save(Station(key, Acceptance.ACCEPTED, NOON, vendor="Volta", firmware="2.0"))
            down = ConnectorStatus.FAULTED if key is BETA else ConnectorStatus.AVAILABLE
            one = EvseNumber(1), ConnectorNumber(1)
            stations.save_connector(Connector(key, *one, down, at=NOON, epoch=1))


async def test_an_update_and_its_link_are_found_again(database: OpenDatabase) -> None:
    async with work_on(database) as work:
        store = SqlFirmwareStore(work)
        store.save_image(IMAGE)
        store.save_update(UPDATE)
        store.add_link(Link(ALFA, 17, "digest", "i1", NOON + MINUTE))
    async with work_on(database) as work:
        store = SqlFirmwareStore(work)
        [known] = await store.recent_updates(ALFA, UpdateKind.UPDATE)
        [stuck] = await store.stuck_updates()
        store.save_update(replace(known, locations=("http://a", "ftp://b")))
        store.count_download(Link(ALFA, 17, "digest", "i1", NOON), 7, NOON)

    queries = FirmwareQueries(database)
    [view] = (await queries.updates(DEFAULT_TENANT)).items
    found = await queries.link("digest")
    assert (known, stuck) == (UPDATE, UPDATE)
    assert (view.image, view.downloads) == ("duo.bin", 1)
    assert view.update.locations == ("http://a", "ftp://b")
    assert found is not None
    assert (found[0].downloads, found[0].bytes, found[1]) == (1, 7, IMAGE)
    assert (await queries.images(DEFAULT_TENANT)).items == (IMAGE,)


async def test_a_campaign_goes_through_its_waves(database: OpenDatabase) -> None:
    await two_stations(database)
    plan = Plan(canary_percent=50, pause=MINUTE)
    campaign = Campaign(
        DEFAULT_TENANT, "c1", "Spring", "i1", plan, CampaignState.RUNNING, NOON, "ada", NOON
    )
    queries = FirmwareQueries(database)
    fitting = await queries.candidates(
        DEFAULT_TENANT, Selection((StationId("ALFA"), StationId("beta")), "Volta", text="a")
    )
    async with work_on(database) as work:
        store = SqlCampaignStore(work)
        store.save(campaign)
        store.add_targets(list(targets_of(campaign, fitting, NOON)))
    async with work_on(database) as work:
        store = SqlCampaignStore(work)
        [target] = await store.left(campaign)
        store.save_target(replace(target, state=TargetState.DONE))
        available = [await store.is_available(key) for key in (ALFA, BETA)]
        assert await store.running() == [(DEFAULT_TENANT, "c1")]
        assert await store.waves(campaign) == 2
    async with work_on(database) as work:
        store = SqlCampaignStore(work)
        counts = await store.counts(campaign)
        store.cancel_waiting(campaign)

    view = await queries.campaign(DEFAULT_TENANT, "c1")
    assert view is not None
    assert fitting == [ALFA, BETA]
    assert available == [True, False]
    assert counts == {TargetState.DONE: 1}
    assert view.campaign == campaign
    assert view.counts == {TargetState.DONE: 1, TargetState.CANCELLED: 1}
    assert len((await queries.targets(DEFAULT_TENANT, "c1")).items) == 2


async def test_a_log_is_found_by_its_address_and_by_its_age(database: OpenDatabase) -> None:
    async with work_on(database) as work:
        SqlLogStore(work).save(LOG)
    async with work_on(database) as work:
        store = SqlLogStore(work)
        [open_still] = await store.expired(NOON + MINUTE)
        store.save(received(open_still, Upload("f", 3, NOON)))
    async with work_on(database) as work:
        store = SqlLogStore(work)
        [old] = await store.kept_since(NOON + MINUTE)
        assert await store.expired(NOON + MINUTE) == []
        assert await store.recent(ALFA) == [old]

    queries = LogQueries(database)
    assert open_still == LOG
    assert (await queries.by_digest("digest")) == old
    assert (await queries.requests(DEFAULT_TENANT)).items == (old,)


async def test_the_log_of_all_stations_is_read_from_the_latest_back(
    database: OpenDatabase,
) -> None:
    await two_stations(database)
    times = [NOON - timedelta(hours=hours) for hours in (30, 5, 1, 0)]
    async with work_on(database) as work:
        for place, at in enumerate(times):
            station = (ALFA, BETA)[place % 2].station
            number = number_at(at + timedelta(minutes=5)) + place
            row = (number, at, True, "m", "Heartbeat", "{}", '{"a":1}', "answered", 1, "")
            work.add(MESSAGES, (DEFAULT_TENANT, station, *row))

    log = NetworkMessages(database)
    last_day = await log.messages(DEFAULT_TENANT, MessageFilter(), NOON + MINUTE)
    older = MessageFilter(since=NOON - timedelta(days=3), text='"A"', station=StationId("alfa"))
    found = await log.messages(DEFAULT_TENANT, older, NOON + MINUTE)
    newest = await log.newest(DEFAULT_TENANT, NOON + MINUTE)
    after = await log.after(DEFAULT_TENANT, MessageFilter(), number_at(NOON - timedelta(hours=2)))

    assert [heard.message.at for heard in last_day.items] == times[:0:-1]
    assert [heard.message.at for heard in found.items] == [times[2], times[0]]
    assert newest == last_day.items[0].message.id
    assert [heard.station for heard in after] == ["Alfa", "Beta"]


async def test_how_a_second_back_end_stands_is_written_beside_what_is_wanted(
    database: OpenDatabase,
) -> None:
    vault = AesVault(new_key())
    async with work_on(database) as work:
        row = (
            "wss://a.example",
            "copy",
            NOON,
            None,
            vault.seal(b"s3cret").hex(),
            ["Reset"],
            True,
            "off",
            None,
            None,
            0,
            0,
        )
        work.add(FORWARDS, (DEFAULT_TENANT, ALFA.station, *row))

    async def nobody(*_: object) -> None:
        """Nothing is saved here."""

    forwards = Forwards(database, nobody, vault)
    standing = Standing(Line.CONNECTED, None, NOON, 3, 1)
    await forwards.note({ALFA: standing})

    [(forward, noted)] = await forwards.every(ALFA.tenant)
    assert noted == standing
    assert forwards.password_of(forward) == "s3cret"
    assert "s3cret" not in (forward.password or "")
    assert forward.allowed == frozenset({"Reset"})
    assert await forwards.last_boot(ALFA) is None
    assert await database.fetch(sa.select(FORWARDS.c.station)) == [("Alfa",)]


async def test_what_is_to_be_forwarded_is_read_a_part_after_the_other(
    database: OpenDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forwarding, "READ_AT_ONCE_MAX", 2)

    async def nobody(*_: object) -> None:
        """Nothing is saved here."""

    forwards = Forwards(database, nobody, AesVault(new_key()))
    before = await forwards.state()
    async with work_on(database) as work:
        for number in range(5):
            how = ("wss://a.example", "copy", NOON, None, None, (), True)
            work.add(FORWARDS, (DEFAULT_TENANT, f"CP-{number}", *how, "off", None, None, 0, 0))

    wanted = await forwards.wanted()

    assert sorted(key.station for key in wanted) == [f"CP-{number}" for number in range(5)]
    assert (before, await forwards.state()) == ((0, None), (5, NOON))

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ricarica.kernel.errors import InvalidError, NotFoundError
from ricarica.kernel.ids import (
    DEFAULT_TENANT,
    ConnectorNumber,
    EvseNumber,
    SiteId,
    StationId,
    StationKey,
    TariffId,
    TenantId,
)
from ricarica.stations.commands import Topic, Trigger
from ricarica.stations.events import (
    ConnectorStatusChanged,
    StationBooted,
    StationChanged,
    StationConnected,
    StationDisconnected,
    StationRegistered,
)
from ricarica.stations.facts import Booted, Connected, Disconnected, Knocked, StatusReported
from ricarica.stations.model import (
    Acceptance,
    Admittance,
    ConnectorStatus,
    Site,
    Station,
    UnknownStations,
)
from ricarica.stations.service import PENDING_MAX, Preparation, StationPolicy, StationService
from ricarica.testing.memory import MemoryStationStore, Told

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
KEY = StationKey(DEFAULT_TENANT, StationId("CP-1"))
PASSWORD = "sixteen bytes ok"
KNOCK = Knocked(KEY, secure=False, password=None, at=NOON)
BOOTED = Booted(KEY, "Volta", "Pila", NOON, serial="1800", firmware="3.20", reason="PowerUp")
CONNECTED = Connected(KEY, "2.0.1", "10.0.0.1", secure=False, at=NOON)
STATUS = StatusReported(
    KEY, EvseNumber(1), ConnectorNumber(1), ConnectorStatus.AVAILABLE, NOON, NOON
)


@pytest.fixture
def store() -> MemoryStationStore:
    return MemoryStationStore()


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def stations(store: MemoryStationStore, told: Told) -> StationService:
    return StationService(store, told, StationPolicy())


def with_policy(store: MemoryStationStore, told: Told, unknown: UnknownStations) -> StationService:
    return StationService(store, told, StationPolicy(unknown=unknown))


async def registered(stations: StationService, **said: object) -> Station:
    return await stations.prepare(KEY, Preparation(**said), NOON)  # type: ignore[arg-type]  # a test's own words


# -- what its certificate has to be


async def test_a_pin_is_taken_however_it_is_written(stations: StationService) -> None:
    spelled = "SHA256:" + ":".join(["AB"] * 32)

    pinned = await registered(stations, certificate_pin=spelled)
    kept = await registered(stations, name="x")
    freed = await registered(stations, certificate_pin="")

    pins = [each.certificate_pin for each in (pinned, kept, freed)]
    assert pins == ["ab" * 32, "ab" * 32, None]


@pytest.mark.parametrize("pin", ["ab", "xy" * 32, "ab" * 33])
async def test_what_is_no_digest_of_a_key_pins_nothing(stations: StationService, pin: str) -> None:
    with pytest.raises(InvalidError, match="64 hex digits"):
        await registered(stations, certificate_pin=pin)


# -- strangers


async def test_a_stranger_is_turned_away_where_strangers_are(
    store: MemoryStationStore, told: Told
) -> None:
    stations = with_policy(store, told, UnknownStations.REFUSE)

    assert await stations.admit(KNOCK) is Admittance.UNKNOWN
    assert store.stations == {}
    assert told.events == []


async def test_a_stranger_is_taken_in_where_all_are_welcome(
    store: MemoryStationStore, told: Told
) -> None:
    stations = with_policy(store, told, UnknownStations.ACCEPT)

    assert await stations.admit(KNOCK) is Admittance.WELCOME
    assert store.stations[KEY].acceptance is Acceptance.ACCEPTED
    assert told.events == [StationRegistered(KEY, Acceptance.ACCEPTED)]


async def test_a_stranger_waits_in_the_inbox(
    stations: StationService, store: MemoryStationStore, told: Told
) -> None:
    assert await stations.admit(KNOCK) is Admittance.WELCOME
    assert store.stations[KEY] == Station(KEY, Acceptance.PENDING, NOON)
    assert told.events == [StationRegistered(KEY, Acceptance.PENDING)]


@pytest.mark.parametrize(
    "waiting,admittance",
    [(PENDING_MAX - 1, Admittance.WELCOME), (PENDING_MAX, Admittance.UNKNOWN)],
)
async def test_the_inbox_has_an_end(
    stations: StationService, store: MemoryStationStore, waiting: int, admittance: Admittance
) -> None:
    for number in range(waiting):
        key = StationKey(DEFAULT_TENANT, StationId(f"P-{number}"))
        store.save(Station(key, Acceptance.PENDING, NOON))
    store.save(Station(StationKey(TenantId("other"), KEY.station), Acceptance.PENDING, NOON))

    assert await stations.admit(KNOCK) is admittance


async def test_an_identity_is_known_in_any_case(stations: StationService) -> None:
    await registered(stations)

    assert await stations.resolve(DEFAULT_TENANT, "cp-1") == KEY
    stranger = StationKey(DEFAULT_TENANT, StationId("cp-2"))
    assert await stations.resolve(DEFAULT_TENANT, "cp-2") == stranger


# -- connections


async def test_each_connection_has_a_greater_epoch(
    stations: StationService, store: MemoryStationStore, told: Told
) -> None:
    await registered(stations)

    assert await stations.connect(CONNECTED) == 1
    assert await stations.connect(replace(CONNECTED, at=NOON + MINUTE)) == 2
    station = store.stations[KEY]
    assert (station.connected, station.dialect, station.remote) == (True, "2.0.1", "10.0.0.1")
    assert station.last_seen_at == station.connection_changed_at == NOON + MINUTE
    assert told.events[-1] == StationConnected(KEY, "2.0.1")


async def test_a_connection_that_ends_leaves_the_station_offline(
    stations: StationService, store: MemoryStationStore, told: Told
) -> None:
    await registered(stations)
    epoch = await stations.connect(CONNECTED)

    await stations.disconnect(Disconnected(KEY, epoch, "closed", NOON + MINUTE))

    assert not store.stations[KEY].connected
    assert store.stations[KEY].connection_changed_at == NOON + MINUTE
    assert told.events[-1] == StationDisconnected(KEY, "closed")


async def test_the_end_of_an_old_connection_does_not_end_the_new_one(
    stations: StationService, store: MemoryStationStore
) -> None:
    await registered(stations)
    old = await stations.connect(CONNECTED)
    await stations.connect(CONNECTED)

    await stations.disconnect(Disconnected(KEY, old, "replaced", NOON))

    assert store.stations[KEY].connected


async def test_a_station_is_known_to_be_at_a_node_while_it_is_connected_there(
    stations: StationService, store: MemoryStationStore
) -> None:
    await registered(stations)

    epoch = await stations.connect(replace(CONNECTED, node="north"))
    assert store.stations[KEY].node == "north"

    await stations.disconnect(Disconnected(KEY, epoch, "closed", NOON))
    assert store.stations[KEY].node is None


async def test_a_connection_ends_once(stations: StationService, told: Told) -> None:
    await registered(stations)
    epoch = await stations.connect(CONNECTED)
    ended = Disconnected(KEY, epoch, "closed", NOON)

    await stations.disconnect(ended)
    count = len(told.events)
    await stations.disconnect(ended)

    assert len(told.events) == count


async def test_the_end_of_an_unknown_stations_connection_is_nothing(
    stations: StationService, told: Told
) -> None:
    await stations.disconnect(Disconnected(KEY, 1, "closed", NOON))

    assert told.events == []


# -- boots and signs of life


async def test_an_accepted_station_boots_and_is_told_how_often_to_call(
    stations: StationService, store: MemoryStationStore, told: Told
) -> None:
    await registered(stations)

    answer = await stations.boot(BOOTED)

    assert (answer.acceptance, answer.now) == (Acceptance.ACCEPTED, NOON)
    assert answer.interval == timedelta(minutes=5)
    station = store.stations[KEY]
    assert (station.vendor, station.model, station.firmware) == ("Volta", "Pila", "3.20")
    assert (station.serial, station.boot_reason, station.booted_at) == ("1800", "PowerUp", NOON)
    assert told.events[-1] == StationBooted(KEY, Acceptance.ACCEPTED, "Volta", "Pila", "3.20")


async def test_a_pending_station_is_noted_and_told_to_ask_again(
    stations: StationService, store: MemoryStationStore
) -> None:
    await registered(stations, acceptance=Acceptance.PENDING)

    answer = await stations.boot(BOOTED)

    assert answer.acceptance is Acceptance.PENDING
    assert answer.interval == timedelta(minutes=1)
    assert store.stations[KEY].vendor == "Volta"
    assert store.stations[KEY].booted_at is None


@pytest.mark.parametrize("jitter,seconds", [(0.1, 330), (-0.1, 270), (-1.0, 1)])
async def test_stations_do_not_all_call_at_once(
    store: MemoryStationStore, told: Told, jitter: float, seconds: int
) -> None:
    stations = StationService(store, told, StationPolicy(jitter=lambda: jitter))
    await registered(stations)

    answer = await stations.boot(BOOTED)

    assert answer.interval == timedelta(seconds=seconds)


async def test_a_sign_of_life_is_noted(stations: StationService, store: MemoryStationStore) -> None:
    await registered(stations)

    stations.heard_from(await stations.get(KEY), NOON)

    assert store.stations[KEY].last_seen_at == NOON


# -- statuses


async def test_a_status_is_kept_and_announced(
    stations: StationService, store: MemoryStationStore, told: Told
) -> None:
    await registered(stations)

    await stations.report_status(STATUS)

    [connector] = store.connectors.values()
    assert (connector.status, connector.at) == (ConnectorStatus.AVAILABLE, NOON)
    assert told.events[-1] == ConnectorStatusChanged(
        KEY, EvseNumber(1), ConnectorNumber(1), ConnectorStatus.AVAILABLE, NOON
    )


async def test_the_same_status_again_is_no_news(stations: StationService, told: Told) -> None:
    await registered(stations)
    await stations.report_status(STATUS)
    count = len(told.events)

    await stations.report_status(replace(STATUS, at=NOON + MINUTE))
    assert len(told.events) == count

    await stations.report_status(replace(STATUS, at=NOON + MINUTE, error="Weak"))
    assert len(told.events) == count + 1


async def test_an_older_status_changes_nothing(
    stations: StationService, store: MemoryStationStore
) -> None:
    await registered(stations)
    await stations.report_status(STATUS)

    await stations.report_status(replace(STATUS, at=NOON - MINUTE, status=ConnectorStatus.FAULTED))

    [connector] = store.connectors.values()
    assert connector.status is ConnectorStatus.AVAILABLE


# -- what the operator decides


async def test_a_station_can_be_prepared_before_it_connects(
    stations: StationService, store: MemoryStationStore, told: Told
) -> None:
    store.save_site(Site(DEFAULT_TENANT, SiteId("home"), "Home"))

    prepared = await registered(
        stations,
        acceptance=Acceptance.PENDING,
        security_profile=1,
        password=PASSWORD,
        name="Gate",
        site=SiteId("home"),
        tariff=TariffId("day"),
        pedantic=True,
    )

    assert store.stations[KEY] == prepared
    assert (prepared.acceptance, prepared.name, prepared.site) == (
        Acceptance.PENDING,
        "Gate",
        "home",
    )
    assert (prepared.security_profile, prepared.tariff, prepared.pedantic) == (1, "day", True)
    assert told.events == [StationRegistered(KEY, Acceptance.PENDING)]
    knock = replace(KNOCK, password=PASSWORD.encode())
    assert await stations.admit(knock) is Admittance.WELCOME
    assert await stations.admit(KNOCK) is Admittance.WRONG_PASSWORD


async def test_what_is_not_said_stays_and_what_is_emptied_goes(
    stations: StationService, store: MemoryStationStore, told: Told
) -> None:
    store.save_site(Site(DEFAULT_TENANT, SiteId("home"), "Home"))
    before = await registered(
        stations, password=PASSWORD, name="Gate", site=SiteId("home"), tariff=TariffId("day")
    )

    assert await registered(stations) == before
    assert told.events[-1] == StationChanged(KEY)
    after = await registered(stations, password="", name="", site=SiteId(""), tariff=TariffId(""))
    assert (after.secret, after.name, after.site, after.tariff) == (None, "", None, None)


@pytest.mark.parametrize(
    "said",
    [
        {"password": "fifteen bytes.."},
        {"security_profile": 4},
        {"security_profile": -1},
        {"site": SiteId("nowhere")},
    ],
)
async def test_what_makes_no_sense_is_refused(
    stations: StationService, store: MemoryStationStore, said: dict[str, object]
) -> None:
    with pytest.raises(InvalidError):
        await registered(stations, **said)

    assert store.stations == {}


@pytest.mark.parametrize(
    "connected,acceptance,commands",
    [
        (True, Acceptance.ACCEPTED, [(KEY, Trigger(Topic.BOOT))]),
        (True, Acceptance.PENDING, []),
        (False, Acceptance.ACCEPTED, []),
    ],
)
async def test_a_waiting_station_that_is_accepted_boots_at_once(
    stations: StationService,
    told: Told,
    connected: bool,
    acceptance: Acceptance,
    commands: list[object],
) -> None:
    await stations.admit(KNOCK)
    if connected:
        await stations.connect(CONNECTED)

    await registered(stations, acceptance=acceptance)

    assert told.commands == commands


async def test_a_removed_station_is_unknown(stations: StationService, told: Told) -> None:
    await registered(stations)

    await stations.remove(KEY)

    with pytest.raises(NotFoundError):
        await stations.get(KEY)
    with pytest.raises(NotFoundError):
        await stations.remove(KEY)
    assert told.events[-1] == StationChanged(KEY)


async def test_a_station_takes_the_tariff_of_its_site(
    stations: StationService, store: MemoryStationStore
) -> None:
    store.save_site(Site(DEFAULT_TENANT, SiteId("home"), "Home", tariff=TariffId("night")))
    alone = await registered(stations)
    at_home = await registered(stations, site=SiteId("home"))

    assert await stations.site_tariff(alone) is None
    assert await stations.site_tariff(at_home) == "night"

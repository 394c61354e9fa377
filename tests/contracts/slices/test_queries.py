"""What screens read, on both databases."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from ricarica.authorization.model import Token, TokenKind, TokenStatus
from ricarica.authorization.queries import TokenFilter, TokenQueries
from ricarica.configuration.model import Setting
from ricarica.configuration.queries import SettingQueries
from ricarica.kernel.errors import InvalidError
from ricarica.kernel.ids import (
    DEFAULT_TENANT,
    ConnectorNumber,
    EvseNumber,
    SiteId,
    StationId,
    StationKey,
    TenantId,
)
from ricarica.stations.model import Acceptance, Connector, ConnectorStatus, Site, Station
from ricarica.stations.queries import StationCounts, StationFilter, StationQueries
from ricarica.storage.open import OpenDatabase
from ricarica.storage.pages import Wanted
from tests.contracts.slices.conftest import SqlDesk

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
OTHER = TenantId("other")
HOME = Site(DEFAULT_TENANT, SiteId("home"), "Home", latitude=45.81, longitude=9.08)
EMPTY = Site(DEFAULT_TENANT, SiteId("empty"), "Empty")


def key(identity: str, tenant: TenantId = DEFAULT_TENANT) -> StationKey:
    return StationKey(tenant, StationId(identity))


ALFA = Station(
    key("alfa"),
    Acceptance.ACCEPTED,
    NOON,
    name="By the 100% gate",
    site=HOME.id,
    vendor="Volta",
    dialect="1.6",
    connected=True,
    secret=b"salt and digest",
)
BETA = replace(ALFA, key=key("Beta"), name="", vendor="Galvani", secret=None, dialect="2.1")
GAMMA = Station(key("gamma"), Acceptance.ACCEPTED, NOON, dialect="2.1")
KNOCKED = Station(key("knocked"), Acceptance.PENDING, NOON + timedelta(hours=1))
EARLIER = Station(key("zulu"), Acceptance.PENDING, NOON)
BLOCKED = Station(key("villain"), Acceptance.BLOCKED, NOON)
STRANGER = replace(ALFA, key=key("alfa", OTHER))


def connector(identity: str, evse: int, number: int, status: ConnectorStatus) -> Connector:
    return Connector(
        key(identity), EvseNumber(evse), ConnectorNumber(number), status, NOON, epoch=1
    )


@pytest.fixture
async def filled(database: OpenDatabase) -> OpenDatabase:
    async with SqlDesk(database).unit() as stores:
        for site in (HOME, EMPTY):
            stores.stations.save_site(site)
        for station in (ALFA, BETA, GAMMA, KNOCKED, EARLIER, BLOCKED, STRANGER):
            stores.stations.save(station)
        for each in (
            connector("alfa", 0, 0, ConnectorStatus.AVAILABLE),
            connector("alfa", 2, 1, ConnectorStatus.AVAILABLE),
            connector("alfa", 1, 2, ConnectorStatus.UNAVAILABLE),
            connector("alfa", 1, 1, ConnectorStatus.CHARGING),
        ):
            stores.stations.save_connector(each)
    return database


def identities(*stations: Station) -> list[str]:
    return [station.key.station for station in stations]


async def test_stations_come_by_identity_page_by_page(filled: OpenDatabase) -> None:
    queries = StationQueries(filled)

    first = await queries.stations(DEFAULT_TENANT, wanted=Wanted(limit=4))
    second = await queries.stations(DEFAULT_TENANT, wanted=Wanted(4, first.next))

    seen = [view.station for view in (*first.items, *second.items)]
    assert identities(*seen) == ["alfa", "Beta", "gamma", "knocked", "villain", "zulu"]
    assert second.next is None


async def test_a_list_whose_last_page_is_full_ends_there(filled: OpenDatabase) -> None:
    page = await StationQueries(filled).stations(DEFAULT_TENANT, wanted=Wanted(limit=6))

    assert len(page.items) == 6
    assert page.next is None


@pytest.mark.parametrize("after", ["nonsense", "!", "e30", "WzEsMl0", "é"])
async def test_a_cursor_that_is_none_of_ours_is_refused(filled: OpenDatabase, after: str) -> None:
    with pytest.raises(InvalidError):
        await StationQueries(filled).stations(DEFAULT_TENANT, wanted=Wanted(after=after))


@pytest.mark.parametrize(
    "filter_,expected",
    [
        (StationFilter(text="ALF"), [ALFA]),
        (StationFilter(text="100% GATE"), [ALFA]),
        (StationFilter(text="%"), [ALFA]),
        (StationFilter(text="galv"), [BETA]),
        (StationFilter(site=HOME.id), [ALFA, BETA]),
        (StationFilter(acceptance=Acceptance.BLOCKED), [BLOCKED]),
        (StationFilter(connected=True), [ALFA, BETA]),
        (StationFilter(dialect="2.1"), [BETA, GAMMA]),
        (StationFilter(dialect="2.1", connected=False), [GAMMA]),
        (StationFilter(text="_"), []),
    ],
)
async def test_stations_are_filtered(
    filled: OpenDatabase, filter_: StationFilter, expected: list[Station]
) -> None:
    page = await StationQueries(filled).stations(DEFAULT_TENANT, filter_)

    assert [view.station.key for view in page.items] == [station.key for station in expected]


async def test_a_station_comes_with_site_and_connectors_but_without_its_secret(
    filled: OpenDatabase,
) -> None:
    view = await StationQueries(filled).station(DEFAULT_TENANT, "ALFA")

    assert view is not None
    assert view.station == replace(ALFA, secret=None)
    assert view.has_password
    assert view.site == HOME
    assert view.whole == connector("alfa", 0, 0, ConnectorStatus.AVAILABLE)
    assert {evse: [each.number for each in found] for evse, found in view.evses.items()} == {
        1: [1, 2],
        2: [1],
    }


async def test_a_station_without_anything_comes_alone(filled: OpenDatabase) -> None:
    view = await StationQueries(filled).station(DEFAULT_TENANT, "gamma")

    assert view is not None
    assert (view.has_password, view.site, view.connectors) == (False, None, ())
    assert await StationQueries(filled).station(DEFAULT_TENANT, "nobody") is None


async def test_those_that_wait_for_approval_come_in_the_order_they_came(
    filled: OpenDatabase,
) -> None:
    page = await StationQueries(filled).pending(DEFAULT_TENANT, Wanted(limit=1))
    after = await StationQueries(filled).pending(DEFAULT_TENANT, Wanted(1, page.next))

    assert [view.station for view in (*page.items, *after.items)] == [EARLIER, KNOCKED]


async def test_sites_are_counted_with_their_stations(filled: OpenDatabase) -> None:
    page = await StationQueries(filled).sites(DEFAULT_TENANT)

    assert [(view.site, view.stations, view.connected) for view in page.items] == [
        (EMPTY, 0, 0),
        (HOME, 2, 2),
    ]
    assert await StationQueries(filled).site(DEFAULT_TENANT, HOME.id) == page.items[1]
    assert await StationQueries(filled).site(OTHER, HOME.id) is None


async def test_stations_are_counted_by_what_was_decided_and_by_dialect(
    filled: OpenDatabase,
) -> None:
    counts = await StationQueries(filled).counts(DEFAULT_TENANT)

    assert counts == StationCounts(3, 2, 1, {"1.6": 1, "2.1": 1})
    assert counts.online == 2


async def test_tokens_are_filtered_and_come_by_uid(database: OpenDatabase) -> None:
    ada = Token(DEFAULT_TENANT, "B2", TokenKind.ISO14443, TokenStatus.ACTIVE, NOON, label="Ada")
    bob = replace(ada, uid="a1", label="Bob", group="Fleet", expires_at=NOON)
    cyd = replace(ada, uid="C3", label="", status=TokenStatus.BLOCKED, kind=TokenKind.EMAID)
    async with SqlDesk(database).unit() as stores:
        for token in (ada, bob, cyd, replace(ada, tenant=OTHER, uid="A0")):
            stores.tokens.save(token)
    queries = TokenQueries(database)

    async def found(filter_: TokenFilter) -> list[str]:
        return [token.uid for token in (await queries.tokens(DEFAULT_TENANT, filter_)).items]

    assert await found(TokenFilter()) == ["a1", "B2", "C3"]
    assert await found(TokenFilter(text="FLEET")) == ["a1"]
    assert await found(TokenFilter(text="ada")) == ["B2"]
    assert await found(TokenFilter(text="c")) == ["C3"]
    assert await found(TokenFilter(status=TokenStatus.BLOCKED)) == ["C3"]
    assert await found(TokenFilter(kind=TokenKind.EMAID)) == ["C3"]
    assert await found(TokenFilter(group="Fleet")) == ["a1"]
    assert await found(TokenFilter(expired_at=NOON)) == ["a1"]
    assert await found(TokenFilter(expired_at=NOON - timedelta(seconds=1))) == []
    first = await queries.tokens(DEFAULT_TENANT, wanted=Wanted(limit=2))
    rest = await queries.tokens(DEFAULT_TENANT, wanted=Wanted(2, first.next))
    assert [token.uid for token in (*first.items, *rest.items)] == ["a1", "B2", "C3"]
    assert await queries.token(DEFAULT_TENANT, " c3") == cyd
    assert await queries.token(DEFAULT_TENANT, "A0") is None


async def test_settings_come_by_name(database: OpenDatabase) -> None:
    power = Setting(key("alfa"), "EVSE@1.Power", "22000", None, NOON)
    heartbeat = Setting(key("alfa"), "HeartbeatInterval", "300", None, NOON)
    elsewhere = Setting(key("Beta"), "HeartbeatInterval", "60", None, NOON)
    async with SqlDesk(database).unit() as stores:
        await stores.settings.save_all([heartbeat, power, elsewhere])
    queries = SettingQueries(database)

    assert await queries.settings(key("alfa")) == [power, heartbeat]
    assert await queries.settings(key("alfa"), "heartBEAT") == [heartbeat]
    assert await queries.setting(key("alfa"), "EVSE@1.Power") == power
    assert await queries.setting(key("alfa"), "Nothing") is None


async def test_amounts_keep_their_digits(database: OpenDatabase) -> None:
    exact = replace(HOME, latitude=-33.8568234, longitude=151.2152967)
    async with SqlDesk(database).unit() as stores:
        stores.stations.save_site(exact)

    view = await StationQueries(database).site(DEFAULT_TENANT, HOME.id)

    assert view is not None
    assert view.site == exact
    assert Decimal(str(view.site.latitude)) == Decimal("-33.8568234")

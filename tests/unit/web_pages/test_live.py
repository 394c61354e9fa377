import asyncio
from datetime import UTC, datetime

from ricarica.engine.outbox import Watch, told_from
from ricarica.kernel.events import Announced
from ricarica.kernel.ids import DEFAULT_TENANT, EventId, StationId, StationKey
from ricarica.stations.events import StationConnected
from ricarica.web.live import changes_of, gathered

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
KEY = StationKey(DEFAULT_TENANT, StationId("CP-1"))


def announced(number: int) -> Announced:
    return Announced(EventId(number), DEFAULT_TENANT, NOON, StationConnected(KEY, "1.6"))


def told(kind: str, transaction: str | None = None) -> dict[str, set[str]]:
    """What is told to whom, by kind."""
    return {change.kind: set(change.topics) for change in changes_of(kind, "CP-1", transaction)}


def test_a_transaction_concerns_its_page_its_station_and_the_lists() -> None:
    assert told("TransactionProgressed", "t1") == {
        "transaction": {"transactions", "transaction:t1", "stations", "station:CP-1"},
        "overview": {"overview"},
    }


def test_a_status_concerns_the_station_and_not_the_inbox() -> None:
    assert set(told("ConnectorStatusChanged")) == {"station", "overview"}
    assert set(told("StationRegistered")) == {"station", "overview", "pending"}


def test_settings_that_a_station_tells_concern_their_page() -> None:
    assert told("SettingsChanged") == {"settings": {"settings:CP-1"}}


def test_what_no_page_shows_is_not_told() -> None:
    assert told("TokenJudged") == {}


def test_an_event_says_what_changed_and_not_how() -> None:
    [change, _] = changes_of("TransactionEnded", 'CP "1"', "t1")

    assert change.frame == (b'event: transaction\ndata: {"id":"t1","station":"CP \\"1\\""}\n\n')


async def test_a_burst_of_events_comes_as_one() -> None:
    watch = Watch()
    for number in range(3):
        watch.offer(told_from(announced(number)))

    bursts = gathered(watch, gather_s=0.01, pause_s=5)

    assert len(await anext(bursts)) == 3
    await bursts.aclose()


async def test_silence_is_told_too() -> None:
    bursts = gathered(Watch(), gather_s=0.01, pause_s=0.01)

    assert await anext(bursts) == []
    await bursts.aclose()


async def test_it_ends_with_the_watch() -> None:
    watch = Watch()
    watch.end()

    async with asyncio.timeout(5):
        assert [burst async for burst in gathered(watch, 0.01, 5)] == []

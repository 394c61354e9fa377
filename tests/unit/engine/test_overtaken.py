"""A station whose connection was overtaken elsewhere: what is left of it here, and what is not."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from ricarica.access.model import system_actor
from ricarica.app.wiring import prefetch, stores_for
from ricarica.certificates.model import Purpose, RequestState, SigningRequest
from ricarica.certificates.sql import SqlCertificateStore
from ricarica.engine.company import Company, Connection
from ricarica.engine.core import Engine, Vocabulary
from ricarica.engine.unit_of_work import UnitOfWork
from ricarica.kernel.ids import DEFAULT_TENANT, StationId, StationKey
from ricarica.link.letters import (
    Ask,
    Challenge,
    Delivered,
    HangUp,
    Opened,
    Reply,
    Ruled,
    Told,
    Withheld,
)
from ricarica.slices import Slices, Surroundings
from ricarica.stations.facts import Connected
from ricarica.stations.model import Acceptance
from ricarica.stations.service import Preparation
from ricarica.stations.sql import STATIONS
from ricarica.storage.database import Expect
from ricarica.storage.sqlite import SqliteDatabase
from ricarica.testing.clock import CountedIds, FakeClock
from ricarica.testing.tables import empty_database
from ricarica.translation.routes import PHRASES, ROUTES

KEY = StationKey(DEFAULT_TENANT, StationId("TORINO-1"))
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
ACTOR = system_actor()


@dataclass
class Sockets:
    hung_up: list[HangUp] = field(default_factory=list)

    async def ask(self, ask: Ask) -> Told:
        raise NotImplementedError

    def hang_up(self, hang_up: HangUp) -> None:
        self.hung_up.append(hang_up)

    async def rule(self, _challenge: Challenge) -> Ruled | None:
        return None


class Here:
    """One of several nodes."""

    def __init__(self, database: SqliteDatabase) -> None:
        self.sockets = Sockets()
        self.meanwhile: list[Callable[[], object]] = []  # while a batch is on its way to its commit
        self.brought: list[tuple[StationKey, str, bool]] = []
        surroundings = Surroundings(FakeClock(), CountedIds(), stores_for)
        vocabulary = Vocabulary(ROUTES, PHRASES)
        company = Company(self._expect, lambda _: None, lambda _: None, self._bring)
        self.engine = Engine(database, surroundings, vocabulary, self.sockets, prefetch, company)

    async def come(self, certificate_key: str = "") -> int:
        return await self.engine.open(
            Opened(
                KEY,
                "ocpp1.6",
                "::1",
                secure=True,
                at=NOW,
                node="here",
                certificate_key=certificate_key,
            )
        )

    async def others_decide(self, work: Callable[[Slices], Awaitable[object]]) -> None:
        """And what they tell is lost on the way."""
        before = len(self.sockets.hung_up)
        await self.engine.carry_out(ACTOR, work)
        self.engine.batches.remembered.forget_all()
        del self.sockets.hung_up[before:]

    async def goes_elsewhere(self) -> None:
        """As if another node had written it."""
        await self.engine.carry_out(ACTOR, _taken_over, station=KEY)
        self.engine.batches.remembered.forget_all()

    async def says(self, epoch: int) -> Reply:
        replied: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self.engine.deliver(
            Delivered(
                KEY, epoch, "ocpp1.6", "1", "Heartbeat", b"{}", b"", wants_answer=True, at=NOW
            ),
            replied.set_result,
        )
        return await replied

    def _bring(self, key: StationKey, kind: str, anew: bool) -> None:
        self.brought.append((key, kind, anew))

    def _expect(self, connections: Iterable[Connection]) -> Expect:
        rows = [(key.tenant, key.station, epoch) for key, epoch in connections]
        while self.meanwhile:
            self.meanwhile.pop()()
        return Expect(STATIONS, "epoch", rows)


async def _taken_over(slices: Slices) -> None:
    await slices.stations.connect(
        Connected(KEY, "1.6", "192.0.2.9", secure=False, at=slices.now, node="there")
    )


@pytest.fixture
async def here() -> AsyncIterator[Here]:
    """With the station, whose connection has the epoch 1."""
    async with empty_database() as database:
        here = Here(database)
        running = asyncio.create_task(here.engine.run())
        await here.engine.carry_out(
            ACTOR, lambda slices: slices.stations.prepare(KEY, Preparation(), NOW)
        )
        assert await here.come() == 1
        yield here
        running.cancel()


async def test_who_is_overtaken_loses_its_socket(here: Here) -> None:
    await here.goes_elsewhere()

    assert isinstance(await here.says(1), Withheld)

    assert [(each.node, each.epoch) for each in here.sockets.hung_up] == [("here", 1)]
    assert here.engine.live.get(KEY) is None


async def test_who_has_come_back_meanwhile_keeps_its_new_socket(here: Here) -> None:
    await here.goes_elsewhere()
    here.meanwhile.append(lambda: here.engine.live.opened(KEY, 3, "ocpp1.6", "here"))

    assert isinstance(await here.says(1), Withheld)

    assert here.sockets.hung_up == []
    assert here.engine.live.epoch(KEY) == 3


async def test_of_who_went_elsewhere_and_says_no_more_nothing_is_left(here: Here) -> None:
    await here.goes_elsewhere()

    here.engine.look_again([KEY])
    await here.engine.idle()

    assert here.engine.live.get(KEY) is None
    assert [(each.node, each.epoch) for each in here.sockets.hung_up] == [("here", 1)]


async def test_who_was_only_changed_by_others_stays(here: Here) -> None:
    here.engine.look_again([KEY])
    await here.engine.idle()

    assert here.engine.live.epoch(KEY) == 1
    assert here.sockets.hung_up == []


async def _blocked(slices: Slices) -> None:
    await slices.stations.prepare(KEY, Preparation(acceptance=Acceptance.BLOCKED), slices.now)


async def _given_a_password(slices: Slices) -> None:
    await slices.stations.prepare(KEY, Preparation(password="sixteen-and-more"), slices.now)


async def _removed(slices: Slices) -> None:
    await slices.stations.remove(KEY)


@pytest.mark.parametrize("decided", [_blocked, _given_a_password, _removed])
async def test_who_may_not_stay_any_more_is_seen_off_though_the_word_was_lost(
    here: Here, decided: Callable[[Slices], Awaitable[None]]
) -> None:
    await here.others_decide(decided)

    await here.engine.look_again([KEY])

    assert [(each.node, each.epoch) for each in here.sockets.hung_up] == [("here", 1)]


async def test_who_came_by_a_certificate_that_was_revoked_is_seen_off(here: Here) -> None:
    used = SigningRequest(
        KEY, "0a" * 20, Purpose.STATION, "csr", NOW, RequestState.INSTALLED, serial="1"
    )

    async def keep(unit: UnitOfWork) -> None:
        SqlCertificateStore(unit.work).save_request(used)

    async def comes_by_certificate(slices: Slices) -> None:
        await slices.stations.prepare(KEY, Preparation(security_profile=3), slices.now)

    async def revoked(slices: Slices) -> None:
        await slices.certificates.revoke(KEY, used.id)

    await here.engine.in_order(KEY, keep)
    await here.engine.carry_out(ACTOR, comes_by_certificate)
    assert await here.come("0a" * 32) == 2
    await here.engine.look_again([KEY])
    assert [each for each in here.sockets.hung_up if each.epoch == 2] == []

    await here.others_decide(revoked)
    await here.engine.look_again([KEY])

    assert here.sockets.hung_up[-1].epoch == 2


async def test_only_the_node_that_has_a_station_looks_after_it(here: Here) -> None:
    here.engine.bring(KEY, "settings")
    assert here.brought == []
    await here.goes_elsewhere()
    await here.says(1)

    here.engine.bring(KEY, "settings", anew=True)

    assert here.brought == [(KEY, "settings", True)]

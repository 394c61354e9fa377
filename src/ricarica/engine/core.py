"""The engine of one node: every message and every change gets its unit of work."""

import asyncio
from collections.abc import (
    Awaitable,
    Callable,
    Collection,
    Coroutine,
    Iterable,
    Mapping,
    Sequence,
)
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any, TypeVar

from ricarica.access.model import Actor
from ricarica.certificates.authority import OwnAuthority
from ricarica.certificates.commands import IssueCertificate
from ricarica.certificates.inquiries import Question, Trust
from ricarica.engine import aside, late, noting
from ricarica.engine.admitting import decided, may_stay_on
from ricarica.engine.batches import Batches
from ricarica.engine.bulk import Around, Runner
from ricarica.engine.caretaker import Caretaker, Surrounding
from ricarica.engine.commands import Commands
from ricarica.engine.company import Company, Connection, Fence
from ricarica.engine.crowds import Crowd
from ricarica.engine.diagnosis import Doctor
from ricarica.engine.dispatch import DeliveryJob, Dispatcher, Routes
from ricarica.engine.files import Clerk, FilesSoon
from ricarica.engine.forwarding import Forwards, Tap
from ricarica.engine.issuing import issue
from ricarica.engine.jobs import Errand
from ricarica.engine.keeping import Deliverer
from ricarica.engine.live import LiveStation, LiveStations
from ricarica.engine.mailbox import Mailboxes, Wanted
from ricarica.engine.outbox import Events
from ricarica.engine.refusals import Reason, RefusalBook
from ricarica.engine.sayings import Speaker
from ricarica.engine.unit_of_work import UnitOfWork
from ricarica.engine.upkeep import Upkeep
from ricarica.engine.upkeeps import UPKEEPS
from ricarica.kernel.errors import NotFoundError, RicaricaError, StorageUnavailableError
from ricarica.kernel.events import Announced, Event
from ricarica.kernel.ids import DEFAULT_TENANT, StationKey, TenantId
from ricarica.link.letters import (
    ANYWHERE,
    Admission,
    Closed,
    Delivered,
    HangUp,
    Knock,
    Noted,
    Opened,
    Reply,
    Verdict,
    Withheld,
)
from ricarica.link.ports import Sockets
from ricarica.ocpp.dialects import BY_NAME, BY_SUBPROTOCOL
from ricarica.slices import Slices, Surroundings
from ricarica.stations.commands import BringInStep, BringOthersInStep
from ricarica.stations.commands import HangUp as Goodbye
from ricarica.stations.events import StationBooted, StationConnected
from ricarica.stations.facts import Connected, Disconnected
from ricarica.stations.model import Acceptance, Station, let_in_as
from ricarica.storage.database import Database
from ricarica.storage.work import Work
from ricarica.transactions.events import TransactionStarted
from ricarica.translation.route import Phrases

T = TypeVar("T")
CLOSE_AGAIN_S = 60.0  # stations that come back meanwhile have the later word
POLICY_VIOLATION = 1008  # RFC 6455 §7.4.1
PASSING_COMMANDS_MAX = 1_000  # that nobody waits for; more are dropped, for they are only news


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What we understand and what we can say, by the dialect's name; and what we look after."""

    routes: Routes
    phrases: Mapping[str, Phrases]
    upkeeps: Sequence[Upkeep] = UPKEEPS
    upkeep_after_boot: timedelta = timedelta()


class Engine:
    """Implements `link.ports.Decisions`; `run` has to be running."""

    def __init__(
        self,
        database: Database,
        surroundings: Surroundings,
        vocabulary: Vocabulary,
        sockets: Sockets,
        prefetch: Callable[[Work, Wanted], Awaitable[None]],
        company: Company | None = None,
    ) -> None:
        self._has_company = company is not None
        self._clock = surroundings.clock
        self._sockets = sockets
        self.database = database
        self.live = LiveStations()
        self.mailboxes = Mailboxes()
        self.events = Events(database, company.happened if company else None)
        self.dispatcher = Dispatcher(vocabulary.routes, self.live, surroundings.clock)
        self.commands = Commands(
            vocabulary.phrases,
            self.whereabouts,
            sockets,
            surroundings.clock,
            self._afterwards,
            surroundings.ids,
        )
        fence = Fence(company, self._lost) if company else None
        self.batches = Batches(
            database, surroundings, self.mailboxes, prefetch, self._publish, fence
        )
        self._passing: set[asyncio.Task[object]] = set()
        self.files = FilesSoon()
        self.forwards = Forwards(database, self.post, surroundings.pki.vault)
        self.taps: dict[StationKey, Tap] = {}  # of stations that are mirrored from here
        self.clerk = Clerk(self.commands, surroundings.clock, self.files, self.carry_out)
        self.refusals = RefusalBook(self._about)
        self._crowd = Crowd(self._charging, surroundings.clock)
        self.doctor: Doctor | None = None  # the application has one, for it looks at the network
        self.asked_for = 0  # messages whose handling waits for what others say
        self._pki = surroundings.pki
        self._authority = self._pki.authority or OwnAuthority(self._pki.vault, self._clock)
        self._company = company
        self.speaker = Speaker(self.commands, self._decide_for)
        self.deliverer = Deliverer(self.speaker.say, self.in_order, self.in_order)
        around = Surrounding(
            self.live,
            self._clock,
            self.commands.tell,
            self.commands.is_busy,
            self.mailboxes.__len__,
            self.deliverer.deliver,
        )
        pause = vocabulary.upkeep_after_boot
        self.caretaker = Caretaker(vocabulary.upkeeps, around, self.in_order, pause)
        say, is_there = self.speaker.say, self._is_there
        self.bulk = Runner(Around(database, self._clock, say, is_there, self.in_unit, self.bring))

    async def run(self) -> None:
        """Until cancelled."""
        await self.batches.run()

    # -- for people and programs

    async def carry_out(
        self,
        actor: Actor,
        work: Callable[[Slices], Awaitable[T]],
        *,
        station: StationKey | None = None,
    ) -> T:
        """Run `work` in one unit of work; its effects are committed when this returns.

        Raises:
            RicaricaError: whatever `work` raised, or that nothing could be committed.
        """
        return await self._errand(actor.tenant, lambda unit: work(unit.slices), station)

    async def replay(self, actor: Actor, station: StationKey, number: int) -> None:
        """Read once more what was put aside; see `aside.replay`."""
        routes = self.dispatcher.routes
        await self._errand(
            actor.tenant, lambda unit: aside.replay(unit, routes, actor, station, number), station
        )

    def post(
        self, tenant: TenantId, work: Callable[[UnitOfWork], Awaitable[None]]
    ) -> "asyncio.Future[None]":
        """Queue work of our own, as timers do."""
        return self._errand(tenant, work)

    async def in_order(self, key: StationKey, work: Callable[[UnitOfWork], Awaitable[T]], /) -> T:
        """Run `work` in one unit of work, in the station's order."""
        return await self._errand(key.tenant, work, key)

    async def in_unit(self, tenant: TenantId, work: Callable[[UnitOfWork], Awaitable[T]], /) -> T:
        """Run `work` in one unit of work."""
        return await self._errand(tenant, work)

    async def idle(self) -> None:
        """Until everything that was posted before is committed."""
        while len(self.mailboxes) or self._passing or not self.caretaker.is_resting:
            await self._errand(DEFAULT_TENANT, _nothing)
            if self._passing:
                await asyncio.wait(self._passing)
            await self.caretaker.rest()

    # -- Decisions

    async def admit(self, knock: Knock) -> Admission:
        if knock.turned_away:
            self.refusals.note(knock, Reason(knock.turned_away))
            return Admission(Verdict.UNAUTHORIZED)
        tenant = TenantId(knock.tenant)

        async def decide(unit: UnitOfWork) -> Admission:
            return await decided(unit, knock, self.refusals)

        try:
            # A station that charges has facts to tell, and its driver waits.
            if knock.crowded and not await self._crowd.may_charge(tenant, knock.identity):
                self.refusals.note(knock, Reason.CROWDED)
                return Admission(Verdict.CROWDED)
            who, hurries = (knock.identity,), knock.crowded
            return await self._errand(tenant, decide, identities=who, hurries=hurries)
        except StorageUnavailableError:
            return Admission(Verdict.UNAVAILABLE)

    async def _charging(self) -> list[StationKey]:
        return await self._errand(DEFAULT_TENANT, lambda unit: unit.slices.transactions.charging())

    async def open(self, opened: Opened) -> int:
        key = opened.key

        async def connect(unit: UnitOfWork) -> tuple[Station, int]:
            before = await unit.slices.stations.get(key)
            dialect = BY_SUBPROTOCOL[opened.subprotocol].name
            epoch = await unit.slices.stations.connect(
                Connected(key, dialect, opened.remote, opened.secure, opened.at, opened.node)
            )
            return before, epoch

        before, epoch = await self._errand(key.tenant, connect, key, hurries=False)
        self.batches.remembered.own((key.tenant, key.station))
        live = self.live.opened(key, epoch, opened.subprotocol, opened.node, opened.certificate)
        live.certificate_key, live.let_in = opened.certificate_key, let_in_as(before)
        if before.connected and before.node and before.node != opened.node:
            reason = "replaced by a newer connection"
            self._sockets.hang_up(HangUp(key, POLICY_VIOLATION, reason, before.node, before.epoch))
        return epoch

    def deliver(self, delivered: Delivered, reply: Callable[[Reply], None]) -> None:
        if self.taps and (tap := self.taps.get(delivered.key)):
            reply = tap(delivered, reply)
        job = self.dispatcher.job(delivered, reply)
        questions = job.questions()
        if questions and len(self._passing) < PASSING_COMMANDS_MAX:
            self._pass(self._deliver_after(questions, job, reply))
        else:
            self._deliver(job, reply)

    def _deliver(self, job: DeliveryJob, reply: Callable[[Reply], None]) -> None:
        if not self.mailboxes.post(job):
            reply(Withheld(1013, "too much is waiting"))

    async def _deliver_after(
        self, questions: Sequence[Question], job: DeliveryJob, reply: Callable[[Reply], None]
    ) -> None:
        """Its station says nothing else meanwhile, for it waits for the answer."""
        self.asked_for += 1
        try:
            trust = await self._trust_for(job.delivered.key)
            if trust is not None:
                await self._pki.inquiries.ask(questions, self._clock.now, trust)
        finally:
            self.asked_for -= 1
            self._deliver(job, reply)

    async def _trust_for(self, key: StationKey) -> Trust | None:
        """By whom answers may be signed; None: nobody is asked for strangers."""

        async def look(unit: UnitOfWork) -> Trust | None:
            station = await unit.slices.stations.get(key)
            if station.acceptance is not Acceptance.ACCEPTED:
                return None
            return await unit.slices.contracts.trust(key)

        try:
            return await self.in_order(key, look)
        except RicaricaError:
            return None

    def close(self, closed: Closed) -> None:
        if self.live.closed(closed.key, closed.epoch):
            self.batches.remembered.disown((closed.key.tenant, closed.key.station))
        self._write_down(closed)

    def _write_down(self, closed: Closed) -> None:
        async def disconnect(unit: UnitOfWork) -> None:
            await unit.slices.stations.disconnect(
                Disconnected(closed.key, closed.epoch, closed.reason, closed.at)
            )

        done = self._errand(closed.key.tenant, disconnect, closed.key, hurries=False)
        done.add_done_callback(lambda done: self._write_down_later(closed, done))

    def _write_down_later(self, closed: Closed, done: "asyncio.Future[None]") -> None:
        """What could not be stored is tried again, lest a station that is gone looks connected."""
        if not done.cancelled() and isinstance(done.exception(), StorageUnavailableError):
            asyncio.get_running_loop().call_later(CLOSE_AGAIN_S, self._write_down, closed)

    def note(self, noted: Noted) -> None:
        async def write(unit: UnitOfWork) -> None:
            await noting.write(unit, noted)

        self._errand(noted.key.tenant, write, noted.key, hurries=False)
        if noted.late and noted.late.payload is not None:
            self._note_late(noted.key, noted.late.message_id, noted.late.payload)

    def _note_late(self, key: StationKey, message_id: str, payload: bytes) -> None:
        unanswered = self.commands.late.take(key, message_id, self._clock.now())
        if unanswered is not None:
            self._afterwards(key, lambda unit: late.note(unit, unanswered, payload))

    # -- parts

    def _errand(
        self,
        tenant: TenantId,
        work: Callable[[UnitOfWork], Awaitable[T]],
        station: StationKey | None = None,
        identities: Collection[str] = (),
        *,
        hurries: bool = True,
    ) -> "asyncio.Future[T]":
        errand = Errand(tenant, work, station, identities, hurries=hurries)
        if not self.mailboxes.post(errand):
            errand.fail(StorageUnavailableError("too much is waiting; try again later"))
        return errand.done

    def _about(
        self,
        tenant: TenantId,
        identities: Collection[str],
        work: Callable[[UnitOfWork], Awaitable[None]],
    ) -> "asyncio.Future[None]":
        """An errand that asks for stations by what they call themselves."""
        return self._errand(tenant, work, identities=identities, hurries=False)

    def _afterwards(
        self, key: StationKey, work: Callable[[UnitOfWork], Awaitable[None]]
    ) -> "asyncio.Future[None]":
        return self._errand(key.tenant, work, key)

    def _decide_for(
        self, key: StationKey, work: Callable[[Slices], Awaitable[T]]
    ) -> "asyncio.Future[T]":
        return self._errand(key.tenant, lambda unit: work(unit.slices), key)

    async def _is_there(self, key: StationKey) -> bool:
        return await self.whereabouts(key) is not None

    def _publish(self, announced: list[Announced], told: list[tuple[StationKey, object]]) -> None:
        self.events.publish(announced)
        for each in announced:
            self._hear(each.event)
        for key, command in told:
            if isinstance(command, Goodbye):
                self._say_goodbye(key, command)
            elif isinstance(command, BringInStep):
                self.bring(key, command.kind, anew=command.anew)
            elif isinstance(command, BringOthersInStep):
                self._bring_others(key, command)
            elif isinstance(command, IssueCertificate):
                self._pass(issue(self._authority, self.in_order, key, command))
            elif self._is_worth_telling(key, command):
                self._send(key, command)

    def _hear(self, event: Event) -> None:
        """What makes us treat a station otherwise."""
        if type(event) is TransactionStarted:
            self._crowd.begins(event.station)
        elif type(event) is StationBooted and event.acceptance is Acceptance.ACCEPTED:
            self.caretaker.booted(event.station)
        elif type(event) is StationConnected:
            self.caretaker.came(event.station)

    def bring(self, key: StationKey, kind: str = "", *, anew: bool = False) -> None:
        """Have a station told what is missing, by the node that decides for it."""
        if self.live.get(key) or self._company is None:
            self.caretaker.bring(key, kind, anew=anew)
        else:
            self._company.bring(key, kind, anew)

    def _bring_others(self, key: StationKey, order: BringOthersInStep) -> None:
        """A part after the other, so that stations have their turns in between."""

        async def go_on(unit: UnitOfWork) -> None:
            await unit.slices.stations.bring_in_step(key, order)

        self._errand(key.tenant, go_on)

    def _say_goodbye(self, key: StationKey, goodbye: Goodbye) -> None:
        live = self.live.get(key)
        node = live.node if live else ANYWHERE
        self._sockets.hang_up(HangUp(key, POLICY_VIOLATION, goodbye.reason, node))

    def _is_worth_telling(self, key: StationKey, command: object) -> bool:
        """Connected, sayable, and not known to be in vain; what others know, they are asked."""
        live = self.live.get(key)
        if live is None:
            return self._has_company
        return self.commands.is_worth_telling(live, command)

    # -- among other nodes

    async def whereabouts(self, key: StationKey) -> LiveStation | None:
        """The station's connection, wherever that is."""
        live = self.live.get(key)
        if live is not None or not self._has_company:
            return live

        async def look(unit: UnitOfWork) -> Station | None:
            try:
                return await unit.slices.stations.get(key)
            except NotFoundError:
                return None

        station = await self._errand(key.tenant, look)
        if station is None or not (station.connected and station.node and station.dialect):
            return None
        return LiveStation(station.epoch, BY_NAME[station.dialect], station.node)

    def gateway_gone(self, node: str) -> None:
        """Its sockets are gone with it."""
        for key, epoch in self.live.at(node):
            self.close(Closed(key, epoch, "its gateway is gone", self._clock.now()))

    def look_again(self, stations: Iterable[StationKey]) -> "asyncio.Future[list[None]]":
        """Others wrote there, or may have: have those that are ours gone elsewhere, and may those
        that are here stay?"""
        ours = (key for key in stations if self.live.get(key))
        return asyncio.gather(*(self._afterwards(key, partial(self._look, key)) for key in ours))

    async def _look(self, key: StationKey, unit: UnitOfWork) -> None:
        live = self.live.get(key)
        try:
            station = await unit.slices.stations.get(key)
        except NotFoundError:
            if live:
                self._see_off(key, live, "this station is not registered any more")
            return
        if live is None:
            return
        if live.epoch < station.epoch:
            self._lost([(key, live.epoch)])
        elif not await may_stay_on(unit.slices, station, live):
            self._see_off(key, live, "what lets this station in has changed")
        elif live.epoch == station.epoch and not station.connected:
            # Its gateway has seen it off, for we have not heard of its end.
            self.live.closed(key, live.epoch)
            self.batches.remembered.disown((key.tenant, key.station))

    def _see_off(self, key: StationKey, live: LiveStation, reason: str) -> None:
        self._sockets.hang_up(HangUp(key, POLICY_VIOLATION, reason, live.node, live.epoch))

    def _lost(self, connections: Iterable[Connection]) -> None:
        """They have connected elsewhere; what remains of them here is of the past."""
        for key, epoch in connections:
            live = self.live.get(key)
            if live and self.live.closed(key, epoch):
                reason = "replaced by a newer connection"
                self._sockets.hang_up(HangUp(key, POLICY_VIOLATION, reason, live.node, epoch))
                self.batches.remembered.disown((key.tenant, key.station))

    def _send(self, key: StationKey, command: object) -> None:
        if len(self._passing) >= PASSING_COMMANDS_MAX:
            return
        self._pass(self.commands.tell(key, command))

    def _pass(self, work: Coroutine[Any, Any, object]) -> None:
        """Nobody waits for it, but for the end of the process."""
        task: asyncio.Task[object] = asyncio.ensure_future(work)
        self._passing.add(task)
        task.add_done_callback(self._passed)

    def _passed(self, task: "asyncio.Task[object]") -> None:
        self._passing.discard(task)
        if not task.cancelled():
            task.exception()  # nobody waits for it, and what there is to say is in the log


async def _nothing(_unit: UnitOfWork) -> None:
    """An errand that only has its place in the queue."""

"""A whole simulated station without sockets or a clock: texts and times in, texts out."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random

from ricarica.ocpp.dialects import Dialect
from ricarica.simulator import charging, commands
from ricarica.simulator.battery import Battery, Outlet, Vehicle
from ricarica.simulator.blocks.registered import abilities_without
from ricarica.simulator.catalogue import CATALOGUE
from ricarica.simulator.core import (
    REBOOT_GRACE,
    REBOOT_TAKES,
    Answer,
    Answered,
    BootAnswer,
    BootState,
    Make,
    Reboot,
    Speech,
    Station,
    Unanswered,
)
from ricarica.simulator.delivery import Connection
from ricarica.simulator.evse import Connector, Evse, State
from ricarica.simulator.journal import Journal
from ricarica.simulator.meter import Meter
from ricarica.simulator.misbehaviour import Misbehaviour
from ricarica.simulator.settings import Settings
from ricarica.simulator.transaction import Token, Transaction
from ricarica.simulator.v2 import SpeechV2
from ricarica.simulator.v16 import SpeechV16

BOOT_RETRY = timedelta(seconds=30)  # when a BootNotification got no usable answer
CATCH_UP_MAX = 2_000  # timers fired within one jump in time; then the rest is skipped


def two_evses() -> tuple[Evse, ...]:
    """A post with two 22 kW sockets, as most streets have them."""
    return tuple(Evse(number, Outlet(Decimal(22_000))) for number in (1, 2))


def usual_car() -> Vehicle:
    """A 60 kWh car at 40 %, charging on three phases with up to 16 A."""
    return Vehicle(Battery(Decimal(60_000), Decimal(24_000)), dc_power_w_max=Decimal(100_000))


class SimulatedStation:
    """What a driver, a cable and a network do to a station. `tick` first: it sets the time."""

    def __init__(
        self,
        dialect: Dialect,
        identity: str,
        evses: Iterable[Evse] | None = None,
        rng: Random | None = None,
        *,
        now: datetime,
        make: Make | None = None,
    ) -> None:
        rng, make = rng or Random(identity), make or Make()
        abilities = abilities_without(make.lacks)
        self.core = Station(
            identity=identity,
            dialect=dialect,
            speech=speech_of(dialect),
            evses={evse.number: evse for evse in evses or two_evses()},
            rng=rng,
            now=now,
            make=make,
            abilities=abilities,
            settings=Settings((*CATALOGUE, *abilities.settings)),
            boot_due=now,
        )
        self.core.settings.on_change = lambda name: commands.settings_changed(self.core, name)
        self.at_first: list[Callable[[], None]] = []
        """What to do once, as soon as the server has accepted it."""
        self._connection: Connection | None = None

    # What tests and screens look at

    @property
    def identity(self) -> str:
        return self.core.identity

    @property
    def dialect(self) -> Dialect:
        return self.core.dialect

    @property
    def now(self) -> datetime:
        return self.core.now

    @property
    def online(self) -> bool:
        return self.core.online

    @property
    def is_accepted(self) -> bool:
        return self.core.is_accepted

    @property
    def settings(self) -> Settings:
        return self.core.settings

    @property
    def journal(self) -> Journal:
        return self.core.journal

    @property
    def misbehaviour(self) -> Misbehaviour:
        return self.core.misbehaviour

    @property
    def evses(self) -> dict[int, Evse]:
        return self.core.evses

    @property
    def queued(self) -> int:
        """Transaction messages that the server has not taken yet."""
        return len(self.core.queue)

    @property
    def wants_connection(self) -> bool:
        """False while it reboots."""
        return self.core.reboot is None or self.core.reboot.up_at is None

    def transaction(self, evse: int) -> Transaction | None:
        return self.core.evses[evse].transaction

    def state(self, evse: int, connector: int = 1) -> State:
        return self.core.evses[evse].state(connector)

    def shown(self, evse: int) -> str:
        """What the display says: Accepted, Invalid, Charging, Finished …"""
        return self.core.shown.get(evse, "")

    def shown_cost(self, evse: int) -> Decimal | None:
        """What the display says that the running or last transaction cost."""
        return self.core.costs.get(evse)

    def register_wh(self, evse: int) -> Decimal:
        return self.core.evses[evse].meter.shown_wh

    @property
    def is_idle(self) -> bool:
        """Nothing is on its way to the server or waits to be."""
        waits = self._connection is not None and self._connection.in_flight is not None
        return not (waits or self.core.calls or self.core.queue.waiting)

    # The network

    def go_online(self) -> None:
        """The socket is open."""
        core = self.core
        if core.online:
            return
        self._connection = Connection(core, core.now)
        was_long = self._was_offline_long()
        core.online, core.offline_since = True, None
        core.queue.reconnected()
        if core.is_accepted:
            core.report_states(everything=was_long)
        else:
            core.boot_due, core.boot_asked = core.now, False
        self._boot_when_due()
        self._pump()

    def _was_offline_long(self) -> bool:
        """B04: after a long silence the states of all connectors are reported again."""
        since = self.core.offline_since
        threshold = self.core.settings.seconds("offline_threshold")
        return since is not None and self.core.now - since > threshold

    def go_offline(self) -> None:
        """The socket is gone. What was on its way is kept if it is about a transaction."""
        core = self.core
        if not core.online:
            return
        core.online, core.offline_since = False, core.now
        connection, self._connection = self._connection, None
        assert connection is not None, "online without a connection"
        connection.close()
        waiting = list(core.calls)
        core.calls.clear()
        core.sends.clear()
        for call in waiting:
            call.then(Unanswered())

    def receive(self, text: str) -> None:
        if self._connection is not None:
            self._connection.receive(text)
            self._boot_when_due()
            self._pump()

    def frames_to_send(self) -> list[str]:
        self._pump()
        return self._connection.frames_to_send() if self._connection is not None else []

    def cut_short(self) -> str | None:
        """The half frame to write before tearing the socket down, if it is to end like that."""
        return self._connection.cut_short if self._connection is not None else None

    # Time

    def tick(self, now: datetime) -> None:
        """Let time pass until `now`, doing everything that was due on the way, in order."""
        for _ in range(CATCH_UP_MAX):
            due = self.deadline()
            if due is None or due >= now:
                break
            self._live_at(due)
        self._live_at(max(now, self.core.now))

    def deadline(self) -> datetime | None:
        """When something is due next, if nothing comes from outside before."""
        ahead = (due for due in self._deadlines() if due > self.core.now)
        return min(ahead, default=None)

    def _deadlines(self) -> Iterator[datetime]:
        core = self.core
        if core.aligned_due is not None:
            yield core.aligned_due
        yield from (each.at for each in core.laters)
        for evse in core.evses.values():
            yield from _deadlines_of(evse)
        if core.reboot is not None and not core.reboot.waits_for_idle:
            yield core.reboot.up_at or core.reboot.down_by
            yield core.reboot.asked_at + REBOOT_GRACE
        if self._connection is not None:
            yield from self._connection_deadlines(self._connection)

    def _connection_deadlines(self, connection: Connection) -> Iterator[datetime]:
        core = self.core
        timeout_s = connection.deadline_s()
        if timeout_s is not None:
            yield connection.opened_at + timedelta(seconds=timeout_s)
            return
        if core.boot_due is not None and not core.boot_asked:
            yield core.boot_due
        if core.is_accepted and core.heartbeat_due is not None:
            yield core.heartbeat_due
        if core.queue.waiting and core.queue.not_before is not None:
            yield core.queue.not_before

    def _live_at(self, now: datetime) -> None:
        self.core.now = now
        charging.let_time_pass(self.core)
        self.core.do_what_is_due()
        if self._connection is not None:
            self._connection.expire()
        self._boot_when_due()
        self._beat_when_due()
        self._pump()

    def _pump(self) -> None:
        self._advance_reboot()
        if self._connection is not None:
            self._connection.pump()

    # Boot

    def _boot_when_due(self) -> None:
        core = self.core
        if not core.online or core.boot_asked or core.boot_due is None or core.now < core.boot_due:
            return
        core.boot_asked, core.boot_due = True, None
        boot = core.speech.boot(core, core.boot_reason)
        core.ask(boot, self._boot_answered, before_acceptance=True)

    def _boot_answered(self, answer: Answer) -> None:
        core = self.core
        core.boot_asked = False
        if not isinstance(answer, Answered):
            if not core.is_accepted:
                core.boot_due = core.now + BOOT_RETRY
            return
        heard = core.speech.boot_answer(answer.payload)
        before, core.boot = core.boot, heard.state
        if heard.state is not BootState.ACCEPTED:
            core.boot_due = core.now + (heard.interval or BOOT_RETRY)
            return
        self._accepted(heard, anew=before is not BootState.ACCEPTED)

    def _accepted(self, heard: BootAnswer, *, anew: bool) -> None:
        core = self.core
        if heard.interval > timedelta(0):
            core.settings.values["heartbeat_interval"] = str(int(heard.interval.total_seconds()))
        core.heartbeat_due = core.now + commands.heartbeat_interval(core)
        if not anew:
            return
        core.report_station()
        core.report_states(everything=True)
        for act in core.abilities.after_boot:
            act(core)
        at_first, self.at_first = self.at_first, []
        for first in at_first:
            first()
        for running in list(core.transactions):
            if running.is_resumed:
                charging.tell_resumed(core, running)

    def _beat_when_due(self) -> None:
        """A heartbeat only when nothing else was said for so long. (G02.FR.04)"""
        core = self.core
        if not core.online or not core.is_accepted or core.heartbeat_due is None:
            return
        if core.now >= core.heartbeat_due:
            core.heartbeat_due = core.now + commands.heartbeat_interval(core)
            core.ask(core.speech.heartbeat())

    # Reboot

    def _advance_reboot(self) -> None:
        reboot = self.core.reboot
        if reboot is None:
            return
        if reboot.waits_for_idle:
            self._reboot_once_idle(reboot)
        elif reboot.up_at is None:
            told_all = self.core.now >= reboot.asked_at + REBOOT_GRACE and self.is_idle
            if told_all or self.core.now >= reboot.down_by:
                self._go_down(reboot)
        elif self.core.now >= reboot.up_at:
            self._come_up(reboot)

    def _reboot_once_idle(self, reboot: Reboot) -> None:
        if not any(True for _ in self.core.transactions):
            commands.reset_now(self.core, "Reboot", reboot.reason, restores=reboot.restores)

    def _go_down(self, reboot: Reboot) -> None:
        core = self.core
        self.go_offline()
        core.boot, core.boot_due, core.boot_asked = BootState.UNKNOWN, None, False
        core.reported.clear()
        reboot.up_at = core.now + REBOOT_TAKES
        for evse in core.evses.values():
            if evse.transaction is None:
                evse.authorization = None
            else:
                evse.transaction.is_resumed = True

    def _come_up(self, reboot: Reboot) -> None:
        core = self.core
        core.reboot = None
        core.boot_reason, core.boot_due = reboot.reason, core.now
        for number in reboot.restores:
            core.evses[number].is_operative = True

    # What it says by itself

    def say(self, saying: str, **details: str) -> None:
        """Let a block say something of its own; see `simulator.blocks`."""
        self.core.abilities.sayings[saying](self.core, **details)
        self._pump()

    # Drivers and mishaps

    def plug_in(self, evse: int, vehicle: Vehicle | None = None, connector: int = 1) -> None:
        charging.plug_in(self.core, self.evses[evse], vehicle or usual_car(), connector)
        self._pump()

    def present(self, token: str | Token, evse: int) -> None:
        shown = Token(token) if isinstance(token, str) else token
        charging.present(self.core, self.evses[evse], shown)
        self._pump()

    def unplug(self, evse: int) -> Vehicle | None:
        gone = charging.unplug(self.core, self.evses[evse])
        self._pump()
        return gone

    def fault(self, evse: int, code: str) -> None:
        """Something breaks: what runs there ends, and the connectors are faulted."""
        broken = self.evses[evse]
        if broken.transaction is not None:
            charging.end(self.core, broken, "AbnormalCondition", "Other")
        broken.fault = code
        if broken.reservation is not None:
            self.core.lose_reservation(broken, "Removed")
        broken.authorization = None
        self.core.report_states()
        self._pump()

    def clear_fault(self, evse: int) -> None:
        self.evses[evse].fault = None
        self.core.report_states()
        self._pump()

    def lose_power(self) -> None:
        """Mains gone and back: the stop is told after the boot, as stations with a battery do."""
        self.go_offline()
        for evse in self.evses.values():
            if evse.transaction is not None:
                charging.end(self.core, evse, "AbnormalCondition", "PowerLoss")
        self.core.reboot = Reboot("PowerUp", self.core.now, asked_at=self.core.now)
        self._go_down(self.core.reboot)

    def reset_register(self, evse: int, register_wh: Decimal = Decimal(0)) -> None:
        """The meter was swapped, or lost its memory."""
        self.evses[evse].meter = Meter(register_wh)


def speech_of(dialect: Dialect) -> Speech:
    return SpeechV16() if dialect.family == "v16" else SpeechV2()


def _deadlines_of(evse: Evse) -> Iterator[datetime]:
    if evse.reservation is not None:
        yield evse.reservation.until
    if evse.authorization is not None and evse.vehicle is None:
        yield evse.authorization.until
    if evse.transaction is not None and evse.transaction.next_sample_at is not None:
        yield evse.transaction.next_sample_at


def ac_evse(number: int, power_w: int = 22_000, phases: int = 3) -> Evse:
    return Evse(number, Outlet(Decimal(power_w), phases))


def dc_evse(number: int, power_w: int = 50_000) -> Evse:
    """A fast charger's outlet with both plugs in use on European roads."""
    connectors = (Connector(1, "cCCS2"), Connector(2, "cG105"))
    return Evse(number, Outlet(Decimal(power_w), is_dc=True), connectors)

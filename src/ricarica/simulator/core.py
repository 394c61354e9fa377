"""The state of a simulated station, and what each family of OCPP must be able to say for it."""

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from random import Random
from typing import Any, Protocol, TypeVar
from uuid import UUID

from ricarica.ocpp.dialects import Dialect
from ricarica.ocpp.payload import Payload
from ricarica.simulator.battery import UNLIMITED
from ricarica.simulator.catalogue import CATALOGUE
from ricarica.simulator.evse import Evse, State
from ricarica.simulator.journal import Journal
from ricarica.simulator.meter import Sample
from ricarica.simulator.misbehaviour import Misbehaviour
from ricarica.simulator.profiles import Occasion, Profile, limit_on
from ricarica.simulator.queue import RetryRule, TransactionQueue
from ricarica.simulator.settings import Described, Setting, Settings
from ricarica.simulator.tokens import TokenMemory, Verdict
from ricarica.simulator.transaction import EventKind, Token, Transaction, TransactionEvent

Memory = TypeVar("Memory")

CALLS_MAX = 500  # calls that wait to be sent; none of them is money, so the oldest may go
SENDS_MAX = 500  # the same for what is never answered
REBOOT_TAKES = timedelta(seconds=5)
REBOOT_GRACE = timedelta(seconds=1)  # the answer to the command must still get out
REBOOT_WAITS_AT_MOST = timedelta(seconds=10)  # for stops to be delivered before going down


class BootState(StrEnum):
    UNKNOWN = "unknown"
    PENDING = "pending"
    REJECTED = "rejected"
    ACCEPTED = "accepted"


@dataclass(frozen=True, slots=True)
class Make:
    """Who built the station, as it says of itself, and how that maker's stations talk."""

    vendor: str = "Stellavolt"
    model: str = "Duo 22"
    firmware: str = "2.4.1"
    serial: str = "SV-000001"
    states_by_event: bool = False
    """Tells availability by NotifyEvent, as 2.1 prefers. (2.1 G01)"""
    lacks: frozenset[str] = frozenset()
    """Names of blocks that its stations are built without."""


@dataclass(frozen=True, slots=True)
class Answered:
    payload: Payload
    raw: bytes


@dataclass(frozen=True, slots=True)
class Refused:
    code: str
    description: str


@dataclass(frozen=True, slots=True)
class Unanswered:
    """Nobody answered in time, or the connection went first."""


Answer = Answered | Refused | Unanswered


def ignore(_answer: Answer) -> None:
    """For calls whose answer changes nothing."""


@dataclass(slots=True, eq=False)
class Call:
    """Something to ask. Only what boot needs may be said before the server accepted us."""

    payload: Payload
    then: Callable[[Answer], None] = ignore
    before_acceptance: bool = False


@dataclass(frozen=True, slots=True)
class BootAnswer:
    state: BootState
    interval: timedelta
    server_time: datetime


@dataclass(frozen=True, slots=True)
class EventAnswer:
    """What the server said back to a transaction message; `None` where it said nothing."""

    verdict: Verdict | None = None
    number: int | None = None
    cost: Decimal | None = None
    payload: Payload | None = None


Command = Callable[["Station", Any], Payload | None]
"""What a call of the server does, and its answer; None if this station cannot do that."""
Trigger = Callable[["Station", Sequence[Evse]], bool]
"""Says something because the server asked for it, and whether there was anything to say."""


@dataclass(frozen=True, slots=True)
class Block:
    """What one functional block lets a station do; see `simulator.blocks`."""

    name: str
    commands: Mapping[type[Payload], Command] = field(default_factory=dict)
    triggers_v16: Mapping[str, Trigger] = field(default_factory=dict)
    triggers_v2: Mapping[str, Trigger] = field(default_factory=dict)
    custom_triggers: Mapping[str, Trigger] = field(default_factory=dict)
    settings: tuple[Setting, ...] = ()
    variables: tuple[Callable[["Station"], Iterable[Described]], ...] = ()
    after_boot: tuple[Callable[["Station"], None], ...] = ()
    dresses: tuple[Callable[["Station", TransactionEvent], TransactionEvent], ...] = ()
    """Add to what an event tells, before it is queued."""
    heeds: tuple[Callable[["Station", TransactionEvent, EventAnswer], None], ...] = ()
    """Hear what the server answered to an event."""
    watches: tuple[Callable[["Station"], None], ...] = ()
    """Look at what changed while time passed."""
    sayings: Mapping[str, Callable[..., None]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Later:
    """Something to do when its time has come, online or not."""

    at: datetime
    act: Callable[[], None]


class Speech(Protocol):
    """One family of OCPP: how the station says things, and how it does what it is told."""

    def boot(self, station: "Station", reason: str) -> Payload: ...
    def boot_answer(self, response: Payload) -> BootAnswer: ...
    def heartbeat(self) -> Payload: ...
    def connectors(self, evse: Evse) -> tuple[int, ...]: ...
    def state_word(self, state: State) -> str: ...
    def status(self, station: "Station", evse: Evse, connector: int) -> Payload: ...
    def station_status(self, station: "Station") -> Payload | None: ...
    def authorize(self, token: Token) -> Payload: ...
    def authorize_answer(self, response: Payload) -> Verdict: ...
    def tells(self, event: TransactionEvent) -> bool: ...
    def event(self, event: TransactionEvent) -> Payload: ...
    def event_answer(self, response: Payload) -> EventAnswer: ...
    def event_key(self, payload: Payload) -> str: ...
    def idle_sample(self, evse: Evse, sample: Sample) -> Payload: ...
    def reservation_ended(self, number: int, status: str) -> Payload | None: ...


@dataclass(slots=True)
class Reboot:
    """Going down and coming back. `up_at` is set once the station is down."""

    reason: str
    down_by: datetime
    asked_at: datetime
    waits_for_idle: bool = False
    restores: frozenset[int] = frozenset()
    """EVSEs to open again afterwards, closed only so that nobody begins."""
    up_at: datetime | None = None


@dataclass(slots=True, eq=False)
class Station:
    """Everything a station is and remembers. Time is `now`, set by whoever lets it live."""

    identity: str
    dialect: Dialect
    speech: Speech
    evses: dict[int, Evse]
    rng: Random
    now: datetime
    make: Make = field(default_factory=Make)
    abilities: Block = field(default_factory=lambda: Block("nothing"))
    settings: Settings = field(default_factory=lambda: Settings(CATALOGUE))
    tokens: TokenMemory = field(default_factory=TokenMemory)
    queue: TransactionQueue = field(default_factory=TransactionQueue)
    journal: Journal = field(default_factory=Journal)
    misbehaviour: Misbehaviour = field(default_factory=Misbehaviour)
    profiles: tuple[Profile, ...] = ()
    calls: deque[Call] = field(default_factory=deque)
    sends: deque[Payload] = field(default_factory=deque)
    """What is never answered, on its way out."""
    laters: list[Later] = field(default_factory=list)
    memories: dict[type, Any] = field(default_factory=dict)
    online: bool = False
    offline_since: datetime | None = None
    is_operative: bool = True
    boot: BootState = BootState.UNKNOWN
    boot_reason: str = "PowerUp"
    boot_due: datetime | None = None
    boot_asked: bool = False
    heartbeat_due: datetime | None = None
    aligned_due: datetime | None = None
    reboot: Reboot | None = None
    reported: dict[tuple[int, int], str] = field(default_factory=dict)
    shown: dict[int, str] = field(default_factory=dict)
    """What each EVSE's display says to the driver in front of it."""
    costs: dict[int, Decimal] = field(default_factory=dict)
    """What each EVSE's display says that it cost."""
    prices_of: dict[str, Any] = field(default_factory=dict)
    """Prices that came with the verdict on a token, by the token."""
    messages_of: dict[str, str | None] = field(default_factory=dict)
    """What was to be shown to whoever showed a token."""
    asking: set[int] = field(default_factory=set)
    """EVSEs whose driver waits for the server's verdict."""
    events_told: int = 0

    @property
    def clock(self) -> datetime:
        """The time this station believes in, to the millisecond that it writes."""
        believed = self.now + self.misbehaviour.clock_skew
        return believed.replace(microsecond=believed.microsecond // 1000 * 1000)

    @property
    def is_accepted(self) -> bool:
        return self.boot is BootState.ACCEPTED

    @property
    def transactions(self) -> Iterable[Transaction]:
        return (evse.transaction for evse in self.evses.values() if evse.transaction)

    def show_cost(self, transaction: Transaction, cost: Decimal) -> None:
        transaction.shown_cost = self.costs[transaction.evse] = cost

    def fresh_ref(self) -> str:
        """With the time in it: another run of the same seed must not use a name again."""
        milliseconds = int(self.now.timestamp() * 1000)
        return str(UUID(int=milliseconds << 80 | self.rng.getrandbits(80), version=4))

    def transaction(self, ref: str) -> tuple[Evse, Transaction] | None:
        """The running transaction of this name, and where it runs."""
        for evse in self.evses.values():
            if evse.transaction is not None and evse.transaction.ref == ref:
                return evse, evse.transaction
        return None

    def numbered(self, number: int) -> tuple[Evse, Transaction] | None:
        """The running transaction that a 1.6 server gave this number."""
        for evse in self.evses.values():
            if evse.transaction is not None and evse.transaction.number == number:
                return evse, evse.transaction
        return None

    # What it says

    def ask(
        self,
        payload: Payload,
        then: Callable[[Answer], None] = ignore,
        *,
        before_acceptance: bool = False,
    ) -> None:
        self.calls.append(Call(payload, then, before_acceptance))
        if len(self.calls) > CALLS_MAX:
            self.calls.popleft().then(Unanswered())

    def send(self, payload: Payload) -> None:
        """Say what is never answered. It is lost when there is no connection. (2.1 SEND)"""
        if not (self.online and self.is_accepted and self.dialect.has_unanswered_calls):
            return
        self.sends.append(payload)
        if len(self.sends) > SENDS_MAX:
            self.sends.popleft()

    def tell(self, event: TransactionEvent) -> None:
        """Queue a fact for delivery, unless this family has no word for it."""
        if self.speech.tells(event):
            for dress in self.abilities.dresses:
                event = dress(self, event)
            self.queue.add(event)

    def report_states(self, *, everything: bool = False) -> None:
        """Report each connector whose state changed since it was last reported."""
        if not (self.online and self.is_accepted):
            return
        for evse in self.evses.values():
            for connector in self.speech.connectors(evse):
                self._report_state(evse, connector, everything=everything)

    def lose_reservation(self, evse: Evse, status: str) -> None:
        """It is over, or cannot be kept; 2.x tells why. (H01.FR.16, H04.FR.01)"""
        held, evse.reservation = evse.reservation, None
        told = self.speech.reservation_ended(held.id, status) if held else None
        if told is not None:
            self.ask(told)

    def report_station(self) -> None:
        """1.6 knows a state of the whole station too."""
        status = self.speech.station_status(self)
        if status is not None and self.online and self.is_accepted:
            self.ask(status)

    def _report_state(self, evse: Evse, connector: int, *, everything: bool) -> None:
        word = self.speech.state_word(evse.state(connector))
        before = self.reported.get((evse.number, connector))
        if everything or before != word:
            self.reported[evse.number, connector] = word
            self.ask(self.speech.status(self, evse, connector), self._forgets(evse, connector))

    def _forgets(self, evse: Evse, connector: int) -> Callable[[Answer], None]:
        """A status that nobody heard counts as not reported."""

        def answered(answer: Answer) -> None:
            if isinstance(answer, Unanswered):
                self.reported.pop((evse.number, connector), None)

        return answered

    @property
    def retry_rule(self) -> RetryRule:
        return RetryRule(
            max(1, self.settings.integer("message_attempts")),
            self.settings.seconds("message_attempt_interval"),
        )

    # What blocks need

    def memory(self, kind: type[Memory]) -> Memory:
        """What a block remembers on this station: one object of a class of its own."""
        if kind not in self.memories:
            self.memories[kind] = kind()
        found: Memory = self.memories[kind]
        return found

    def later(self, wait: timedelta, act: Callable[[], None]) -> None:
        """Do something when time has passed, whatever happens until then."""
        self.laters.append(Later(self.now + wait, act))

    def do_what_is_due(self) -> None:
        due = sorted((each for each in self.laters if each.at <= self.now), key=lambda it: it.at)
        for each in due:
            self.laters.remove(each)
            each.act()

    # What limits it

    def refresh_limits(self) -> None:
        for evse in self.evses.values():
            evse.limit = (
                limit_on(self.profiles, self.occasion(evse)) if self.profiles else UNLIMITED
            )

    def occasion(self, evse: Evse) -> Occasion:
        running = evse.transaction
        if running is None:
            return Occasion(evse.number, self.now)
        ref, started_at = running.ref, running.started_at
        return Occasion(evse.number, self.now, ref, started_at, running.has_priority)

    def forget_profiles_of(self, transaction: Transaction) -> None:
        """A TxProfile ends with its transaction. (K01.FR.05)"""
        self.profiles = tuple(
            profile for profile in self.profiles if profile.transaction != transaction.ref
        )


def event_of(
    station: Station, kind: EventKind, transaction: Transaction, trigger: str
) -> TransactionEvent:
    """A transaction event of this instant, without what only some events carry."""
    evse = station.evses[transaction.evse]
    return TransactionEvent(
        kind=kind,
        transaction=transaction,
        at=station.clock,
        trigger=trigger,
        seq_no=transaction.take_seq_no(),
        charging_state=evse.charging_state(),
        register_wh=evse.meter.shown_wh,
        offline=not station.online,
    )

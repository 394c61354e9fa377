"""What stations tell about charging. A fact is never refused: it happened."""

from datetime import datetime
from decimal import Decimal

import msgspec

from ricarica.authorization.model import Judgement, TokenRef
from ricarica.kernel.ids import ConnectorNumber, EvseNumber, StationKey, TransactionId
from ricarica.kernel.money import Money
from ricarica.transactions.model import Arrangement, ChargingState
from ricarica.transactions.readings import Context, Reading
from ricarica.transactions.terms import CountedCost, Limits, Say


class SignedReading(msgspec.Struct, frozen=True, gc=False):
    """What a meter signed, kept as it came: a bill may have to be proved by it. J02.FR.21"""

    at: datetime
    context: Context
    method: str  # how it is signed; empty: the station did not say
    encoding: str
    data: str
    public_key: str | None = None


class Particulars(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What few messages tell of a transaction."""

    limits: Limits | None = None
    tariff: str | None = None  # the name of the prices by which the station counts
    cost: CountedCost | None = None
    signed: tuple[SignedReading, ...] = ()
    told: dict[str, str] | None = None  # in the station's words, e.g. how many phases it uses


class TransactionFact(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What every fact about a transaction carries. None: the station could not say."""

    station: StationKey
    at: datetime  # by the station's clock
    received_at: datetime
    ref: str | None  # the transaction's name between us and the station
    evse: EvseNumber | None = None
    connector: ConnectorNumber | None = None
    token: TokenRef | None = None
    readings: tuple[Reading, ...] = ()
    seq_no: int | None = None
    trigger: str | None = None  # why it was told, in the dialect's word
    charging_state: ChargingState | None = None
    offline: bool = False  # it happened while we were out of reach
    reservation: int | None = None
    remote_start: int | None = None  # number of our command that led to it
    more: Particulars | None = None


class Started(TransactionFact, frozen=True, kw_only=True, gc=False):
    register_wh: Decimal | None = None


class Progressed(TransactionFact, frozen=True, kw_only=True, gc=False):
    pass


class Ended(TransactionFact, frozen=True, kw_only=True, gc=False):
    register_wh: Decimal | None = None
    reason: str = "Local"  # both protocol families: a reason left out means Local


class Charged(msgspec.Struct, frozen=True, gc=False):
    """A transaction that was begun with a payment goes on, or is over."""

    station: StationKey
    reference: str  # of the payment
    transaction: TransactionId
    at: datetime
    is_over: bool
    cost: Money | None
    authorized: Decimal | None = None  # what the card is good for; it may grow on the way, C23


class Recorded(msgspec.Struct, frozen=True, gc=False):
    """What became of a fact. The same again for a repeat of it."""

    transaction: TransactionId
    ref: str
    judgement: Judgement | None  # None: the fact carried no token
    cost: Money | None = None  # so far, or in the end; None where no tariff applies
    say: Say | None = None
    payment: str | None = None  # the reference of the payment that it was begun with
    arranged: Arrangement | None = None  # for the start of ours that just turned out to be its own

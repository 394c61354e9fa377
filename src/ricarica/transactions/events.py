from datetime import datetime
from decimal import Decimal
from typing import ClassVar

import msgspec

from ricarica.kernel.ids import EvseNumber, StationKey, TransactionId
from ricarica.transactions.model import ChargingState


class TransactionStarted(msgspec.Struct, frozen=True, gc=False):
    station: StationKey
    transaction: TransactionId
    evse: EvseNumber
    token: str | None
    at: datetime


class RemoteStartUnfulfilled(msgspec.Struct, frozen=True, gc=False):
    """A station accepted to start, and nothing began. `number` names the request."""

    station: StationKey
    number: int
    evse: EvseNumber | None
    token: str
    at: datetime


class TransactionProgressed(msgspec.Struct, frozen=True, gc=False):
    """Told to those who watch, and not kept: the transaction itself has it all."""

    passing: ClassVar[bool] = True

    station: StationKey
    transaction: TransactionId
    evse: EvseNumber
    energy_wh: Decimal
    power_w: Decimal | None
    soc_percent: Decimal | None
    charging_state: ChargingState | None
    cost: Decimal | None  # including tax
    currency: str | None
    at: datetime


class TransactionEnded(msgspec.Struct, frozen=True, gc=False):
    station: StationKey
    transaction: TransactionId
    evse: EvseNumber
    energy_wh: Decimal
    cost: Decimal | None
    currency: str | None
    reason: str
    at: datetime

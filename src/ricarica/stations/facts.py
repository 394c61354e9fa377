"""What stations tell about themselves, and what they are answered."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from ricarica.kernel.ids import ConnectorNumber, EvseNumber, StationKey
from ricarica.stations.model import Acceptance, ConnectorStatus


@dataclass(frozen=True, slots=True)
class Booted:
    """A station started, and asks whether it may go on."""

    station: StationKey
    vendor: str
    model: str
    at: datetime
    serial: str | None = None
    firmware: str | None = None
    iccid: str | None = None
    imsi: str | None = None
    reason: str | None = None  # None: the station could not say why it started
    certificate: str = ""  # the common name in the one it came with, where that has to fit


@dataclass(frozen=True, slots=True)
class BootAnswer:
    acceptance: Acceptance
    interval: timedelta  # between heartbeats, or until the next attempt to boot
    now: datetime


@dataclass(frozen=True, slots=True)
class StatusReported:
    """EVSE 0, connector 0 is the station as a whole."""

    station: StationKey
    evse: EvseNumber
    connector: ConnectorNumber
    status: ConnectorStatus
    at: datetime  # by the station's clock; ours, where it could not say
    received_at: datetime
    error: str | None = None
    detail: str | None = None


class ErrorChange(NamedTuple):
    """A connector's error is another than before; None: there is, or was, none."""

    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Knocked:
    """Someone says to be this station; nothing is believed yet."""

    station: StationKey
    secure: bool
    password: bytes | None
    at: datetime
    certificate: str | None = None  # the common name in it; it was verified
    certificate_key: str | None = None  # SHA-256 of its public key, hex


@dataclass(frozen=True, slots=True)
class Connected:
    station: StationKey
    dialect: str  # name of the dialect, e.g. 2.0.1
    remote: str
    secure: bool
    at: datetime
    node: str = ""  # the gateway's; empty where there is only one


@dataclass(frozen=True, slots=True)
class Disconnected:
    station: StationKey
    epoch: int
    reason: str
    at: datetime

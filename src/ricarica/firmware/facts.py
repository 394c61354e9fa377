"""What stations tell about their firmware, and what an operator wants of them."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from ricarica.kernel.ids import StationKey
from ricarica.stations.commands import Outcome


@dataclass(frozen=True, slots=True)
class FirmwareReported:
    """How far an update is. `number` is None where the station could not say which.

    `status` is the station's own word; `is_signed` tells 1.6's two ways of updating apart.
    """

    station: StationKey
    status: str
    at: datetime
    number: int | None = None
    is_signed: bool | None = None
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class PublishingReported:
    """How far a local controller is; `locations` are where it offers the image."""

    station: StationKey
    status: str
    at: datetime
    number: int | None = None
    locations: tuple[str, ...] = ()
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class UpdateAnswered:
    """What a station answered to an order; `status` is its own word, where it has one."""

    station: StationKey
    number: int
    outcome: Outcome
    at: datetime
    status: str | None = None
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """An update as an operator wants it.

    Args:
        signed: With signature and certificate; None: if the image has them.
        any_model: Also where the image is for another vendor or model than the station says.
    """

    image: str
    by: str
    signed: bool | None = None
    retrieve_at: datetime | None = None
    install_at: datetime | None = None
    retries: int | None = None
    retry_interval: timedelta | None = None
    any_model: bool = False
    campaign: str | None = None

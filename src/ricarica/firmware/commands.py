"""What stations are told about their firmware."""

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class UpdateFirmware:
    """L02: fetch an image and install it. `number` names this update in what the station tells."""

    number: int
    location: str
    retrieve_at: datetime
    install_at: datetime | None = None
    retries: int | None = None
    retry_interval: timedelta | None = None


@dataclass(frozen=True, slots=True)
class UpdateSignedFirmware:
    """L01: the same, with what proves whose image it is. `signature` is Base64, the rest PEM."""

    number: int
    location: str
    retrieve_at: datetime
    certificate: str
    signature: str
    install_at: datetime | None = None
    retries: int | None = None
    retry_interval: timedelta | None = None


@dataclass(frozen=True, slots=True)
class PublishFirmware:
    """L03: a local controller shall fetch an image, and offer it to the stations behind it."""

    number: int
    location: str
    checksum: str  # MD5, in hexadecimal digits
    retries: int | None = None
    retry_interval: timedelta | None = None


@dataclass(frozen=True, slots=True)
class UnpublishFirmware:
    """L04: and offer it no longer."""

    checksum: str

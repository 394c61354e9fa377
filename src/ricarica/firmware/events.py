"""What others hear of firmware."""

from dataclasses import dataclass

from ricarica.firmware.campaigns import CampaignState
from ricarica.firmware.updates import UpdateState
from ricarica.kernel.ids import StationKey


@dataclass(frozen=True, slots=True)
class FirmwareImageChanged:
    """One was added or withdrawn."""

    image: str
    station: StationKey | None = None


@dataclass(frozen=True, slots=True)
class FirmwareProgressed:
    station: StationKey
    number: int
    state: UpdateState
    status: str | None = None
    version: str | None = None


@dataclass(frozen=True, slots=True)
class FirmwareUpdateFailed:
    """An update ended badly, in the station's word or in ours."""

    station: StationKey
    number: int
    why: str


@dataclass(frozen=True, slots=True)
class CampaignChanged:
    campaign: str
    state: CampaignState
    station: StationKey | None = None


@dataclass(frozen=True, slots=True)
class CampaignHalted:
    """Too many of its stations failed: nobody else gets the image until somebody looked."""

    campaign: str
    name: str
    why: str
    station: StationKey | None = None

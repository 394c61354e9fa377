"""The slices that a transaction needs to ask, or to tell."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from ricarica.authorization.service import AuthorizationService
from ricarica.configuration.model import Setting
from ricarica.kernel.ids import StationKey
from ricarica.stations.service import StationService
from ricarica.tariffs.service import TariffService
from ricarica.transactions.facts import Charged


class StationSettings(Protocol):
    async def named(self, station: StationKey, names: Iterable[str]) -> Mapping[str, Setting]: ...


class Payments(Protocol):
    """Who speaks to payment service providers of what was charged."""

    async def charged(self, charged: Charged) -> None: ...


@dataclass(frozen=True, slots=True)
class Neighbours:
    stations: StationService
    authorization: AuthorizationService
    tariffs: TariffService
    settings: StationSettings
    payments: Payments

"""What an operator wants in service, and what the station said to it. G03, G04

A station that is charging says that it will when it is done. Whether it has by now is seen by the
status it tells: compared when people look, so that a status costs nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from ricarica.kernel.ids import ConnectorNumber, EvseNumber, StationKey
from ricarica.stations.commands import ChangeAvailability
from ricarica.stations.model import Connector, ConnectorStatus


class AvailabilityState(StrEnum):
    DONE = "done"
    SCHEDULED = "scheduled"  # when the running transaction has ended
    REFUSED = "refused"
    DIFFERS = "differs"  # it said yes, and its status says otherwise


@dataclass(frozen=True, slots=True)
class WantedAvailability:
    """Of a connector, of an EVSE (connector 0), or of the whole station (both 0)."""

    station: StationKey
    evse: EvseNumber
    connector: ConnectorNumber
    operative: bool
    state: AvailabilityState
    at: datetime

    def state_by(self, connectors: Iterable[Connector]) -> AvailabilityState:
        """As the statuses of the station's connectors show it."""
        if self.state is AvailabilityState.REFUSED:
            return self.state
        concerned = [each for each in connectors if self._concerns(each)]
        if all(self._is_so(each) for each in concerned):
            return AvailabilityState.DONE
        is_due = all(each.at > self.at for each in concerned if not self._is_so(each))
        in_use = any(each.status in IN_USE for each in concerned)
        if self.state is AvailabilityState.SCHEDULED and (in_use or not is_due):
            return AvailabilityState.SCHEDULED
        return AvailabilityState.DIFFERS if is_due else AvailabilityState.DONE

    def _concerns(self, connector: Connector) -> bool:
        if not connector.evse:
            return False
        return self.evse in (0, connector.evse) and self.connector in (0, connector.number)

    def _is_so(self, connector: Connector) -> bool:
        # G03.FR.06: what is broken is out of service too, and keeps its own word.
        is_out = connector.status in (ConnectorStatus.UNAVAILABLE, ConnectorStatus.FAULTED)
        return is_out is not self.operative or connector.status is ConnectorStatus.FAULTED


IN_USE = frozenset(
    {
        ConnectorStatus.CHARGING,
        ConnectorStatus.FINISHING,
        ConnectorStatus.OCCUPIED,
        ConnectorStatus.PREPARING,
        ConnectorStatus.SUSPENDED_EV,
        ConnectorStatus.SUSPENDED_EVSE,
    }
)
ANSWERS = {"Accepted": AvailabilityState.DONE, "Scheduled": AvailabilityState.SCHEDULED}


class AvailabilityStore(Protocol):
    async def get(
        self, station: StationKey, evse: EvseNumber, connector: ConnectorNumber
    ) -> WantedAvailability | None: ...

    def save(self, wanted: WantedAvailability) -> None: ...


class AvailabilityService:
    def __init__(self, store: AvailabilityStore) -> None:
        self._store = store

    async def answered(
        self, key: StationKey, command: ChangeAvailability, status: str, at: datetime
    ) -> None:
        """Remember what was wanted, and what the station said to it."""
        evse = command.evse or EvseNumber(0)
        connector = command.connector or ConnectorNumber(0)
        state = ANSWERS.get(status, AvailabilityState.REFUSED)
        await self._store.get(key, evse, connector)
        self._store.save(WantedAvailability(key, evse, connector, command.operative, state, at))

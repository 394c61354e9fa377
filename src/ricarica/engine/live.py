"""The stations whose connections this node decides for."""

from dataclasses import dataclass

from ricarica.kernel.ids import StationKey
from ricarica.ocpp.dialects import BY_SUBPROTOCOL, Dialect
from ricarica.stations.model import LetIn


@dataclass(slots=True)
class LiveStation:
    epoch: int
    dialect: Dialect
    node: str = ""  # the gateway that holds its socket; empty where there is only one
    certificate: str = ""  # the common name in the one it came with
    certificate_key: str = ""  # SHA-256 of its public key, hex
    let_in: LetIn | None = None
    reminded_to_boot: bool = False
    refused_as_stranger: int = 0
    # Commands it has answered with NotImplemented or NotSupported over this connection.
    cannot: frozenset[type] = frozenset()


STRANGERS_LOGGED_MAX = 20  # messages: enough to see what a station wants that nobody accepted


class LiveStations:
    def __init__(self) -> None:
        self._live: dict[StationKey, LiveStation] = {}

    def __len__(self) -> int:
        return len(self._live)

    def keys(self) -> list[StationKey]:
        return list(self._live)

    def get(self, key: StationKey) -> LiveStation | None:
        return self._live.get(key)

    def epoch(self, key: StationKey) -> int | None:
        station = self._live.get(key)
        return station.epoch if station else None

    def at(self, node: str) -> list[tuple[StationKey, int]]:
        """The stations whose sockets a gateway holds, with their epochs."""
        return [(key, live.epoch) for key, live in self._live.items() if live.node == node]

    def opened(
        self,
        key: StationKey,
        epoch: int,
        subprotocol: str,
        node: str = "",
        certificate: str = "",
    ) -> LiveStation:
        live = LiveStation(epoch, BY_SUBPROTOCOL[subprotocol], node, certificate)
        self._live[key] = live
        return live

    def certificate(self, key: StationKey) -> str:
        station = self._live.get(key)
        return station.certificate if station else ""

    def closed(self, key: StationKey, epoch: int) -> bool:
        """Forget that connection; a newer one stays. Whether it was known."""
        if self.epoch(key) != epoch:
            return False
        del self._live[key]
        return True

    def is_worth_logging(self, key: StationKey) -> bool:
        """Whether to log one more message of a stranger: anyone can be one, and say no end."""
        station = self._live.get(key)
        if station is None:
            return False
        station.refused_as_stranger += 1
        return station.refused_as_stranger <= STRANGERS_LOGGED_MAX

    def remind_to_boot(self, key: StationKey) -> bool:
        """Whether to ask it for its boot now: once per connection."""
        station = self._live.get(key)
        if station is None or station.reminded_to_boot:
            return False
        station.reminded_to_boot = True
        return True

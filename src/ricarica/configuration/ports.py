from collections.abc import Iterable
from typing import Protocol

from ricarica.configuration.model import Setting
from ricarica.kernel.ids import StationKey


class SettingStore(Protocol):
    async def get(self, station: StationKey, name: str) -> Setting | None: ...

    async def known(self, station: StationKey, names: Iterable[str]) -> dict[str, Setting]:
        """Those of these names that the station has told of."""
        ...

    async def count(self, station: StationKey) -> int:
        """How many are kept of it."""
        ...

    async def save_all(self, settings: Iterable[Setting]) -> None:
        """Write them, in place of those of the same names."""
        ...

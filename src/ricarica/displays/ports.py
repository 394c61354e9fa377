from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Protocol

from ricarica.displays.model import DisplayState, Shown, Template
from ricarica.kernel.ids import StationKey, TenantId


class ToldSetting(Protocol):
    @property
    def value(self) -> str | None: ...

    @property
    def choices(self) -> str | None:
        """Words with commas between."""
        ...

    @property
    def highest(self) -> Decimal | None: ...


class StationSettings(Protocol):
    async def named(self, station: StationKey, names: Iterable[str]) -> Mapping[str, ToldSetting]:
        """Those that the station told of."""
        ...


class DisplayStore(Protocol):
    async def templates(self, tenant: TenantId) -> list[Template]:
        """All of them: a network has a few dozen."""
        ...

    async def template(self, tenant: TenantId, id: str) -> Template | None: ...

    def save_template(self, template: Template) -> None: ...

    def remove_template(self, template: Template) -> None: ...

    async def shown_at(self, station: StationKey) -> list[Shown]: ...

    async def shown(self, station: StationKey, number: int) -> Shown | None: ...

    def save(self, shown: Shown) -> None: ...

    def remove(self, shown: Shown) -> None: ...

    async def state(self, station: StationKey) -> DisplayState | None: ...

    def save_state(self, state: DisplayState) -> None: ...

from collections.abc import Iterable
from datetime import datetime
from typing import Protocol

from ricarica.configuration.model import DeviceModel, Setting
from ricarica.configuration.templates import Template
from ricarica.kernel.ids import StationKey, TenantId


class SettingStore(Protocol):
    async def get(self, station: StationKey, name: str) -> Setting | None: ...

    async def known(self, station: StationKey, names: Iterable[str]) -> dict[str, Setting]:
        """Those of these names that the station has told of."""
        ...

    async def by_neutral(self, station: StationKey, names: Iterable[str]) -> dict[str, Setting]:
        """Those that have one of our own names, by it."""
        ...

    async def count(self, station: StationKey) -> int:
        """How many are kept of it."""
        ...

    async def save_all(self, settings: Iterable[Setting]) -> None:
        """Write them, in place of those of the same names."""
        ...

    async def forget_older(self, station: StationKey, than: datetime) -> None:
        """Those that were not told of since."""
        ...

    async def device_model(self, station: StationKey) -> DeviceModel | None: ...

    def save_device_model(self, model: DeviceModel) -> None: ...


class TemplateStore(Protocol):
    async def all(self, tenant: TenantId) -> list[Template]: ...

    async def get(self, tenant: TenantId, template: str) -> Template | None: ...

    def save(self, template: Template) -> None: ...

    def remove(self, template: Template) -> None: ...

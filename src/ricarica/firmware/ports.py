"""What this slice needs of the world, in its own words."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from ricarica.firmware.campaigns import Campaign, Target, TargetState
from ricarica.firmware.images import Image, Root
from ricarica.firmware.updates import Link, Update, UpdateKind
from ricarica.kernel.ids import StationKey, TenantId


class FirmwareStore(Protocol):
    async def image(self, tenant: TenantId, image: str) -> Image | None: ...

    async def alike(self, tenant: TenantId, sha256: str) -> Image | None:
        """One with the same content that was not withdrawn."""
        ...

    def save_image(self, image: Image) -> None: ...

    async def roots(self, tenant: TenantId) -> list[Root]: ...

    def save_root(self, root: Root) -> None: ...

    def remove_root(self, tenant: TenantId, fingerprint: str) -> None: ...

    async def update(self, station: StationKey, number: int) -> Update | None: ...

    async def recent_updates(self, station: StationKey, kind: UpdateKind) -> list[Update]:
        """The last few, the latest first; without what nobody asked for."""
        ...

    async def stuck_updates(self) -> list[Update]:
        """Of all tenants: some of those that are open, the longest unchanged first."""
        ...

    def save_update(self, update: Update) -> None: ...

    def add_link(self, link: Link) -> None: ...

    def count_download(self, link: Link, size: int, at: datetime) -> None:
        """One more, in as many bytes."""
        ...


class CampaignStore(Protocol):
    async def get(self, tenant: TenantId, campaign: str) -> Campaign | None: ...

    async def running(self) -> list[tuple[TenantId, str]]:
        """Of all tenants."""
        ...

    def save(self, campaign: Campaign) -> None: ...

    def add_targets(self, targets: list[Target]) -> None: ...

    async def left(self, campaign: Campaign) -> list[Target]:
        """Those of its current wave that are under way, and some of those that wait; the longest
        due first."""
        ...

    async def counts(self, campaign: Campaign) -> Mapping[TargetState, int]:
        """Of its current wave, by state, as the database has it."""
        ...

    async def waves(self, campaign: Campaign) -> int: ...

    def save_target(self, target: Target) -> None: ...

    def cancel_waiting(self, campaign: Campaign) -> None: ...

    async def is_available(self, station: StationKey) -> bool:
        """Whether one of its connectors at least is neither faulted nor out of service."""
        ...

"""Places with stations, as operators arrange them."""

from dataclasses import replace

from ricarica.kernel.errors import InvalidError, NotFoundError
from ricarica.kernel.events import Announcer
from ricarica.kernel.ids import SiteId, TenantId
from ricarica.stations.events import SiteChanged
from ricarica.stations.model import Site
from ricarica.stations.ports import StationStore

NAME_LENGTH_MAX = 200  # what a list can still show


class SiteService:
    def __init__(self, store: StationStore, announcer: Announcer) -> None:
        self._store = store
        self._announce = announcer.announce

    async def get(self, tenant: TenantId, site: SiteId) -> Site:
        known = await self._store.site(tenant, site)
        if known is None:
            raise NotFoundError(f"there is no site {site}")
        return known

    async def save(self, site: Site) -> Site:
        """Add a site, or change it as a whole. The one given must be new or have been read."""
        saved = _checked(site)
        await self._store.site(site.tenant, site.id)
        self._store.save_site(saved)
        self._announce(SiteChanged(saved.id))
        return saved

    async def remove(self, tenant: TenantId, site: SiteId) -> None:
        """Its stations stay, and stand nowhere in particular."""
        self._store.remove_site(await self.get(tenant, site))
        self._announce(SiteChanged(site))


def _checked(site: Site) -> Site:
    name = site.name.strip()
    if not name or len(name) > NAME_LENGTH_MAX:
        raise InvalidError(f"a site's name has 1 to {NAME_LENGTH_MAX} characters")
    _check_degrees("latitude", site.latitude, 90)
    _check_degrees("longitude", site.longitude, 180)
    if (site.latitude is None) != (site.longitude is None):
        raise InvalidError("a place on the map has both latitude and longitude")
    return replace(site, name=name)


def _check_degrees(name: str, degrees: float | None, largest: int) -> None:
    # Not-a-number is in no range.
    if degrees is not None and not -largest <= degrees <= largest:
        raise InvalidError(f"{name} is a number from -{largest} to {largest}, not {degrees}")

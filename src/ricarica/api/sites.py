"""/sites: places with stations."""

from litestar import delete, get, patch, post
from litestar.params import FromPath, JSONBody
from msgspec import UNSET, Struct, UnsetType, structs

from ricarica.access.model import Permission
from ricarica.api.caller import Asking, Caller, require
from ricarica.api.gate import needs
from ricarica.api.replies import Page, PageWanted, ShortText, page_from
from ricarica.api.tariffs import check_tariff
from ricarica.kernel.ids import SiteId, TariffId, TenantId
from ricarica.slices import Slices
from ricarica.stations.model import Site
from ricarica.stations.queries import SiteView, StationQueries


class SiteReply(Struct, frozen=True):
    """Coordinates in degrees, WGS 84. `stations` are all there, `connected` those of them."""

    id: str
    name: str
    address: str
    city: str
    country: str
    latitude: float | None
    longitude: float | None
    tariff: str | None
    stations: int
    connected: int


class NewSite(Struct, frozen=True, forbid_unknown_fields=True):
    name: ShortText
    address: ShortText = ""
    city: ShortText = ""
    country: ShortText = ""
    latitude: float | None = None
    longitude: float | None = None
    tariff: str | None = None


class SitePatch(Struct, frozen=True, forbid_unknown_fields=True):
    """What is left out stays."""

    name: ShortText | UnsetType = UNSET
    address: ShortText | UnsetType = UNSET
    city: ShortText | UnsetType = UNSET
    country: ShortText | UnsetType = UNSET
    latitude: float | UnsetType | None = UNSET
    longitude: float | UnsetType | None = UNSET
    tariff: str | UnsetType | None = UNSET


@get("/sites", opt=needs(Permission.READ), tags=["Sites"])
async def list_sites(caller: Asking, page: PageWanted) -> Page[SiteReply]:
    """Sites by name."""
    rows = await StationQueries(caller.database).sites(caller.tenant, page)
    return page_from(rows, site_reply)


@get("/sites/{site:str}", opt=needs(Permission.READ), tags=["Sites"])
async def get_site(caller: Asking, site: FromPath[str]) -> SiteReply:
    """One site."""
    return await _read(caller, SiteId(site))


@post("/sites", opt=needs(Permission.EDIT_STATIONS), tags=["Sites"])
async def add_site(caller: Asking, data: JSONBody[NewSite]) -> SiteReply:
    """Add a site."""

    async def add(slices: Slices) -> SiteReply:
        site = _site(caller.tenant, SiteId(slices.ids.new()), data)
        if site.tariff:
            await check_tariff(slices, caller.tenant, site.tariff)
        saved = await slices.sites.save(site)
        caller.audit(slices, "site.add", f"site:{saved.id}", name=saved.name)
        return site_reply(SiteView(saved, 0, 0))

    return await caller.once(SiteReply, add)


@patch("/sites/{site:str}", opt=needs(Permission.EDIT_STATIONS), tags=["Sites"])
async def change_site(caller: Asking, site: FromPath[str], data: JSONBody[SitePatch]) -> SiteReply:
    """Rename a site, move it, give it another tariff."""

    async def change(slices: Slices) -> None:
        known = await slices.sites.get(caller.tenant, SiteId(site))
        changed = _site(caller.tenant, known.id, _changed(known, data))
        if changed.tariff and changed.tariff != known.tariff:
            await check_tariff(slices, caller.tenant, changed.tariff)
        await slices.sites.save(changed)
        caller.audit(slices, "site.change", f"site:{site}")

    await caller.carry_out(change)
    return await _read(caller, SiteId(site))


@delete("/sites/{site:str}", opt=needs(Permission.EDIT_STATIONS), tags=["Sites"])
async def remove_site(caller: Asking, site: FromPath[str]) -> None:
    """Its stations stay, and stand nowhere in particular."""

    async def remove(slices: Slices) -> None:
        await slices.sites.remove(caller.tenant, SiteId(site))
        caller.audit(slices, "site.remove", f"site:{site}")

    await caller.carry_out(remove)


HANDLERS = (list_sites, get_site, add_site, change_site, remove_site)


def site_reply(view: SiteView) -> SiteReply:
    site = view.site
    return SiteReply(
        site.id,
        site.name,
        site.address,
        site.city,
        site.country,
        site.latitude,
        site.longitude,
        site.tariff,
        view.stations,
        view.connected,
    )


async def _read(caller: Caller, site: SiteId) -> SiteReply:
    found = await StationQueries(caller.database).site(caller.tenant, site)
    return site_reply(require(found, f"site {site}"))


def _site(tenant: TenantId, site: SiteId, body: NewSite) -> Site:
    tariff = TariffId(body.tariff) if body.tariff else None
    return Site(tenant, site, **{**structs.asdict(body), "tariff": tariff})


def _changed(known: Site, data: SitePatch) -> NewSite:
    kept = {name: getattr(known, name) for name in NewSite.__struct_fields__}
    given = {name: value for name, value in structs.asdict(data).items() if value is not UNSET}
    return NewSite(**{**kept, **given})

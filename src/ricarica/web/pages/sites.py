"""/sites: places with stations."""

from collections.abc import Mapping
from decimal import Decimal

from litestar import get, post
from litestar.params import FromPath

from ricarica.access.model import Permission
from ricarica.kernel.errors import InvalidError, NotFoundError
from ricarica.kernel.ids import SiteId, TariffId
from ricarica.kernel.slashes import name_in
from ricarica.slices import Slices
from ricarica.stations.model import Site
from ricarica.stations.queries import SiteView, StationQueries
from ricarica.storage.pages import LIMIT_MAX, Wanted
from ricarica.tariffs.queries import TariffQueries
from ricarica.web.builders.forms import NO_NUMBER, NO_SUCH_TARIFF
from ricarica.web.builders.lists import pager_of
from ricarica.web.sessions import needs
from ricarica.web.typed import decimal_in
from ricarica.web.views.lists import Choice
from ricarica.web.views.sites import SiteForm, SiteRow, SitesPage
from ricarica.web.views.visit import Notice
from ricarica.web.visitor import Html, Visiting, Visitor

ON_A_PAGE = 100
TEXT_MAX = 200  # characters of each text
EDIT = needs(Permission.EDIT_STATIONS)

Form = Mapping[str, str]


@get("/sites", opt=needs(Permission.READ))
async def sites_page(visitor: Visiting) -> Html:
    wanted = Wanted(ON_A_PAGE, visitor.query.get("after") or None)
    found = await StationQueries(visitor.database).sites(visitor.tenant, wanted)
    names = {choice.value: choice.label for choice in await _tariffs(visitor)}
    rows = tuple(_row(view, names) for view in found.items)
    return await visitor.show(SitesPage(rows, pager_of("/sites", visitor.query, found.next)))


@get("/sites/new", opt=EDIT)
async def new_site(visitor: Visiting) -> Html:
    return await visitor.show(SiteForm(tariffs=await _tariffs(visitor)))


@post("/sites/new", opt=EDIT)
async def add_site(visitor: Visiting) -> Html:
    return await _saved(visitor, None)


@get("/sites/{site:str}/edit", opt=EDIT)
async def edit_site(visitor: Visiting, site: FromPath[str]) -> Html:
    known = await _known(visitor, site)
    return await visitor.show(SiteForm(known.id, _values(known), await _tariffs(visitor)))


@post("/sites/{site:str}/edit", opt=EDIT)
async def change_site(visitor: Visiting, site: FromPath[str]) -> Html:
    known = await _known(visitor, site)
    visitor.edits(_values(known))
    return await _saved(visitor, known)


@post("/sites/{site:str}/remove", opt=EDIT)
async def remove_site(visitor: Visiting, site: FromPath[str]) -> Html:
    """Its stations stay, and stand nowhere in particular."""
    known = await _known(visitor, site)

    async def remove(slices: Slices) -> None:
        await slices.sites.remove(visitor.tenant, known.id)
        visitor.audit(slices, "site.remove", f"site:{known.id}", name=known.name)

    await visitor.carry_out(remove)
    return visitor.lead_to("/sites", Notice.SITE_REMOVED)


HANDLERS = (sites_page, new_site, add_site, edit_site, change_site, remove_site)


async def _saved(visitor: Visitor, known: Site | None) -> Html:
    """Keep what the form says, or show it again with what is wrong."""
    form, errors = visitor.form, _errors(visitor.form)

    async def save(slices: Slices) -> None:
        id_ = known.id if known else SiteId(slices.ids.new())
        site = await slices.sites.save(_site(visitor, id_, form))
        if site.tariff:
            await slices.tariffs.get(visitor.tenant, site.tariff)
        action = "site.change" if known else "site.add"
        visitor.audit(slices, action, f"site:{site.id}", name=site.name)

    if not errors:
        try:
            await visitor.carry_out(save)
            return visitor.lead_to("/sites", Notice.SITE_SAVED)
        except NotFoundError:
            errors = {"tariff": NO_SUCH_TARIFF}
        except InvalidError as error:
            errors = {"": str(error)}
    id_ = known.id if known else ""
    return await visitor.show(SiteForm(id_, form, await _tariffs(visitor), errors), 422)


def _values(known: Site) -> dict[str, str]:
    return {
        "name": known.name,
        "address": known.address,
        "city": known.city,
        "country": known.country,
        "latitude": _degrees(known.latitude),
        "longitude": _degrees(known.longitude),
        "tariff": known.tariff or "",
    }


def _errors(form: Form) -> dict[str, str]:
    places = ("latitude", "longitude")
    return {name: NO_NUMBER for name in places if form.get(name) and _number(form, name) is None}


def _site(visitor: Visitor, id_: SiteId, form: Form) -> Site:
    latitude, longitude = _number(form, "latitude"), _number(form, "longitude")
    return Site(
        visitor.tenant,
        id_,
        form.get("name", ""),
        _text(form, "address"),
        _text(form, "city"),
        _text(form, "country"),
        None if latitude is None else float(latitude),
        None if longitude is None else float(longitude),
        TariffId(form["tariff"]) if form.get("tariff") else None,
    )


def _text(form: Form, name: str) -> str:
    return form.get(name, "").strip()[:TEXT_MAX]


def _number(form: Form, name: str) -> Decimal | None:
    return decimal_in(form.get(name, "").strip())


def _degrees(value: float | None) -> str:
    return "" if value is None else str(value)


def _row(view: SiteView, tariffs: Mapping[str, str]) -> SiteRow:
    site = view.site
    return SiteRow(
        site.id,
        site.name,
        ", ".join(filter(None, (site.address, site.city, site.country))),
        view.stations,
        view.connected,
        tariffs.get(site.tariff or ""),
        site.latitude is not None,
    )


async def _known(visitor: Visitor, part: str) -> Site:
    name = SiteId(name_in(part))
    known = await StationQueries(visitor.database).site(visitor.tenant, name)
    if known is None:
        raise NotFoundError(f"there is no site {name}")
    return known.site


async def _tariffs(visitor: Visitor) -> tuple[Choice, ...]:
    found = await TariffQueries(visitor.database).tariffs(visitor.tenant, Wanted(LIMIT_MAX))
    return tuple(Choice(tariff.id, tariff.name) for tariff in found.items)

"""/stations: all of them, and preparing one."""

from dataclasses import replace

from litestar import get, post
from litestar.params import FromPath

from ricarica.access.model import Permission
from ricarica.kernel.errors import InvalidError, NotFoundError
from ricarica.kernel.ids import SiteId, StationId, StationKey, TariffId
from ricarica.slices import Slices
from ricarica.stations.habits import PLAIN, checked
from ricarica.stations.model import PASSWORD_BYTES_MIN, Acceptance, Station
from ricarica.stations.queries import StationQueries, StationView
from ricarica.stations.service import Preparation
from ricarica.storage.pages import Wanted
from ricarica.transactions.queries.live import LiveQueries
from ricarica.translation.quirks.models import habits_of
from ricarica.web.addresses import path_to
from ricarica.web.builders.forms import (
    NAME_TAKEN,
    NO_IDENTITY,
    NO_SUCH_SITE,
    NO_SUCH_TARIFF,
    NOT_AN_OFFSET,
    PASSWORD_TOO_SHORT,
    UNKNOWN_CHOICE,
)
from ricarica.web.builders.lists import pager_of
from ricarica.web.builders.quirks import habits_form, habits_from, habits_typed
from ricarica.web.builders.stations import (
    filter_from,
    row_from,
    status_wanted,
    which_from,
)
from ricarica.web.pages.choices import sites_of, tariffs_of
from ricarica.web.pages.messages import station_view
from ricarica.web.sessions import needs
from ricarica.web.typed import Form, fields_of, if_other
from ricarica.web.views.stations import StationForm, StationRows, StationsPage
from ricarica.web.views.visit import Notice
from ricarica.web.visitor import Html, Visiting, Visitor

ON_A_PAGE = 50
ROWS_ASKED_MAX = 200  # rows that refresh themselves at once; a page has fewer
IDENTITY_LENGTH_MAX = 255  # what the stations' door takes
NAME_LENGTH_MAX = 200
COMMON_NAME_MAX = 64  # RFC 5280 A.1
PROFILES = frozenset({"", "0", "1", "2", "3"})


@get("/stations", opt=needs(Permission.READ))
async def stations_page(visitor: Visiting) -> Html:
    typed = filter_from(visitor.query)
    wanted = Wanted(ON_A_PAGE, visitor.query.get("after") or None)
    found = await LiveQueries(visitor.database).stations(
        visitor.tenant, which_from(typed), wanted, status_wanted(typed)
    )
    page = StationsPage(
        tuple(map(row_from, found.items)),
        pager_of("/stations", visitor.query, found.next),
        typed,
        await sites_of(visitor),
    )
    return await visitor.show(page)


@get("/fragments/stations/rows", opt=needs(Permission.READ))
async def rows_part(visitor: Visiting) -> Html:
    ids = visitor.asked("id")[:ROWS_ASKED_MAX]
    found = await LiveQueries(visitor.database).by_ids(visitor.tenant, list(map(StationId, ids)))
    return visitor.part(StationRows(tuple(map(row_from, found))))


@get("/stations/new", opt=needs(Permission.EDIT_STATIONS))
async def new_form(visitor: Visiting) -> Html:
    return await visitor.show(await _with_choices(visitor, StationForm()))


@post("/stations/new", opt=needs(Permission.EDIT_STATIONS))
async def add(visitor: Visiting) -> Html:
    identity = visitor.form.get("id", "").strip()
    errors = _errors(visitor.form)
    if not 0 < len(identity) <= IDENTITY_LENGTH_MAX or not identity.isprintable():
        errors["id"] = NO_IDENTITY
    elif await StationQueries(visitor.database).station(visitor.tenant, identity):
        errors["id"] = NAME_TAKEN
    key = StationKey(visitor.tenant, StationId(identity))
    return await _saved(visitor, key, errors, known=None)


@get("/stations/{station:str}/edit", opt=needs(Permission.EDIT_STATIONS))
async def edit_form(visitor: Visiting, station: FromPath[str]) -> Html:
    form = _form_of(await station_view(visitor, station))
    return await visitor.show(await _with_choices(visitor, form))


@post("/stations/{station:str}/edit", opt=needs(Permission.EDIT_STATIONS))
async def change(visitor: Visiting, station: FromPath[str]) -> Html:
    view = await station_view(visitor, station)
    shown = _form_of(view)
    visitor.edits(fields_of(shown) | fields_of(shown.habits) | _ticks(shown))
    return await _saved(visitor, view.station.key, _errors(visitor.form), view)


HANDLERS = (stations_page, rows_part, new_form, add, edit_form, change)


def _form_of(view: StationView) -> StationForm:
    known = view.station
    profile = known.security_profile
    return StationForm(
        id=known.key.station,
        is_new=False,
        name=known.name,
        labels=", ".join(known.labels),
        site=known.site or "",
        acceptance=known.acceptance.value,
        tariff=known.tariff or "",
        security_profile="" if profile is None else str(profile),
        has_password=view.has_password,
        certificate_name=known.certificate_name or "",
        certificate_pin=known.certificate_pin or "",
        is_pedantic=known.pedantic,
        habits=habits_form(habits_of(known)),
    )


def _ticks(form: StationForm) -> dict[str, str]:
    ticked = (*form.habits.chosen, *(("pedantic",) if form.is_pedantic else ()))
    return dict.fromkeys(ticked, "1")


async def _saved(
    visitor: Visitor, key: StationKey, errors: dict[str, str], known: StationView | None
) -> Html:
    """Keep what the form says, or show it again with what is wrong."""
    if not errors:
        errors = await _prepared(visitor, key, known)
    if errors:
        return await visitor.show(await _with_choices(visitor, _typed(visitor, known, errors)), 422)
    return visitor.lead_to(path_to("stations", key.station), Notice.STATION_SAVED)


async def _prepared(visitor: Visitor, key: StationKey, known: StationView | None) -> dict[str, str]:
    """What is wrong with the form; nothing, if it was kept."""
    preparation = _preparation(visitor.form, known)

    async def prepare(slices: Slices) -> None:
        if preparation.tariff:
            await slices.tariffs.get(key.tenant, preparation.tariff)
        if preparation.site:
            await slices.sites.get(key.tenant, preparation.site)
        prepared = await slices.stations.prepare(key, preparation, slices.now)
        visitor.audit(
            slices, "station.prepare", f"station:{key.station}", status=prepared.acceptance
        )

    try:
        await visitor.carry_out(prepare)
    except NotFoundError as error:
        is_tariff = "tariff" in str(error)
        return {"tariff": NO_SUCH_TARIFF} if is_tariff else {"site": NO_SUCH_SITE}
    except InvalidError as error:
        return {"": str(error)}
    return {}


def _preparation(form: Form, known: StationView | None) -> Preparation:
    profile, station = form.get("security_profile", ""), known.station if known else None
    habits = habits_from(habits_typed(form))
    wanted = Preparation(
        Acceptance(form.get("acceptance", Acceptance.ACCEPTED)),
        int(profile) if profile else None,
        form.get("password") or None,
        form.get("name", "").strip()[:NAME_LENGTH_MAX],
        SiteId(form.get("site", "")),
        TariffId(form.get("tariff", "")),
        pedantic=bool(form.get("pedantic")),
        # What is known of its model goes on.
        habits=if_other(habits, habits_of(station) if station else PLAIN),
        labels=tuple(form.get("labels", "").split(",")),
        certificate_name=form.get("certificate_name", "").strip()[:COMMON_NAME_MAX],
        certificate_pin=form.get("certificate_pin", "").strip(),
    )
    return wanted if station is None else _differing(wanted, station)


def _differing(wanted: Preparation, station: Station) -> Preparation:
    """Only what is not so already: of the rest others may decide meanwhile."""
    labels = wanted.labels and tuple(map(str.strip, wanted.labels))
    return replace(
        wanted,
        acceptance=if_other(wanted.acceptance, station.acceptance),
        security_profile=if_other(wanted.security_profile, station.security_profile),
        name=if_other(wanted.name, station.name),
        site=if_other(wanted.site, station.site or SiteId("")),
        tariff=if_other(wanted.tariff, station.tariff or TariffId("")),
        pedantic=if_other(wanted.pedantic, station.pedantic),
        labels=if_other(labels, station.labels or ("",)),
        certificate_name=if_other(wanted.certificate_name, station.certificate_name or ""),
        certificate_pin=if_other(wanted.certificate_pin, station.certificate_pin or ""),
    )


def _errors(form: Form) -> dict[str, str]:
    errors: dict[str, str] = {}
    password = form.get("password", "")
    if password and len(password.encode()) < PASSWORD_BYTES_MIN:
        errors["password"] = PASSWORD_TOO_SHORT
    if form.get("acceptance", Acceptance.ACCEPTED) not in set(Acceptance):
        errors["acceptance"] = UNKNOWN_CHOICE
    if form.get("security_profile", "") not in PROFILES:
        errors["security_profile"] = UNKNOWN_CHOICE
    try:
        checked(habits_from(habits_typed(form)))
    except (ValueError, InvalidError):
        errors["clock_ahead_minutes"] = NOT_AN_OFFSET
    return errors


def _typed(visitor: Visitor, known: StationView | None, errors: dict[str, str]) -> StationForm:
    form = visitor.form
    return StationForm(
        id=known.station.key.station if known else form.get("id", ""),
        is_new=known is None,
        name=form.get("name", ""),
        labels=form.get("labels", ""),
        site=form.get("site", ""),
        acceptance=form.get("acceptance", ""),
        tariff=form.get("tariff", ""),
        security_profile=form.get("security_profile", ""),
        has_password=known.has_password if known else False,
        certificate_name=form.get("certificate_name", ""),
        certificate_pin=form.get("certificate_pin", ""),
        is_pedantic=bool(form.get("pedantic")),
        habits=habits_typed(form),
        errors=errors,
    )


async def _with_choices(visitor: Visitor, form: StationForm) -> StationForm:
    return replace(form, sites=await sites_of(visitor), tariffs=await tariffs_of(visitor))

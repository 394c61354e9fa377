"""/firmware: images, roots, campaigns and updates."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath

from ricarica.access.model import Permission
from ricarica.engine.intake import take_image
from ricarica.firmware.campaigns import Plan
from ricarica.firmware.facts import Wanted as WantedUpdate
from ricarica.firmware.queries import FirmwareQueries, Selection
from ricarica.kernel.errors import InvalidError, NotFoundError, RicaricaError
from ricarica.kernel.ids import StationId
from ricarica.slices import Slices
from ricarica.storage.pages import LIMIT_MAX, Wanted
from ricarica.web.addresses import path_to
from ricarica.web.builders.lists import pager_of
from ricarica.web.pages.choices import sites_of
from ricarica.web.sessions import needs
from ricarica.web.typed import Form, count_in, names_in, text_in
from ricarica.web.views.files import CampaignForm, CampaignPage, FirmwarePage, ImageForm, RootForm
from ricarica.web.views.visit import Notice
from ricarica.web.visitor import Html, Visiting, Visitor

SHOWN = Wanted(20)  # of each list on the first page
NUMBERS = ("canary_percent", "wave_size", "at_once", "failures_max_percent", "attempts")
MINUTES = ("pause", "healthy_within", "install_within")
DECISIONS = ("pause", "resume", "cancel")


@get("/firmware", opt=needs(Permission.READ))
async def firmware_page(visitor: Visiting) -> Html:
    queries, tenant = FirmwareQueries(visitor.database), visitor.tenant
    page = FirmwarePage(
        (await queries.images(tenant, SHOWN)).items,
        (await queries.campaigns(tenant, SHOWN)).items,
        (await queries.updates(tenant, None, SHOWN)).items,
        tuple(await queries.roots(tenant)),
    )
    return await visitor.show(page)


@get("/firmware/images/new", opt=needs(Permission.EDIT_STATIONS))
async def image_form(visitor: Visiting) -> Html:
    return await visitor.show(ImageForm())


@post(
    "/firmware/images/new",
    opt=needs(Permission.EDIT_STATIONS),
    request_max_body_size=None,  # counted while it comes
)
async def add_image(visitor: Visiting, request: Request[Any, Any, Any]) -> Html:
    try:
        await take_image(
            visitor.house.engine.files.get(),
            visitor.actor,
            visitor.carry_out,
            request.headers.get("Content-Type", ""),
            request.stream(),
        )
    except RicaricaError as error:
        # Sent by a script, that puts into the page only what went well.
        return await visitor.show(ImageForm(str(error)))
    return visitor.lead_to("/firmware", Notice.IMAGE_ADDED)


@post("/firmware/images/{image:str}/withdraw", opt=needs(Permission.EDIT_STATIONS))
async def withdraw(visitor: Visiting, image: FromPath[str]) -> Html:
    async def work(slices: Slices) -> None:
        await slices.firmware.withdraw(visitor.tenant, image, slices.now)
        visitor.audit(slices, "firmware.withdraw", f"image:{image}")

    await visitor.carry_out(work)
    await visitor.house.engine.files.get().images.delete(image)
    return visitor.lead_to("/firmware", Notice.IMAGE_WITHDRAWN)


@get("/firmware/roots/new", opt=needs(Permission.ADMINISTER))
async def root_form(visitor: Visiting) -> Html:
    return await visitor.show(RootForm())


@post("/firmware/roots/new", opt=needs(Permission.ADMINISTER))
async def add_root(visitor: Visiting) -> Html:
    vendor, pem = visitor.form.get("vendor", ""), visitor.form.get("pem", "")

    async def work(slices: Slices) -> None:
        root = slices.firmware.add_root(visitor.tenant, vendor, pem, slices.now)
        visitor.audit(slices, "firmware.trust", f"root:{root.fingerprint}", vendor=vendor)

    try:
        await visitor.carry_out(work)
    except InvalidError as error:
        return await visitor.show(RootForm(vendor, pem, {"": str(error)}), 422)
    return visitor.lead_to("/firmware", Notice.ROOT_TRUSTED)


@post("/firmware/roots/{fingerprint:str}/remove", opt=needs(Permission.ADMINISTER))
async def remove_root(visitor: Visiting, fingerprint: FromPath[str]) -> Html:
    async def work(slices: Slices) -> None:
        slices.firmware.remove_root(visitor.tenant, fingerprint)
        visitor.audit(slices, "firmware.distrust", f"root:{fingerprint}")

    await visitor.carry_out(work)
    return visitor.lead_to("/firmware")


@get("/firmware/campaigns/new", opt=needs(Permission.COMMAND))
async def campaign_form(visitor: Visiting) -> Html:
    return await visitor.show(await _form(visitor, visitor.query))


@post("/firmware/campaigns/new", opt=needs(Permission.COMMAND))
async def begin(visitor: Visiting) -> Html:
    form = visitor.form
    try:
        plan = plan_from(form)
        stations = await FirmwareQueries(visitor.database).candidates(
            visitor.tenant, selection_from(form)
        )

        async def work(slices: Slices) -> str:
            wanted = WantedUpdate(form.get("image", ""), visitor.actor.name)
            begun = await slices.campaigns.begin(
                wanted, form.get("name", ""), plan, stations, slices.now
            )
            subject = f"campaign:{begun.id}"
            visitor.audit(slices, "campaign.begin", subject, stations=len(stations))
            return begun.id

        campaign = await visitor.carry_out(work)
    except (InvalidError, NotFoundError) as error:
        return await visitor.show(await _form(visitor, form, str(error)), 422)
    return visitor.lead_to(path_to("firmware", "campaigns", campaign), Notice.CAMPAIGN_BEGUN)


@get("/firmware/campaigns/{campaign:str}", opt=needs(Permission.READ))
async def campaign_page(visitor: Visiting, campaign: FromPath[str]) -> Html:
    queries = FirmwareQueries(visitor.database)
    view = await queries.campaign(visitor.tenant, campaign)
    if view is None:
        raise NotFoundError(f"there is no campaign {campaign}")
    wanted = Wanted(100, visitor.query.get("after") or None)
    found = await queries.targets(visitor.tenant, campaign, wanted)
    pager = pager_of(path_to("firmware", "campaigns", campaign), visitor.query, found.next)
    return await visitor.show(CampaignPage(view, found.items, pager))


@post("/firmware/campaigns/{campaign:str}/{decision:str}", opt=needs(Permission.COMMAND))
async def decide(visitor: Visiting, campaign: FromPath[str], decision: FromPath[str]) -> Html:
    if decision not in DECISIONS:
        raise NotFoundError(f"nothing called {decision} can be done")

    async def work(slices: Slices) -> None:
        campaigns = slices.campaigns
        acts = {"pause": campaigns.pause, "resume": campaigns.resume, "cancel": campaigns.cancel}
        await acts[decision](visitor.tenant, campaign, slices.now)
        visitor.audit(slices, f"campaign.{decision}", f"campaign:{campaign}")

    await visitor.carry_out(work)
    return visitor.lead_to(path_to("firmware", "campaigns", campaign))


HANDLERS = (
    firmware_page,
    image_form,
    add_image,
    withdraw,
    root_form,
    add_root,
    remove_root,
    campaign_form,
    begin,
    campaign_page,
    decide,
)


async def _form(visitor: Visitor, typed: Form, error: str | None = None) -> CampaignForm:
    queries = FirmwareQueries(visitor.database)
    images = (await queries.images(visitor.tenant, Wanted(LIMIT_MAX))).items
    fitting = await queries.candidates(visitor.tenant, selection_from(typed))
    return CampaignForm(
        tuple(image for image in images if image.withdrawn_at is None),
        await sites_of(visitor),
        dict(typed),
        len(fitting),
        error=error,
    )


def selection_from(typed: Form) -> Selection:
    return Selection(
        tuple(map(StationId, names_in(typed, "stations"))),
        text_in(typed, "vendor"),
        text_in(typed, "model"),
        text_in(typed, "firmware"),
        text_in(typed, "site"),
        None,
        text_in(typed, "q"),
        text_in(typed, "label"),
    )


def plan_from(form: Form) -> Plan:
    """
    Raises:
        InvalidError: a number is none.
    """
    usual = Plan()
    given: dict[str, Any] = {}
    for name in NUMBERS:
        given[name] = count_in(form, name, least=0)
    for name in MINUTES:
        minutes = count_in(form, name, least=0)
        given[name] = None if minutes is None else timedelta(minutes=minutes)
    typed = {name: value for name, value in given.items() if value is not None}
    spares = form.get("spare_charging") == "true"
    return replace(usual, **typed, spare_charging=spares).checked()

"""/security: events, certificates, networks, and the doctor."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

from litestar import get, post
from litestar.params import FromPath

from ricarica.access.model import Permission
from ricarica.certificates.model import WARN_BEFORE, AuthorityKeys, RootKind
from ricarica.certificates.queries import CertificateQueries
from ricarica.certificates.reading import terms_in
from ricarica.engine.diagnosis import Diagnosis
from ricarica.kernel.errors import ConflictError, InvalidError, NotFoundError
from ricarica.kernel.ids import EventId
from ricarica.kernel.slashes import name_in
from ricarica.security.model import INTERFACES, NetworkProfile, NetworkSecrets
from ricarica.security.queries import EventFilter, SecurityQueries
from ricarica.slices import Slices
from ricarica.stations.queries import StationQueries
from ricarica.storage.pages import Wanted
from ricarica.web.builders.lists import pager_of
from ricarica.web.builders.security import (
    certificate_row,
    event_row,
    finding_rows,
    network_row,
    root_row,
    stations_typed,
    typed_of,
)
from ricarica.web.sessions import needs
from ricarica.web.typed import Form, digits_in, needed_count_in, text_in
from ricarica.web.views.security import (
    ROOT_LABELS,
    AuthorityRow,
    CertificatesPage,
    DoctorPage,
    EventsFilter,
    EventsPage,
    NetworksPage,
    ProfileCount,
)
from ricarica.web.views.visit import Notice
from ricarica.web.visitor import Html, Visiting, Visitor

ON_A_PAGE = 50
IDS_MAX = 500
SECRET_MIN, SECRET_MAX = 16, 40


@get("/security", opt=needs(Permission.READ))
async def events_page(visitor: Visiting) -> Html:
    typed = EventsFilter(
        **{name: visitor.query.get(name, "").strip() for name in ("station", "kind", "show")}
    )
    queries, wanted = SecurityQueries(visitor.database), _wanted(visitor)
    which = EventFilter(
        typed.station or None,
        typed.kind or None,
        True if typed.show == "critical" else None,
        typed.show == "open",
    )
    events = await queries.events(visitor.tenant, which, wanted)
    counts = await StationQueries(visitor.database).profile_counts(visitor.tenant)
    expiring = await CertificateQueries(visitor.database).expiring_count(
        visitor.tenant, visitor.now + WARN_BEFORE
    )
    page = EventsPage(
        typed,
        tuple(map(event_row, events.items)),
        tuple(await queries.kinds(visitor.tenant)),
        pager_of("/security", visitor.query, events.next),
        tuple(ProfileCount(profile, count) for profile, count in counts),
        await queries.open_count(visitor.tenant),
        expiring,
    )
    return await visitor.show(page)


@post("/security/acknowledge", opt=needs(Permission.COMMAND))
async def acknowledge(visitor: Visiting) -> Html:
    """`ids` with commas in between."""
    typed = map(digits_in, visitor.form.get("ids", "").split(",")[:IDS_MAX])
    ids = [EventId(number) for number in typed if number is not None]

    async def seen(slices: Slices) -> None:
        count = await slices.security.acknowledge(
            visitor.tenant, ids, visitor.actor.name, slices.now
        )
        visitor.audit(slices, "security.acknowledge", "security", count=count)

    await visitor.carry_out(seen)
    return visitor.lead_to("/security", Notice.EVENTS_SEEN)


# -- certificates


@get("/security/certificates", opt=needs(Permission.READ))
async def certificates_page(visitor: Visiting) -> Html:
    return await visitor.show(await _certificates(visitor))


@post("/security/roots", opt=needs(Permission.EDIT_STATIONS))
async def add_root(visitor: Visiting) -> Html:
    form = visitor.form
    stations = stations_typed(form.get("stations", ""))

    async def add(slices: Slices) -> None:
        kind = _kind(form.get("kind", ""))
        root = await slices.trust.add(
            visitor.tenant, kind, form.get("pem", ""), slices.now, stations
        )
        visitor.audit(slices, "root.add", f"root:{root.id}", kind=kind, name=root.name)

    return await _attempt(visitor, add, "/security/certificates", Notice.ROOT_TRUSTED)


@post("/security/roots/{kind:str}/{root:str}/remove", opt=needs(Permission.EDIT_STATIONS))
async def remove_root(visitor: Visiting, kind: FromPath[str], root: FromPath[str]) -> Html:
    async def remove(slices: Slices) -> None:
        known = await slices.trust.get(visitor.tenant, _kind(kind), root)
        act = slices.trust.forget if known.is_unwanted else slices.trust.remove
        await act(visitor.tenant, known.kind, root)
        visitor.audit(slices, "root.remove", f"root:{root}", kind=kind)

    return await _attempt(visitor, remove, "/security/certificates", Notice.ROOT_REMOVED)


async def _certificates(visitor: Visitor) -> CertificatesPage:
    queries, wanted = CertificateQueries(visitor.database), _wanted(visitor)
    found = await queries.requests(visitor.tenant, wanted=wanted)
    authorities = await queries.authorities(visitor.tenant)
    return CertificatesPage(
        tuple(certificate_row(each, visitor.now) for each in found.items),
        pager_of("/security/certificates", visitor.query, found.next),
        tuple(root_row(each, visitor.now) for each in await queries.roots(visitor.tenant)),
        tuple(map(_authority, authorities)),
        tuple((kind.value, label) for kind, label in ROOT_LABELS.items()),
    )


def _authority(keys: AuthorityKeys) -> AuthorityRow:
    terms = terms_in(keys.chain)
    return AuthorityRow(keys.purpose, terms.name, terms.not_after, keys.chain)


# -- networks


@get("/security/networks", opt=needs(Permission.READ))
async def networks_page(visitor: Visiting) -> Html:
    return await visitor.show(await _networks(visitor))


@post("/security/networks", opt=needs(Permission.EDIT_STATIONS))
async def save_network(visitor: Visiting) -> Html:
    async def save(slices: Slices) -> None:
        profile = _profile_typed(visitor, visitor.form)
        known = await slices.networks.find(visitor.tenant, profile.name)
        if known is not None:  # what the form has no field for
            profile = replace(profile, apn=known.apn, vpn=known.vpn)
        await slices.networks.save(profile, _secrets_typed(visitor.form))
        visitor.audit(slices, "network-profile.save", f"network-profile:{profile.name}")

    return await _attempt(visitor, save, "/security/networks", Notice.NETWORK_SAVED)


@post("/security/networks/{name:str}/remove", opt=needs(Permission.EDIT_STATIONS))
async def remove_network(visitor: Visiting, name: FromPath[str]) -> Html:
    named = name_in(name)

    async def remove(slices: Slices) -> None:
        await slices.networks.remove(visitor.tenant, named)
        visitor.audit(slices, "network-profile.remove", f"network-profile:{named}")

    return await _attempt(visitor, remove, "/security/networks", Notice.NETWORK_REMOVED)


async def _networks(visitor: Visitor) -> NetworksPage:
    profiles = await SecurityQueries(visitor.database).profiles(visitor.tenant)
    chosen = visitor.query.get("name")
    known = next((each for each in profiles if each.name == chosen), None)
    return NetworksPage(tuple(map(network_row, profiles)), INTERFACES, typed_of(known))


def _profile_typed(visitor: Visitor, form: Form) -> NetworkProfile:
    return NetworkProfile(
        visitor.tenant,
        form.get("name", "").strip(),
        form.get("url", "").strip(),
        needed_count_in(form, "security_profile", least=0, most=3),
        visitor.house.now(),
        interface=form.get("interface", ""),
        message_timeout_s=needed_count_in(form, "message_timeout_s"),
        identity=text_in(form, "identity"),
    )


def _secrets_typed(form: Form) -> NetworkSecrets:
    password = form.get("password", "") or None
    if password is not None and not SECRET_MIN <= len(password) <= SECRET_MAX:
        raise InvalidError(f"a station's password has {SECRET_MIN} to {SECRET_MAX} characters")
    return NetworkSecrets(password=password)


# -- the doctor


@get("/security/doctor", opt=needs(Permission.READ))
async def doctor_page(visitor: Visiting) -> Html:
    identity = visitor.query.get("identity", "").strip()
    found = await examined(visitor, identity) if identity else None
    page = DoctorPage(
        found.identity if found else identity,
        bool(found and found.is_registered),
        finding_rows(found),
    )
    return await visitor.show(page)


async def examined(visitor: Visitor, identity: str) -> Diagnosis | None:
    doctor = visitor.house.engine.doctor
    return await doctor(visitor.tenant, identity) if doctor else None


HANDLERS = (
    events_page,
    acknowledge,
    certificates_page,
    add_root,
    remove_root,
    networks_page,
    save_network,
    remove_network,
    doctor_page,
)


def _wanted(visitor: Visitor) -> Wanted:
    return Wanted(ON_A_PAGE, visitor.query.get("after") or None)


def _kind(text: str) -> RootKind:
    if text not in set(RootKind):
        raise InvalidError("choose what the root is for")
    return RootKind(text)


async def _attempt(
    visitor: Visitor,
    work: Callable[[Slices], Awaitable[None]],
    back: str,
    done: Notice,
) -> Html:
    """Do it and lead back; or show the form again, with what is wrong."""
    try:
        await visitor.carry_out(work)
    except (InvalidError, ConflictError, NotFoundError) as error:
        page = await (_certificates if back.endswith("certificates") else _networks)(visitor)
        return await visitor.show(replace(page, typed=visitor.form, error=str(error)), 422)
    return visitor.lead_to(back, done)

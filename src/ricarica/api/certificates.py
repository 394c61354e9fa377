"""/certificates, /roots, /authorities: who may call themselves what, and who believes it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from litestar import delete, get, post, put
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from msgspec import Meta, Struct

from ricarica.access.model import Permission
from ricarica.api.caller import Asking, OfStation, once_only, require
from ricarica.api.commands import CommandReply, noted
from ricarica.api.gate import needs
from ricarica.api.replies import Instant, Page, PageWanted, page_from, page_of, zoned
from ricarica.certificates.authority import PURPOSE_OF_KEYS
from ricarica.certificates.commands import DeleteInstalled
from ricarica.certificates.model import (
    HashAlgorithm,
    HashData,
    Installed,
    InstalledKind,
    Purpose,
    RequestState,
    Root,
    RootKind,
    SigningRequest,
    hash_data,
)
from ricarica.certificates.queries import CertificateFilter, CertificateQueries
from ricarica.certificates.reading import terms_in
from ricarica.engine.security_orders import list_certificates
from ricarica.engine.upkeeps import RENEWED_BY
from ricarica.kernel.errors import InvalidError
from ricarica.slices import Slices
from ricarica.stations.commands import Trigger

PEM_LENGTH_MAX = 20_000
Pem = Annotated[str, Meta(max_length=PEM_LENGTH_MAX)]
OF_STATION = "/stations/{identity:str}/certificates"


class CertificateReply(Struct, frozen=True):
    """`chain` is PEM, its own first, without the root; null until it was signed."""

    id: str
    station: str
    purpose: Purpose
    state: RequestState
    asked_at: datetime
    serial: str | None
    not_before: datetime | None
    not_after: datetime | None
    detail: str | None
    chain: str | None


class HashesBody(Struct, frozen=True, forbid_unknown_fields=True):
    """As the station reported them. Hex."""

    algorithm: HashAlgorithm
    issuer_name: str
    issuer_key: str
    serial: str


class InstalledReply(Struct, frozen=True):
    """`root`: the one of ours that this is."""

    kind: InstalledKind
    hashes: HashesBody
    root: str | None


class StationCertificatesReply(Struct, frozen=True):
    """`installed` is what the station said at `listed_at`; null: it was never asked."""

    own: list[CertificateReply]
    installed: list[InstalledReply]
    listed_at: datetime | None


class RenewBody(Struct, frozen=True, forbid_unknown_fields=True):
    purpose: Purpose = Purpose.STATION


class DeleteBody(Struct, frozen=True, forbid_unknown_fields=True):
    """`force` deletes even the last root by which the station knows us."""

    hashes: HashesBody
    force: bool = False


class RootReply(Struct, frozen=True):
    """`stations`: where it belongs; null: everywhere. `is_unwanted`: is deleted from them."""

    id: str
    kind: RootKind
    name: str
    not_before: datetime
    not_after: datetime
    stations: list[str] | None
    is_unwanted: bool
    pem: str


class RootBody(Struct, frozen=True, forbid_unknown_fields=True):
    kind: RootKind
    pem: Pem
    stations: list[str] | None = None


class AuthorityReply(Struct, frozen=True):
    """`chain`: PEM, the one that signs first. The key stays where it is."""

    purpose: str
    name: str
    not_after: datetime
    chain: str


class AuthorityBody(Struct, frozen=True, forbid_unknown_fields=True):
    """PEM; the key without a password. It is sealed before it is kept."""

    chain: Pem
    key: Pem


@get("/certificates", opt=needs(Permission.READ), tags=["Certificates"])
async def list_certificates_of_all(
    caller: Asking,
    page: PageWanted,
    of_station: OfStation,
    status: FromQuery[RequestState | None] = None,
    expires_before: Annotated[
        Instant | None, QueryParameter(description="Those that were issued and end before.")
    ] = None,
) -> Page[CertificateReply]:
    """Certificates that stations asked for, the latest first."""
    zoned(expires_before=expires_before)
    filter_ = CertificateFilter(of_station, status, expires_before)
    rows = await CertificateQueries(caller.database).requests(caller.tenant, filter_, page)
    return page_from(rows, _certificate)


@get(OF_STATION, opt=needs(Permission.READ), tags=["Certificates"])
async def station_certificates(caller: Asking, identity: FromPath[str]) -> StationCertificatesReply:
    """What a station has of its own, and whom it trusts, as far as it has told."""
    key = await caller.station(identity)
    queries = CertificateQueries(caller.database)
    own = await queries.requests(caller.tenant, CertificateFilter(key.station))
    store, roots = await queries.trust_store(key), await queries.roots(caller.tenant)
    return StationCertificatesReply(
        [_certificate(each) for each in own.items],
        [_installed(each, roots) for each in (store.installed if store else ())],
        store.listed_at if store else None,
    )


@post(f"{OF_STATION}/renew", status_code=200, opt=needs(Permission.COMMAND), tags=["Certificates"])
@once_only
async def renew_certificate(
    caller: Asking, identity: FromPath[str], data: JSONBody[RenewBody]
) -> CommandReply:
    """A02: ask a station for a new key; its certificate follows by itself."""
    key = await caller.station(identity)
    result = await caller.tell(key, Trigger(RENEWED_BY[data.purpose]))
    return await noted(caller, key, "certificate.renew", result, {"purpose": data.purpose.value})


@post(f"{OF_STATION}/list", status_code=200, opt=needs(Permission.COMMAND), tags=["Certificates"])
@once_only
async def ask_for_certificates(caller: Asking, identity: FromPath[str]) -> CommandReply:
    """M03: ask a station anew which certificates it has."""
    key = await caller.station(identity)
    station = await caller.carry_out(lambda slices: slices.stations.get(key))
    result = await list_certificates(caller.tell, key, station.dialect)
    return await noted(caller, key, "certificate.list", result, {})


@post(
    f"{OF_STATION}/delete",
    status_code=200,
    opt=needs(Permission.EDIT_STATIONS),
    tags=["Certificates"],
)
@once_only
async def delete_certificate(
    caller: Asking, identity: FromPath[str], data: JSONBody[DeleteBody]
) -> CommandReply:
    """M04: delete one that the station has reported."""
    key, hashes = await caller.station(identity), _hashes(data.hashes)
    if not data.force:
        await caller.carry_out(lambda slices: slices.trust.check_deletion(key, hashes))
    result = await caller.tell(key, DeleteInstalled(hashes))
    return await noted(caller, key, "certificate.delete", result, {"serial": hashes.serial})


@post(
    f"{OF_STATION}/{{certificate:str}}/revoke",
    status_code=200,
    opt=needs(Permission.EDIT_STATIONS),
    tags=["Certificates"],
)
@once_only
async def revoke_certificate(
    caller: Asking, identity: FromPath[str], certificate: FromPath[str]
) -> CertificateReply:
    """From now on nobody comes in by it. A station that is connected has to come anew."""
    key = await caller.station(identity)

    async def revoke(slices: Slices) -> SigningRequest:
        revoked = await slices.certificates.revoke(key, certificate)
        caller.audit(slices, "certificate.revoke", f"station:{key.station}", serial=revoked.serial)
        return revoked

    return _certificate(await caller.carry_out(revoke))


@get("/roots", opt=needs(Permission.READ), tags=["Certificates"])
async def list_roots(caller: Asking) -> Page[RootReply]:
    """Roots that stations ought to trust, or to forget."""
    return page_of(map(_root, await CertificateQueries(caller.database).roots(caller.tenant)))


@post("/roots", opt=needs(Permission.EDIT_STATIONS), tags=["Certificates"])
@once_only
async def add_root(caller: Asking, data: JSONBody[RootBody]) -> RootReply:
    """Have stations trust a root: these, or all. Those connected are told at once."""

    async def add(slices: Slices) -> Root:
        root = await slices.trust.add(caller.tenant, data.kind, data.pem, slices.now, data.stations)
        caller.audit(slices, "root.add", f"root:{root.id}", kind=root.kind, name=root.name)
        return root

    return _root(await caller.carry_out(add))


@delete("/roots/{kind:str}/{root:str}", opt=needs(Permission.EDIT_STATIONS), tags=["Certificates"])
async def remove_root(
    caller: Asking,
    kind: FromPath[str],
    root: FromPath[str],
    *,
    forget: Annotated[
        bool, QueryParameter(description="Leave it on the stations; only we forget it.")
    ] = False,
) -> None:
    """Have a root deleted from stations. It stays in the list until it is forgotten."""
    if kind not in set(RootKind):
        raise InvalidError(f"a root is for {', '.join(RootKind)}, not for {kind}")

    async def remove(slices: Slices) -> None:
        act = slices.trust.forget if forget else slices.trust.remove
        await act(caller.tenant, RootKind(kind), root)
        caller.audit(slices, "root.remove", f"root:{root}", kind=kind, forget=forget)

    await caller.carry_out(remove)


@get("/authorities/{purpose:str}", opt=needs(Permission.READ), tags=["Certificates"])
async def get_authority(caller: Asking, purpose: FromPath[str]) -> AuthorityReply:
    """The authority of ours that signs for station or v2g. 404 until it has signed."""
    every = await CertificateQueries(caller.database).authorities(caller.tenant)
    found = require(
        next((each for each in every if each.purpose == purpose), None), f"authority {purpose}"
    )
    return _authority(found.purpose, found.chain)


@put("/authorities/{purpose:str}", opt=needs(Permission.ADMINISTER), tags=["Certificates"])
async def keep_authority(
    caller: Asking, purpose: FromPath[str], data: JSONBody[AuthorityBody]
) -> AuthorityReply:
    """From now on, this one signs. What the one before signed stays good."""
    if purpose not in PURPOSE_OF_KEYS.values():
        raise InvalidError(f"an authority signs for station or v2g, not for {purpose}")

    async def keep(slices: Slices) -> None:
        await slices.certificates.keep_authority(
            caller.tenant, purpose, data.chain, data.key.encode(), slices.now
        )
        caller.audit(slices, "authority.keep", f"authority:{purpose}")

    await caller.carry_out(keep)
    return _authority(purpose, data.chain)


HANDLERS = (
    list_certificates_of_all,
    station_certificates,
    renew_certificate,
    ask_for_certificates,
    delete_certificate,
    revoke_certificate,
    list_roots,
    add_root,
    remove_root,
    get_authority,
    keep_authority,
)


def _certificate(request: SigningRequest) -> CertificateReply:
    return CertificateReply(
        request.id,
        request.station.station,
        request.purpose,
        request.state,
        request.received_at,
        request.serial,
        request.not_before,
        request.not_after,
        request.detail,
        request.chain,
    )


def _installed(installed: Installed, roots: Sequence[Root]) -> InstalledReply:
    hashes = installed.hashes
    known = next((root for root in roots if is_root(installed, root)), None)
    body = HashesBody(hashes.algorithm, hashes.issuer_name, hashes.issuer_key, hashes.serial)
    return InstalledReply(installed.kind, body, known.name if known else None)


def is_root(installed: Installed, root: Root) -> bool:
    """By its number, which is random enough to tell them apart on a screen."""
    return (
        installed.kind.value == root.kind.value
        and terms_in(root.pem).serial.lstrip("0") == installed.hashes.serial
    )


def _hashes(body: HashesBody) -> HashData:
    return hash_data(body.algorithm, body.issuer_name, body.issuer_key, body.serial)


def _root(root: Root) -> RootReply:
    return RootReply(
        root.id,
        root.kind,
        root.name,
        root.not_before,
        root.not_after,
        None if root.stations is None else list(root.stations),
        root.is_unwanted,
        root.pem,
    )


def _authority(purpose: str, chain: str) -> AuthorityReply:
    terms = terms_in(chain)
    return AuthorityReply(purpose, terms.name, terms.not_after, chain)

"""/security, /network-profiles, and the security of a station."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated

from litestar import delete, get, post, put
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from msgspec import Meta, Struct

from ricarica.access.model import Permission
from ricarica.api.caller import Asking, Caller, OfStation, once_only, require
from ricarica.api.commands import CommandReply, noted
from ricarica.api.gate import needs
from ricarica.api.replies import NumberInPath, Page, PageWanted, ShortText, page_from, page_of
from ricarica.engine import security_orders
from ricarica.kernel.ids import EventId
from ricarica.security.model import (
    Apn,
    Move,
    MoveState,
    NetworkProfile,
    NetworkSecrets,
    SecurityEvent,
    Slot,
    StationNetworks,
    Vpn,
)
from ricarica.security.queries import EventFilter, SecurityQueries
from ricarica.slices import Slices
from ricarica.storage.pages import id_in

AT_ONCE_MAX = 500
NETWORKS = "/stations/{identity:str}/networks"


class SecurityEventReply(Struct, frozen=True):
    """`at` is the station's own time. `id` is text: it has more digits than a float."""

    id: str
    station: str
    kind: str
    at: datetime
    received_at: datetime
    info: str
    is_critical: bool
    acknowledged_at: datetime | None
    acknowledged_by: str | None


class AcknowledgeBody(Struct, frozen=True, forbid_unknown_fields=True):
    ids: Annotated[list[str], Meta(min_length=1, max_length=AT_ONCE_MAX)]


class AcknowledgedReply(Struct, frozen=True):
    acknowledged: int


class ProfileBody(Struct, frozen=True, forbid_unknown_fields=True):
    """`slot`: of the network profile to move to; 1.6 has a key for it, and no slots.

    `force` goes on though something seems to be missing.
    """

    profile: Annotated[int, Meta(ge=1, le=3)]
    slot: int | None = None
    force: bool = False


class NetworkProfileReply(Struct, frozen=True):
    """Secrets are not shown; `has_secrets` says whether there are any."""

    name: str
    url: str
    security_profile: int
    interface: str
    message_timeout_s: int
    identity: str | None
    apn: Apn | None
    vpn: Vpn | None
    has_secrets: bool
    revised_at: datetime


class NetworkProfileBody(Struct, frozen=True, forbid_unknown_fields=True):
    """A secret that is left out stays as it is."""

    url: str
    security_profile: Annotated[int, Meta(ge=0, le=3)]
    interface: str = "Any"
    message_timeout_s: int = 30
    identity: ShortText | None = None
    apn: Apn | None = None
    vpn: Vpn | None = None
    password: Annotated[str, Meta(min_length=16, max_length=40)] | None = None
    apn_password: Annotated[str, Meta(max_length=20)] | None = None
    sim_pin: int | None = None
    vpn_password: Annotated[str, Meta(max_length=20)] | None = None
    vpn_key: Annotated[str, Meta(max_length=255)] | None = None


class NetworkSlotReply(Struct, frozen=True):
    """`told_at`: when the station took it as it is now; `problem`: why it did not."""

    slot: int
    profile: str
    told_at: datetime | None
    problem: str | None


class MoveReply(Struct, frozen=True):
    slot: int
    state: MoveState
    began_at: datetime
    until: datetime | None
    detail: str | None


class NetworksReply(Struct, frozen=True):
    """`order` and `active` as the station said at `read_at`."""

    slots: list[NetworkSlotReply]
    order: list[int]
    active: int | None
    read_at: datetime | None
    move: MoveReply | None


class NetworkSlotBody(Struct, frozen=True, forbid_unknown_fields=True):
    profile: str


class MoveBody(Struct, frozen=True, forbid_unknown_fields=True):
    """`leaves`: it goes to another server, and is not to come back."""

    leaves: bool = False


@get("/security/events", opt=needs(Permission.READ), tags=["Security"])
async def list_security_events(
    caller: Asking,
    page: PageWanted,
    of_station: OfStation,
    kind: FromQuery[str | None] = None,
    critical: FromQuery[bool | None] = None,
    *,
    unseen: Annotated[
        bool, QueryParameter(description="Only critical ones that nobody has looked at.")
    ] = False,
) -> Page[SecurityEventReply]:
    """A04: what stations saw of attacks and of changes, the latest first."""
    filter_ = EventFilter(of_station, kind, critical, unseen)
    rows = await SecurityQueries(caller.database).events(caller.tenant, filter_, page)
    return page_from(rows, _event)


@post(
    "/security/events/acknowledge",
    status_code=200,
    opt=needs(Permission.COMMAND),
    tags=["Security"],
)
@once_only
async def acknowledge_security_events(
    caller: Asking, data: JSONBody[AcknowledgeBody]
) -> AcknowledgedReply:
    """Somebody has looked at them."""
    ids = [EventId(id_) for each in data.ids if (id_ := id_in(each)) is not None]

    async def acknowledge(slices: Slices) -> int:
        done = await slices.security.acknowledge(caller.tenant, ids, caller.actor.name, slices.now)
        caller.audit(slices, "security.acknowledge", "security", count=done)
        return done

    return AcknowledgedReply(await caller.carry_out(acknowledge))


@post(
    "/stations/{identity:str}/password",
    status_code=200,
    opt=needs(Permission.EDIT_STATIONS),
    tags=["Security"],
)
@once_only
async def change_password(caller: Asking, identity: FromPath[str]) -> CommandReply:
    """A01: give a station a new random password. The old one holds until it has used it."""
    key = await caller.station(identity)
    result = await security_orders.change_password(caller.carry_out, caller.tell, key)
    return await noted(caller, key, "password", result, {})


@post(
    "/stations/{identity:str}/security-profile",
    status_code=200,
    opt=needs(Permission.EDIT_STATIONS),
    tags=["Security"],
)
@once_only
async def raise_security_profile(
    caller: Asking, identity: FromPath[str], data: JSONBody[ProfileBody]
) -> CommandReply:
    """A05: lead a station to a higher security profile. 409 says what is missing."""
    key = await caller.station(identity)
    result = await security_orders.raise_profile(
        caller.carry_out,
        caller.tell,
        key,
        data.profile,
        slot=data.slot,
        force=data.force,
    )
    return await noted(caller, key, "security-profile", result, {"profile": data.profile})


# -- networks


@get("/network-profiles", opt=needs(Permission.READ), tags=["Networks"])
async def list_network_profiles(caller: Asking) -> Page[NetworkProfileReply]:
    """Ways by which stations reach a server, by name."""
    every = await SecurityQueries(caller.database).profiles(caller.tenant)
    return page_of(map(_profile, every))


@put("/network-profiles/{name:str}", opt=needs(Permission.EDIT_STATIONS), tags=["Networks"])
async def save_network_profile(
    caller: Asking, name: FromPath[str], data: JSONBody[NetworkProfileBody]
) -> NetworkProfileReply:
    """Add one, or change it as a whole; stations that have it in a slot are told. B09"""

    async def save(slices: Slices) -> NetworkProfile:
        saved = await slices.networks.save(
            _profile_from(caller, name, data, slices.now), _secrets_from(data)
        )
        caller.audit(slices, "network-profile.save", f"network-profile:{name}", url=saved.url)
        return saved

    return _profile(await caller.carry_out(save))


@delete("/network-profiles/{name:str}", opt=needs(Permission.EDIT_STATIONS), tags=["Networks"])
async def remove_network_profile(caller: Asking, name: FromPath[str]) -> None:
    """409 while a station has it in a slot."""

    async def remove(slices: Slices) -> None:
        await slices.networks.remove(caller.tenant, name)
        caller.audit(slices, "network-profile.remove", f"network-profile:{name}")

    await caller.carry_out(remove)


@get(NETWORKS, opt=needs(Permission.READ), tags=["Networks"])
async def get_networks(caller: Asking, identity: FromPath[str]) -> NetworksReply:
    """The slots of a station, and whether it is on its way to another one."""
    key = await caller.station(identity)
    return _networks(await SecurityQueries(caller.database).networks(key))


@put(f"{NETWORKS}/{{slot:int}}", opt=needs(Permission.EDIT_STATIONS), tags=["Networks"])
async def assign_network(
    caller: Asking, identity: FromPath[str], slot: NumberInPath, data: JSONBody[NetworkSlotBody]
) -> NetworksReply:
    """B09: what ought to be in a slot. The station is told when it is there."""
    key = await caller.station(identity)

    async def assign(slices: Slices) -> StationNetworks:
        require(await slices.networks.get(caller.tenant, data.profile), "profile")
        caller.audit(slices, "network.assign", f"station:{key.station}", slot=slot)
        return await slices.networks.assign(key, slot, data.profile)

    return _networks(await caller.carry_out(assign))


@delete(
    f"{NETWORKS}/{{slot:int}}",
    status_code=200,
    opt=needs(Permission.EDIT_STATIONS),
    tags=["Networks"],
)
async def release_network(
    caller: Asking, identity: FromPath[str], slot: NumberInPath
) -> NetworksReply:
    """Leave a slot as it is from now on."""
    key = await caller.station(identity)

    async def release(slices: Slices) -> StationNetworks:
        caller.audit(slices, "network.release", f"station:{key.station}", slot=slot)
        return await slices.networks.assign(key, slot, None)

    return _networks(await caller.carry_out(release))


@post(
    f"{NETWORKS}/{{slot:int}}/move",
    status_code=200,
    opt=needs(Permission.EDIT_STATIONS),
    tags=["Networks"],
)
@once_only
async def move_station(
    caller: Asking, identity: FromPath[str], slot: NumberInPath, data: JSONBody[MoveBody]
) -> NetworksReply:
    """B10: lead a station to another slot. If it comes back by the old one, that stays."""
    key = await caller.station(identity)

    async def begin(slices: Slices) -> StationNetworks:
        caller.audit(slices, "network.move", f"station:{key.station}", slot=slot)
        return await slices.networks.begin_move(key, slot, slices.now, leaves=data.leaves)

    return _networks(await caller.carry_out(begin))


@post(
    f"{NETWORKS}/give-up", status_code=200, opt=needs(Permission.EDIT_STATIONS), tags=["Networks"]
)
@once_only
async def give_up_moving(caller: Asking, identity: FromPath[str]) -> NetworksReply:
    """Leave the station where it is; what was changed there is changed back."""
    key = await caller.station(identity)

    async def give_up(slices: Slices) -> StationNetworks:
        caller.audit(slices, "network.give-up", f"station:{key.station}")
        return await slices.networks.give_up(key)

    return _networks(await caller.carry_out(give_up))


HANDLERS = (
    list_security_events,
    acknowledge_security_events,
    change_password,
    raise_security_profile,
    list_network_profiles,
    save_network_profile,
    remove_network_profile,
    get_networks,
    assign_network,
    release_network,
    move_station,
    give_up_moving,
)


def _event(event: SecurityEvent) -> SecurityEventReply:
    return SecurityEventReply(
        str(event.id),
        event.station.station,
        event.kind,
        event.at,
        event.received_at,
        event.info,
        event.is_critical,
        event.acknowledged_at,
        event.acknowledged_by,
    )


def _profile(profile: NetworkProfile) -> NetworkProfileReply:
    return NetworkProfileReply(
        profile.name,
        profile.url,
        profile.security_profile,
        profile.interface,
        profile.message_timeout_s,
        profile.identity,
        profile.apn,
        profile.vpn,
        profile.sealed is not None,
        profile.revised_at,
    )


def _profile_from(
    caller: Caller, name: str, body: NetworkProfileBody, at: datetime
) -> NetworkProfile:
    profile = NetworkProfile(caller.tenant, name, body.url, body.security_profile, at)
    return replace(
        profile,
        interface=body.interface,
        message_timeout_s=body.message_timeout_s,
        identity=body.identity,
        apn=body.apn,
        vpn=body.vpn,
    )


def _secrets_from(body: NetworkProfileBody) -> NetworkSecrets:
    return NetworkSecrets(
        body.password, body.apn_password, body.sim_pin, body.vpn_password, body.vpn_key
    )


def _networks(networks: StationNetworks) -> NetworksReply:
    return NetworksReply(
        [_slot(each) for _, each in sorted(networks.slots.items())],
        list(networks.order),
        networks.active,
        networks.read_at,
        _move(networks.move) if networks.move else None,
    )


def _slot(slot: Slot) -> NetworkSlotReply:
    return NetworkSlotReply(slot.number, slot.profile, slot.told_at, slot.problem)


def _move(move: Move) -> MoveReply:
    return MoveReply(move.slot, move.state, move.began_at, move.until, move.detail)

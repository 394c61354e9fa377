"""By which ways stations reach a server, and how they are led to another one. B09, B10"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

import msgspec

from ricarica.kernel.errors import ConflictError, InvalidError, NotFoundError
from ricarica.kernel.events import Outgoing
from ricarica.kernel.ids import StationKey, TenantId
from ricarica.security.commands import (
    ReadNetworks,
    RestartForNetwork,
    SetNetwork,
    SetNetworkOrder,
)
from ricarica.security.events import NetworksChanged, StationMoved, StationMoveFailed
from ricarica.security.facts import NetworksRead
from ricarica.security.model import (
    MOVE_TAKES_MAX,
    PROFILES_MAX,
    SLOT_MAX,
    UNDER_WAY,
    Move,
    MoveState,
    NetworkProfile,
    NetworkSecrets,
    Slot,
    StationNetworks,
    checked_profile,
)
from ricarica.security.ports import SecurityStore, Vault
from ricarica.stations.commands import BringInStep
from ricarica.stations.model import Station
from ricarica.stations.service import StationService

IN_STEP = "network_profiles"  # the kind of upkeep
STEP = ReadNetworks | SetNetwork | SetNetworkOrder | RestartForNetwork


class NetworkService:
    def __init__(
        self, store: SecurityStore, stations: StationService, outgoing: Outgoing, vault: Vault
    ) -> None:
        self._store = store
        self._stations = stations
        self._announce = outgoing.announce
        self._tell = outgoing.tell
        self._vault = vault

    # -- profiles, for any number of stations

    async def find(self, tenant: TenantId, name: str) -> NetworkProfile | None:
        return await self._store.profile(tenant, name)

    async def get(self, tenant: TenantId, name: str) -> NetworkProfile:
        profile = await self._store.profile(tenant, name)
        if profile is None:
            raise NotFoundError(f"there is no network profile {name}")
        return profile

    async def save(self, profile: NetworkProfile, secrets: NetworkSecrets) -> NetworkProfile:
        """Add one, or change it as a whole; secrets that are None stay as they are.

        Stations that have it in a slot are told.
        """
        known = await self._store.profile(profile.tenant, profile.name)
        if known is None and len(await self._store.profiles(profile.tenant)) >= PROFILES_MAX:
            raise ConflictError(f"there are {PROFILES_MAX} network profiles already; remove some")
        kept = _merged(self._secrets_of(known), secrets)
        if profile.vpn is not None and (kept.vpn_password is None or kept.vpn_key is None):
            raise InvalidError("a VPN needs vpn_password and vpn_key")
        saved = checked_profile(replace(profile, sealed=self._sealed(kept)))
        self._store.save_profile(saved)
        self._announce(NetworksChanged())
        for networks in await self._users_of(profile.tenant, profile.name):
            self._tell(networks.station, BringInStep(IN_STEP))
        return saved

    async def remove(self, tenant: TenantId, name: str) -> None:
        """
        Raises:
            ConflictError: a station has it in a slot.
        """
        profile = await self.get(tenant, name)
        if users := await self._users_of(tenant, name):
            first = users[0].station.station
            raise ConflictError(f"{len(users)} stations use it, {first} among them")
        self._store.remove_profile(profile)
        self._announce(NetworksChanged())

    async def _users_of(self, tenant: TenantId, name: str) -> list[StationNetworks]:
        return [
            networks
            for networks in await self._store.all_networks(tenant)
            if any(slot.profile == name for slot in networks.slots.values())
        ]

    def _sealed(self, secrets: NetworkSecrets) -> bytes | None:
        if secrets == NetworkSecrets():
            return None
        return self._vault.seal(msgspec.json.encode(secrets))

    def _secrets_of(self, profile: NetworkProfile | None) -> NetworkSecrets:
        if profile is None or profile.sealed is None:
            return NetworkSecrets()
        return msgspec.json.decode(self._vault.open(profile.sealed), type=NetworkSecrets)

    # -- the slots of a station

    async def of(self, station: StationKey) -> StationNetworks:
        return await self._store.networks(station) or StationNetworks(station)

    async def assign(self, station: StationKey, slot: int, profile: str | None) -> StationNetworks:
        """What ought to be in a slot; None: it is left as it is.

        Raises:
            ConflictError: the station is connected over it.
        """
        await self._stations.get(station)
        networks = await self.of(station)
        if slot not in range(SLOT_MAX + 1):
            raise InvalidError(f"a slot is a number from 0 to {SLOT_MAX}, not {slot}")
        slots = dict(networks.slots)
        if profile is None:
            slots.pop(slot, None)
        else:
            await self.get(station.tenant, profile)
            if networks.active == slot:
                raise ConflictError(f"it is connected over slot {slot}; choose another one")
            slots[slot] = Slot(slot, profile)
        return self._save(replace(networks, slots=slots), tells=True)

    async def begin_move(
        self,
        station: StationKey,
        slot: int,
        at: datetime,
        *,
        leaves: bool = False,
        raises_to: int | None = None,
        raised_before: int | None = None,
    ) -> StationNetworks:
        """Lead the station to a slot that was assigned.

        Args:
            leaves: It is to go to another server, and not to come back.
            raises_to: The security profile that it is to come by then.
            raised_before: What it may come by already, and still may if the move fails.

        Raises:
            ConflictError: it is on its way somewhere already, or is there.
        """
        networks = await self.of(station)
        if slot not in networks.slots:
            raise NotFoundError(f"nothing is to be in slot {slot}; assign a network profile first")
        if networks.move and networks.move.state in UNDER_WAY:
            raise ConflictError(f"it is on its way to slot {networks.move.slot}")
        if networks.active == slot:
            raise ConflictError(f"it is connected over slot {slot} already")
        move = Move(
            slot,
            MoveState.PREPARING,
            at,
            leaves=leaves,
            raises_to=raises_to,
            raised_before=raised_before,
        )
        return self._save(replace(networks, move=move), tells=True)

    async def give_up(self, station: StationKey) -> StationNetworks:
        """Not to be moved any more; what was changed at the station is changed back."""
        networks = await self.of(station)
        move = networks.move
        if move is None or move.state not in UNDER_WAY:
            raise ConflictError("it is not on its way anywhere")
        return self._save(await self._turned_back(networks, move, "given up"), tells=True)

    # -- what the station answered

    async def was_set(
        self, station: StationKey, said: SetNetwork, at: datetime, refused_for: str | None
    ) -> None:
        networks = await self.of(station)
        slot = networks.slots.get(said.slot)
        if slot is None or slot.profile != said.profile.name:
            return
        if refused_for is None:
            told = replace(slot, told=said.profile.revision, told_at=at, problem=None)
        else:
            told = replace(slot, problem=refused_for)
        self._save(replace(networks, slots={**networks.slots, said.slot: told}))

    async def was_read(self, told: NetworksRead) -> None:
        networks = await self.of(told.station)
        networks = replace(
            networks,
            order=networks.order if told.order is None else told.order,
            active=networks.active if told.active is None else told.active,
            read_at=told.at,
        )
        move = networks.move
        if move is not None and move.state is MoveState.AWAY:
            station = await self._stations.get(told.station)
            if station.epoch > move.epoch:
                networks = await self._judged(networks, move)
        self._save(networks)

    async def order_was_set(
        self, station: StationKey, order: tuple[int, ...], refused_for: str | None
    ) -> None:
        networks = await self.of(station)
        move = networks.move
        if refused_for is None:
            networks = replace(networks, order=order)
        if move is not None and move.state is MoveState.PREPARING:
            networks = replace(networks, move=await self._ordered(station, move, refused_for))
        elif move is not None and move.state is MoveState.ROLLING_BACK:
            detail = move.detail if refused_for is None else f"{move.detail}; {refused_for}"
            state = MoveState.ROLLED_BACK if refused_for is None else MoveState.FAILED
            networks = replace(networks, move=replace(move, state=state, detail=detail))
        self._save(networks)

    async def restarts(self, station: StationKey, at: datetime, refused_for: str | None) -> None:
        networks = await self.of(station)
        move = networks.move
        if move is None or move.state is not MoveState.RESTARTING:
            return
        if refused_for is not None:
            turned = await self._turned_back(networks, move, refused_for)
            self._save(turned, tells=True)
            return
        epoch = (await self._stations.get(station)).epoch
        away = replace(move, state=MoveState.AWAY, epoch=epoch, until=at + MOVE_TAKES_MAX)
        self._save(replace(networks, move=away))

    async def is_missed(self, station: StationKey, at: datetime) -> None:
        """It should have been back by now."""
        networks = await self.of(station)
        move = networks.move
        if move is None or move.state is not MoveState.AWAY or move.until is None:
            return
        known = await self._stations.get(station)
        if at < move.until or known.epoch > move.epoch:
            return
        if move.leaves and not known.connected:
            self._announce(StationMoved(station, move.slot))
            self._save(replace(networks, move=replace(move, state=MoveState.LEFT)))
        elif known.connected:  # somebody charges, and it waits for that
            later = replace(move, until=at + MOVE_TAKES_MAX)
            self._save(replace(networks, move=later))
        else:
            self._fail(station, move, why := "it has not come back")
            self._save(replace(networks, move=replace(move, state=MoveState.LOST, detail=why)))

    async def _ordered(self, station: StationKey, move: Move, refused_for: str | None) -> Move:
        if refused_for is None:
            return replace(move, state=MoveState.RESTARTING)
        self._fail(station, move, refused_for)
        await self._profile_of_before(station, move)
        return replace(move, state=MoveState.FAILED, detail=refused_for)

    async def _judged(self, networks: StationNetworks, move: Move) -> StationNetworks:
        """It is back: by the way it was to take?"""
        if networks.active == move.slot and not move.leaves:
            self._announce(StationMoved(networks.station, move.slot))
            return replace(networks, move=replace(move, state=MoveState.ARRIVED))
        why = f"it came back over slot {networks.active}"
        return await self._turned_back(networks, move, why)

    async def _turned_back(
        self, networks: StationNetworks, move: Move, why: str
    ) -> StationNetworks:
        self._fail(networks.station, move, why)
        await self._profile_of_before(networks.station, move)
        was_ordered = move.state is not MoveState.PREPARING
        state = MoveState.ROLLING_BACK if was_ordered and move.old_order else MoveState.FAILED
        return replace(networks, move=replace(move, state=state, detail=why))

    async def _profile_of_before(self, station: StationKey, move: Move) -> None:
        if move.raises_to is not None:
            await self._stations.expect_profile(station, move.raised_before)

    def _fail(self, station: StationKey, move: Move, why: str) -> None:
        self._announce(StationMoveFailed(station, move.slot, why))

    # -- what is missing

    async def next_step(self, key: StationKey) -> STEP | None:
        networks = await self._store.networks(key)
        if networks is None:
            return None
        if networks.slots and networks.read_at is None:
            return ReadNetworks()
        for slot in networks.slots.values():
            if (step := await self._setting(networks, slot)) is not None:
                return step
        if networks.move is None:
            return None
        return await self._moving(networks, networks.move, await self._stations.get(key))

    async def _setting(self, networks: StationNetworks, slot: Slot) -> SetNetwork | None:
        profile = await self._store.profile(networks.station.tenant, slot.profile)
        if profile is None or slot.told == profile.revision:
            return None
        if slot.number == networks.active:
            return None  # what is in use is not changed under its feet
        return SetNetwork(slot.number, profile, self._secrets_of(profile))

    async def _moving(self, networks: StationNetworks, move: Move, station: Station) -> STEP | None:
        match move.state:
            case MoveState.PREPARING:
                if networks.read_at is None or networks.read_at < move.began_at:
                    return ReadNetworks()
                if not move.old_order:
                    move = replace(move, old_order=_order_now(networks))
                    self._save(replace(networks, move=move))
                return SetNetworkOrder((move.slot, *(n for n in move.old_order if n != move.slot)))
            case MoveState.RESTARTING:
                return RestartForNetwork()
            case MoveState.AWAY if station.epoch > move.epoch:
                return ReadNetworks()
            case MoveState.ROLLING_BACK:
                return SetNetworkOrder(move.old_order)
            case _:
                return None

    def _save(self, networks: StationNetworks, *, tells: bool = False) -> StationNetworks:
        self._store.save_networks(networks)
        self._announce(NetworksChanged(networks.station))
        if tells:
            self._tell(networks.station, BringInStep(IN_STEP))
        return networks


def _order_now(networks: StationNetworks) -> tuple[int, ...]:
    """As the station said; at least the slot by which it is here."""
    active = () if networks.active is None else (networks.active,)
    return networks.order or active


def _merged(known: NetworkSecrets, given: NetworkSecrets) -> NetworkSecrets:
    kept: Mapping[str, object] = {
        name: new if (new := getattr(given, name)) is not None else getattr(known, name)
        for name in NetworkSecrets.__slots__
    }
    return replace(known, **kept)  # type: ignore[arg-type]  # each is of its own member

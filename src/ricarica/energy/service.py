"""Charging profiles, limits of others, and what cars ask for."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, tzinfo
from itertools import count

from msgspec.structs import replace

from ricarica.configuration.service import ConfigurationService
from ricarica.energy.abilities import Abilities, abilities_from, names_at
from ricarica.energy.commands import (
    AskProfiles,
    ClearProfiles,
    SetProfile,
    UpdateDynamic,
)
from ricarica.energy.composite import Occasion, Placed
from ricarica.energy.events import (
    ChargingLimitChanged,
    ChargingProfileChanged,
    ChargingProfilesReported,
    CompositeTold,
    PriorityChargingChanged,
)
from ricarica.energy.evses import Composite, EvseEnergy
from ricarica.energy.facts import (
    LimitLifted,
    LimitTold,
    Needs,
    PriorityTold,
    ProfilesReported,
    Pulled,
)
from ricarica.energy.figures import is_sound
from ricarica.energy.holding import (
    ACCEPTED,
    all_ours,
    as_reported,
    from_now,
    is_meant,
    meant,
    occasion_at,
    placed_in,
    step_for,
    with_answer,
)
from ricarica.energy.model import (
    OURS,
    WHOLE_STATION,
    Amounts,
    ExternalLimit,
    Held,
    Kind,
    Profile,
    Purpose,
    amounts_of,
    profile_from,
    with_amounts,
)
from ricarica.energy.moments import zone_from
from ricarica.energy.ports import EnergyStore
from ricarica.energy.rules import Placing, check
from ricarica.energy.units import fitted, spared
from ricarica.kernel.errors import InvalidError, NotFoundError
from ricarica.kernel.events import Outgoing
from ricarica.kernel.ids import EvseNumber, Ids, StationKey
from ricarica.stations.commands import BringInStep
from ricarica.stations.service import StationService
from ricarica.transactions.model import Transaction
from ricarica.transactions.service import TransactionService

PROFILES_KEPT_MAX = 500  # of one station: more than any installs, so that none fills the disk
LIMITS_KEPT_MAX = 200  # the same for what others set
NUMBER_MAX = 2**63 - 1  # what the database can keep
EVSES_MAX = 1_000  # no station has as many: what it makes up must not fill the disk
UPKEEP = "charging_profiles"
ZONE, OFFSET = "ClockCtrlr.TimeZone", "ClockCtrlr.TimeOffset"


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Whom this slice asks."""

    stations: StationService
    transactions: TransactionService
    configuration: ConfigurationService


class EnergyService:
    def __init__(
        self, store: EnergyStore, neighbours: Neighbours, outgoing: Outgoing, ids: Ids
    ) -> None:
        self._store = store
        self._stations = neighbours.stations
        self._transactions = neighbours.transactions
        self._configuration = neighbours.configuration
        self._announce = outgoing.announce
        self._tell = outgoing.tell
        self._ids = ids

    async def abilities(self, station: StationKey, evse: EvseNumber) -> Abilities:
        names = {name for places in names_at(evse).values() for name in places}
        known = await self._configuration.named(station, names)
        return abilities_from({name: known[name].value for name in known}, evse)

    # -- what we want

    async def prepare(
        self,
        station: StationKey,
        evse: EvseNumber,
        profile: Profile,
        *,
        with_start: bool = False,
        zero_ends: bool = False,
    ) -> Profile:
        """As it can be sent: with an id, in the station's unit, for the transaction that runs.

        Args:
            with_start: It goes along with a start from afar.
            zero_ends: The station takes a limit of nothing for the end of a transaction.

        Raises:
            InvalidError: it cannot; the text says what would do.
        """
        can = await self.abilities(station, evse)
        running = [] if with_start else await self.running_at(station, evse)
        ready = meant(fitted(profile, can.units), running, with_start=with_start)
        known = await self._stations.get(station)
        if self._stations.habits_of(known).zero_ends:
            ready = spared(ready)
        ready = replace(ready, id=ready.id or await self.free_id(station, can))
        needs = await self._needs_at(station, evse, running)
        placing = Placing(
            evse,
            can,
            () if with_start else tuple(await self.without_ended(station)),
            frozenset(each.ref for each in running),
            with_start=with_start,
            has_needs=needs is not None,
            needs_phases=needs is not None and needs.has_phases,
        )
        check(ready, placing)
        return ready

    async def want(
        self,
        station: StationKey,
        evse: EvseNumber,
        profile: Profile,
        at: datetime,
        *,
        zero_ends: bool = False,
    ) -> SetProfile:
        """Keep it as what shall hold there; K01. Whoever wants it now tells the station so."""
        await self._stations.get(station)
        ready = await self.prepare(station, evse, from_now(profile, at), zero_ends=zero_ends)
        known = await self._store.profile(station, ready.id)
        self._store.save_profile(
            Held(
                station=station,
                id=ready.id,
                evse=evse,
                purpose=ready.purpose,
                transaction=ready.transaction,
                wanted=ready,
                held=known.held if known else None,
                reported_at=known.reported_at if known else None,
            )
        )
        self._announce(ChargingProfileChanged(station, evse, ready.id))
        return SetProfile(evse, ready)

    async def begun(
        self, station: StationKey, evse: EvseNumber, ref: str, profile: Profile, at: datetime
    ) -> None:
        """K05: the transaction of a start that had a profile of its own. The station took both."""
        own = replace(profile, transaction=ref)
        self._store.save_profile(
            Held(
                station=station,
                id=own.id,
                evse=evse,
                purpose=own.purpose,
                transaction=ref,
                wanted=own,
                held=own,
                outcome=ACCEPTED,
                told_at=at,
            )
        )
        self._announce(ChargingProfileChanged(station, evse, own.id, ACCEPTED))

    async def unwant(self, station: StationKey, id: int) -> ClearProfiles:
        """It shall go; K10.

        Raises:
            NotFoundError: nothing is known of it.
            InvalidError: it is not ours to remove. K10.FR.06
        """
        known = await self._known(station, id)
        if known.purpose in (Purpose.EXTERNAL, Purpose.LOCAL_GENERATION) and not known.wanted:
            raise InvalidError("what others limit is not ours to remove")
        self._store.save_profile(replace(known, wanted=None, unwanted=True, outcome=None))
        self._announce(ChargingProfileChanged(station, known.evse, id))
        return ClearProfiles(id)

    async def retune(
        self, station: StationKey, id: int, amounts: Amounts, at: datetime
    ) -> UpdateDynamic:
        """K28: other amounts for a dynamic profile, which the station may also come and ask for.

        Raises:
            NotFoundError: nothing is known of it.
            InvalidError: it is not dynamic, or may not have these amounts.
        """
        known = await self._known(station, id)
        if known.wanted is None or known.wanted.kind is not Kind.DYNAMIC:
            raise InvalidError(f"profile {id} is not a dynamic one of ours")
        if not is_sound(amounts):
            raise InvalidError("an amount is no number that can flow")
        changed = with_amounts(known.wanted, amounts, at)
        await self.prepare(station, known.evse, replace(changed, updated_at=None))
        self._store.save_profile(replace(known, wanted=changed))
        self._announce(ChargingProfileChanged(station, known.evse, id))
        return UpdateDynamic(id, amounts)

    async def give_up(self, station: StationKey, id: int, outcome: str, detail: str | None) -> None:
        """The station, or its dialect, cannot have it."""
        if known := await self._store.profile(station, id):
            self._store.save_profile(replace(known, outcome=outcome, detail=detail))
            self._announce(ChargingProfileChanged(station, known.evse, id, outcome))

    async def ask(self, station: StationKey, at: datetime) -> AskProfiles:
        """All profiles that we could have set there. K09.FR.03"""
        number = self._ids.wire_number()
        known = await self.evse_energy(station, WHOLE_STATION)
        self.save_evse(replace(known, asked=number, asked_at=at))
        return all_ours(number)

    async def next_step(
        self, station: StationKey, at: datetime, *, tells_profiles: bool
    ) -> object | None:
        """The command that brings the station nearer to what is wanted of it.

        Args:
            tells_profiles: Whether it can say what is installed; else what was set before its
                last boot is set again.
        """
        profiles = await self.without_ended(station)
        if not any(held.is_ours for held in profiles):
            return None
        if not tells_profiles:
            known = await self._stations.get(station)
            return step_for(profiles, since=known.booted_at)
        known = await self._stations.get(station)
        whole = await self.evse_energy(station, WHOLE_STATION)
        if whole.is_worth_asking(known.connection_changed_at):
            return await self.ask(station, at)
        if whole.report is not None and whole.is_reporting(at):
            return all_ours(whole.report)  # what is told meanwhile, its reports would undo
        return step_for(profiles)

    # -- what became of it

    async def set_answered(
        self,
        station: StationKey,
        command: SetProfile,
        outcome: str,
        detail: str | None,
        at: datetime,
    ) -> None:
        profile = command.profile
        known = await self._store.profile(station, profile.id)
        held = known or Held(
            station=station,
            id=profile.id,
            evse=command.evse,
            purpose=profile.purpose,
            transaction=profile.transaction,
            wanted=profile,
        )
        self._store.save_profile(with_answer(held, command, outcome, detail, at))
        await self._doubt_reports(station)
        self._announce(ChargingProfileChanged(station, command.evse, profile.id, outcome))

    async def cleared(self, station: StationKey, command: ClearProfiles) -> None:
        """K10: the station has none of these any more, or never had."""
        for held in await self._store.profiles(station):
            if is_meant(held, command):
                self._store.remove_profile(held)
                self._announce(ChargingProfileChanged(station, held.evse, held.id, "cleared"))
        await self._doubt_reports(station)

    async def _doubt_reports(self, station: StationKey) -> None:
        """Those on their way tell how it was before: once they are here, it is asked anew."""
        whole = await self.evse_energy(station, WHOLE_STATION)
        if whole.report and not whole.is_doubted:
            self.save_evse(replace(whole, asked=-whole.report))

    async def updated(self, station: StationKey, command: UpdateDynamic, at: datetime) -> None:
        """K28.FR.06: the station follows the new amounts."""
        known = await self._store.profile(station, command.id)
        if known and known.held:
            held = with_amounts(known.held, command.amounts, at)
            self._store.save_profile(replace(known, held=held, told_at=at))

    async def not_told(self, station: StationKey, number: int) -> None:
        """K09: it cannot say what is installed."""
        whole = await self.evse_energy(station, WHOLE_STATION)
        if whole.report == number:
            self.save_evse(replace(whole, asked=None))

    async def none_installed(self, station: StationKey, number: int, at: datetime) -> None:
        """K09: the answer to a question for all profiles was that there are none."""
        await self._all_reported(station, number, at)

    async def report(self, reported: ProfilesReported, number: int, *, is_last: bool) -> None:
        """K09: what is installed."""
        station = reported.station
        room = PROFILES_KEPT_MAX - len(await self._store.profiles(station))
        for profile in reported.profiles:
            if abs(profile.id) > NUMBER_MAX:
                continue
            known = await self._store.profile(station, profile.id)
            room -= known is None
            if known is None and room < 0:
                continue
            self._store.save_profile(as_reported(known, profile, reported))
        count = len(reported.profiles)
        self._announce(ChargingProfilesReported(station, reported.evse, count))
        if is_last:
            await self._all_reported(station, number, reported.at)

    async def _all_reported(self, station: StationKey, number: int, at: datetime) -> None:
        """What of ours was not among them is not installed."""
        whole = await self.evse_energy(station, WHOLE_STATION)
        if whole.report != number or whole.asked_at is None:
            return
        if whole.is_doubted:
            for held in await self._store.profiles(station):
                self._store.save_profile(replace(held, reported_at=None))
            self._tell(station, await self.ask(station, at))
            return
        for held in await self._store.profiles(station):
            was_told = held.reported_at is not None and held.reported_at >= whole.asked_at
            if held.source != OURS or was_told or held.held is None:
                continue
            if held.wanted is not None:
                self._store.save_profile(replace(held, held=None))
            else:
                self._store.remove_profile(held)
        self.save_evse(replace(whole, asked=None, heard_at=at))
        self._tell(station, BringInStep(UPKEEP))

    async def composed(self, station: StationKey, evse: EvseNumber, composite: Composite) -> None:
        """K08: the station's own answer."""
        known = await self.evse_energy(station, evse)
        self.save_evse(replace(known, composite=composite))
        self._announce(CompositeTold(station, evse))

    # -- what others limit

    async def limit(self, told: LimitTold) -> None:
        """K11, K12, K14, K23–K27."""
        known = await self._store.limit(told.station, told.evse, told.source)
        if known is None and len(await self._store.limits(told.station)) >= LIMITS_KEPT_MAX:
            return
        self._store.save_limit(
            ExternalLimit(
                station=told.station,
                evse=told.evse,
                source=told.source,
                at=told.at,
                schedules=told.schedules,
                is_local_generation=told.is_local_generation,
                is_grid_critical=told.is_grid_critical,
            )
        )
        self._announce(
            ChargingLimitChanged(
                told.station, told.evse, told.source, told.is_grid_critical, cleared=False
            )
        )

    async def lift(self, lifted: LimitLifted) -> None:
        """K13."""
        for limit in await self._store.limits(lifted.station):
            is_there = lifted.evse in (None, limit.evse)
            if limit.source != lifted.source or not is_there or limit.cleared_at:
                continue
            self._store.save_limit(replace(limit, cleared_at=lifted.at))
            self._announce(
                ChargingLimitChanged(
                    lifted.station,
                    limit.evse,
                    limit.source,
                    limit.is_grid_critical,
                    cleared=True,
                )
            )

    # -- dynamic profiles and priority

    async def pull(self, station: StationKey, id: int, at: datetime) -> Pulled:
        """K28.FR.07, K28.FR.12: a station asks for the amounts of a dynamic profile."""
        known = None if abs(id) > NUMBER_MAX else await self._store.profile(station, id)
        profile = known.wanted or known.held if known else None
        if known is None or profile is None or profile.kind is not Kind.DYNAMIC:
            return Pulled(None)
        if known.unwanted or known.source != OURS:
            return Pulled(None)
        amounts = amounts_of(profile.period)
        self._store.save_profile(
            replace(known, held=with_amounts(profile, amounts, at), told_at=at)
        )
        return Pulled(amounts)

    async def prioritise(self, told: PriorityTold) -> None:
        """K21, K22: a transaction goes before others, or no longer."""
        running = await self._transactions.running_at(told.station)
        for evse in [each.evse for each in running if each.ref == told.transaction]:
            known = await self.evse_energy(told.station, evse)
            first = replace(known, has_priority=told.active, priority_at=told.at)
            self.save_evse(replace(first, transaction=told.transaction))
        self._announce(PriorityChargingChanged(told.station, told.transaction, told.active))

    async def occasion(self, station: StationKey, evse: EvseNumber) -> Occasion:
        """Which transaction runs there, and whether it goes before others."""
        running = await self.running_at(station, evse)
        known, zone = await self._store.evse(station, evse), await self.zone(station)
        return occasion_at(evse, running, known, zone)

    async def zone(self, station: StationKey) -> tzinfo | None:
        """Of the station's wall clock, if it told; K01.FR.90."""
        known = await self._configuration.named(station, (ZONE, OFFSET))
        told = {name: known[name].value for name in known}
        return zone_from(told.get(ZONE), told.get(OFFSET))

    # -- parts

    async def running_at(self, station: StationKey, evse: EvseNumber) -> list[Transaction]:
        if evse == WHOLE_STATION:
            return []
        return await self._transactions.running_at(station, evse)

    async def _needs_at(
        self, station: StationKey, evse: EvseNumber, running: Iterable[Transaction]
    ) -> Needs | None:
        known = await self._store.evse(station, evse)
        if known is None or known.transaction not in {each.ref for each in running}:
            return None
        return known.needs

    async def placed(self, station: StationKey) -> list[Placed]:
        profiles, limits = await self._store.profiles(station), await self._store.limits(station)
        return placed_in(profiles, limits)

    async def without_ended(self, station: StationKey) -> list[Held]:
        """K02.FR.05: a transaction's profile is gone with it, here as there."""
        profiles = await self._store.profiles(station)
        if not any(each.transaction for each in profiles):
            return profiles
        running = {each.ref for each in await self._transactions.running_at(station)}
        for each in profiles:
            if each.transaction and each.transaction not in running:
                self._store.remove_profile(each)
        return [each for each in profiles if not each.transaction or each.transaction in running]

    async def free_id(self, station: StationKey, can: Abilities) -> int:
        """K01.FR.80: above those that the station gives itself."""
        taken = {each.id for each in await self._store.profiles(station)}
        for arranged in await self._transactions.arranged(station):
            if arranged.profile is not None:  # K01.FR.05: another of its number would replace it
                taken.add(profile_from(arranged.profile).id)
        return next(id for id in count(max(can.external_id_max or 0, 0) + 1) if id not in taken)

    def save_evse(self, each: EvseEnergy) -> None:
        if each.evse <= EVSES_MAX:
            self._store.save_evse(each)

    async def evse_energy(self, station: StationKey, evse: EvseNumber) -> EvseEnergy:
        return await self._store.evse(station, evse) or EvseEnergy(station=station, evse=evse)

    async def _known(self, station: StationKey, id: int) -> Held:
        known = await self._store.profile(station, id)
        if known is None:
            raise NotFoundError(f"{station.station} has no charging profile {id}")
        return known

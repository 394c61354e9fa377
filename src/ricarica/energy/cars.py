"""What cars ask for, what they are given, and how energy may flow."""

from msgspec.structs import replace

from ricarica.authorization.model import EnergyTransfer, ref_of
from ricarica.authorization.service import AuthorizationService
from ricarica.energy.commands import AllowTransfers, SetProfile
from ricarica.energy.events import CarScheduleReceived, ChargingNeedsTold
from ricarica.energy.facts import CarScheduleTold, NeedsAnswer, NeedsTold
from ricarica.energy.holding import occasion_at
from ricarica.energy.model import Held, Purpose, Rule
from ricarica.energy.needs import (
    RENEGOTIATIONS_MAX,
    answer_to,
    both_allow,
    fits,
    power_by,
    profile_for,
    transfers_by,
    with_needs,
)
from ricarica.energy.ports import EnergyStore
from ricarica.energy.service import EnergyService
from ricarica.kernel.errors import InvalidError
from ricarica.kernel.events import Outgoing
from ricarica.kernel.ids import EvseNumber, StationKey
from ricarica.transactions.model import Transaction

POWER_W_MAX = 10**9  # more than any station can give


class CarService:
    def __init__(
        self,
        store: EnergyStore,
        energy: EnergyService,
        authorization: AuthorizationService,
        outgoing: Outgoing,
    ) -> None:
        self._store = store
        self._energy = energy
        self._authorization = authorization
        self._announce = outgoing.announce
        self._tell = outgoing.tell

    async def need(self, told: NeedsTold) -> NeedsAnswer:
        """K15–K20: answered at once; the profile follows after it.

        K15.FR.02, K17.FR.02, K18.FR.02, K19.FR.02.
        """
        station, evse, needs = told.station, told.evse, told.needs
        running = await self._energy.running_at(station, evse)
        transaction = running[0] if running else None
        rules = await self.rules_for(station)
        allowed = await self._transfers(station, transaction)
        await self._energy.without_ended(station)
        by_hand = await self._wanted_for(station, transaction)
        can_be_given = by_hand is not None or power_by(rules) is not None
        answer = answer_to(needs, allowed, can_be_given=transaction is not None and can_be_given)
        known = replace(
            await self._energy.evse_energy(station, evse),
            transaction=transaction.ref if transaction else None,
            tuples_max=None if told.tuples_max is None else max(told.tuples_max, 0),
        )
        self._energy.save_evse(with_needs(known, needs, told.at, answer))
        ref = transaction.ref if transaction else None
        self._announce(ChargingNeedsTold(station, evse, ref, answer))
        if transaction and answer is NeedsAnswer.ACCEPTED:
            await self._give(told, transaction, rules, by_hand)
        return answer

    async def _give(
        self, told: NeedsTold, transaction: Transaction, rules: list[Rule], known: Held | None
    ) -> None:
        """K15.FR.08, K17.FR.08, K18.FR.08, K19.FR.08: it leaves right after the answer."""
        if known is not None and known.wanted is not None and not known.by_rule:
            self._tell(told.station, SetProfile(told.evse, known.wanted))
            return
        power_w = power_by(rules)
        assert power_w is not None, "without a power the needs were not accepted"
        can = await self._energy.abilities(told.station, told.evse)
        id = known.id if known else await self._energy.free_id(told.station, can)
        profile = profile_for(told.needs, power_w, transaction.ref, id, can)
        self._store.save_profile(
            Held(
                station=told.station,
                id=id,
                evse=told.evse,
                purpose=Purpose.TRANSACTION,
                transaction=transaction.ref,
                wanted=profile,
                held=known.held if known else None,
                by_rule=True,
            )
        )
        self._tell(told.station, SetProfile(told.evse, profile))

    async def plan(self, told: CarScheduleTold) -> bool:
        """K15.FR.10–13: what the car is going to do; False: that is too much, so negotiate anew."""
        station, evse = told.station, told.evse
        known = await self._energy.evse_energy(station, evse)
        running = await self._energy.running_at(station, evse)
        occasion = occasion_at(evse, running, known, await self._energy.zone(station))
        is_steered = known.needs is not None and known.needs.is_dynamic  # K17.FR.11, K19.FR.10
        placed = await self._energy.placed(station)
        is_fine = is_steered or fits(told.schedule, told.base_at, placed, occasion)
        self._energy.save_evse(
            replace(
                known,
                transaction=running[0].ref if running else known.transaction,
                plan=told.schedule,
                plan_at=told.base_at,
                plan_selected=told.selected,
                plan_fits=is_fine,
                renegotiations=known.renegotiations + (not is_fine),
            )
        )
        ref = running[0].ref if running else None
        self._announce(CarScheduleReceived(station, evse, ref, is_fine))
        if not is_fine and running and known.renegotiations < RENEGOTIATIONS_MAX:
            wanted = await self._wanted_for(station, running[0])
            if wanted and wanted.wanted:
                self._tell(station, SetProfile(evse, wanted.wanted))  # K16
        return is_fine

    async def _wanted_for(
        self, station: StationKey, transaction: Transaction | None
    ) -> Held | None:
        if transaction is None:
            return None
        profiles = await self._store.profiles(station)
        ours = [each for each in profiles if each.wanted and each.transaction == transaction.ref]
        return max(ours, key=_stack_level) if ours else None

    async def allowed_transfers(
        self, station: StationKey, of_token: tuple[EnergyTransfer, ...]
    ) -> tuple[EnergyTransfer, ...] | None:
        """What a driver's contract has and is allowed there; Q01.FR.01, Q01.FR.08, Q02.FR.03.

        None where nothing was decided, or the station and its cars cannot choose.
        """
        can = await self._energy.abilities(station, EvseNumber(1))
        if not (can.v2x and can.iso15118):
            return None
        return both_allow(of_token, transfers_by(await self.rules_for(station)))

    async def _transfers(
        self, station: StationKey, transaction: Transaction | None
    ) -> tuple[EnergyTransfer, ...] | None:
        of_token: tuple[EnergyTransfer, ...] = ()
        if transaction and transaction.token:
            ref = ref_of(transaction.token, transaction.token_kind)
            token = await self._authorization.meant(station.tenant, ref)
            of_token = token.treatment.transfers if token else ()
        return both_allow(of_token, transfers_by(await self.rules_for(station)))

    async def rule(self, rule: Rule) -> None:
        """Decide it; without anything decided, the rule goes."""
        power_w = rule.power_w
        if power_w is not None and not (power_w.is_finite() and 0 <= power_w <= POWER_W_MAX):
            raise InvalidError(f"power_w is from 0 to {POWER_W_MAX}")
        charging = await self._charging_under(rule)
        before = [await self._transfers(each.station, each) for each in charging]
        if rule.transfers is None and power_w is None:
            for known in await self._store.rules(rule.tenant, [rule.station]):
                self._store.remove_rule(known)
        else:
            self._store.save_rule(rule)
        for transaction, was in zip(charging, before, strict=True):
            allowed = await self._transfers(transaction.station, transaction)
            if allowed and allowed != was:  # Q02.FR.05
                self._tell(transaction.station, AllowTransfers(transaction.ref, allowed))

    async def _charging_under(self, rule: Rule) -> list[Transaction]:
        """Of cars that can negotiate anew how energy flows, where the rule may decide."""
        found = []
        for known in await self._store.with_needs(rule.tenant, rule.station):
            if known.needs is not None and known.needs.is_bidirectional_protocol:
                running = await self._energy.running_at(known.station, known.evse)
                found += [each for each in running if each.ref == known.transaction]
        return found

    async def rules_for(self, station: StationKey) -> list[Rule]:
        """Those that decide there, the nearest first."""
        return await self._store.rules(station.tenant, [station.station, None])


def _stack_level(held: Held) -> int:
    return held.wanted.stack_level if held.wanted else 0

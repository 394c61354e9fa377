"""Batteries come and go, and what that costs."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal

from msgspec.structs import replace

from ricarica.authorization.model import Occasion, TokenRef, Verdict, ref_of, shown_uid
from ricarica.authorization.service import AuthorizationService
from ricarica.kernel.errors import ForbiddenError, InvalidError, NotFoundError
from ricarica.kernel.events import Announcer
from ricarica.kernel.ids import Ids, StationKey, TariffId, TenantId
from ricarica.kernel.money import Money
from ricarica.kernel.quantities import ZERO
from ricarica.stations.service import StationService
from ricarica.swaps.commands import RequestSwap
from ricarica.swaps.events import SwapChanged
from ricarica.swaps.facts import BatteriesMoved, Movement
from ricarica.swaps.model import Battery, HeldBattery, Swap, SwapState, SwapStation, usage_of
from ricarica.swaps.ports import SwapStore
from ricarica.tariffs.model import cost_of, prices_from, prices_text
from ricarica.tariffs.service import TariffService

# Longer than any driver takes; a number that comes again after it names another swap.
LASTS_AT_MOST = timedelta(hours=6)
CAPACITY_MAX_WH = Decimal(10_000_000)


class SwapService:
    def __init__(
        self,
        store: SwapStore,
        stations: StationService,
        authorization: AuthorizationService,
        tariffs: TariffService,
        announcer: Announcer,
        ids: Ids,
    ) -> None:
        self._store = store
        self._stations = stations
        self._authorization = authorization
        self._tariffs = tariffs
        self._announce = announcer.announce
        self._ids = ids

    async def request(self, station: StationKey, ref: TokenRef, at: datetime) -> RequestSwap:
        """S02: what is to be told the station, noted.

        Raises:
            ForbiddenError: the token may not. S02.FR.03
        """
        judgement = await self._authorization.judge(ref, Occasion(station, at))
        if judgement.verdict is not Verdict.ACCEPTED:
            raise ForbiddenError(f"the token {ref.shown} may not swap: {judgement.verdict}")
        number = self._ids.wire_number()
        swap = await self._new(station, number, ref, at, SwapState.REQUESTED)
        self._changed(swap)
        return RequestSwap(ref, number)

    async def answered(
        self, station: StationKey, number: int, at: datetime, refusal: str | None
    ) -> None:
        """The station will let them swap, or says why it will not. S02.FR.04"""
        swap = await self._open(station, number, at)
        if swap is None or refusal is None or swap.state is not SwapState.REQUESTED:
            return
        refused = replace(swap, state=SwapState.REFUSED, updated_at=at, detail=refusal)
        self._changed(replace(refused, ended_at=at))

    async def record(self, moved: BatteriesMoved) -> Swap:
        """Take note of what happened; told again, it changes nothing. S03"""
        known = await self._open(moved.station, moved.number, moved.at)
        known = known or await self._repeated(moved)
        if known is None:
            known = await self._new(
                moved.station, moved.number, moved.token, moved.at, SwapState.BEGUN
            )
        swap = _moved_on(known, moved)
        if swap == known:
            return known
        if not swap.is_open:
            swap = _priced(swap)
            await self._paid(known, swap)
        self._changed(swap)
        await self._place(moved)
        return swap

    async def _paid(self, known: Swap, swap: Swap) -> None:
        """C17: from the credit of whoever paid in advance."""
        due = _rounded(swap) - _rounded(known)
        if swap.token is not None and due:
            ref = ref_of(swap.token, swap.token_kind)
            await self._authorization.spend(swap.station.tenant, ref, due)

    async def get(self, tenant: TenantId, swap: str) -> Swap:
        known = await self._store.get(tenant, swap)
        if known is None:
            raise NotFoundError(f"there is no swap {swap}")
        return known

    async def set_capacity(self, station: StationKey, capacity_wh: Decimal | None) -> None:
        """What a battery of this station holds: without it, only the swap itself is charged for."""
        if capacity_wh is not None and not 0 < capacity_wh <= CAPACITY_MAX_WH:
            raise InvalidError(f"a battery holds more than 0 and up to {CAPACITY_MAX_WH} Wh")
        await self._store.station(station)  # a row is read before it is written
        self._store.save_station(SwapStation(station, capacity_wh))

    async def _open(self, station: StationKey, number: int, at: datetime) -> Swap | None:
        for swap in await self._store.numbered(station, number):
            if swap.is_open and at - swap.began_at <= LASTS_AT_MOST:
                return swap
        return None

    async def _repeated(self, moved: BatteriesMoved) -> Swap | None:
        """One that is over and has been told exactly this."""
        for swap in await self._store.numbered(moved.station, moved.number):
            told = swap.taken if moved.movement is Movement.IN else swap.given
            is_recent = moved.at - swap.began_at <= LASTS_AT_MOST
            if is_recent and set(moved.batteries) <= set(told):
                return swap
        return None

    async def _new(
        self, station: StationKey, number: int, ref: TokenRef, at: datetime, state: SwapState
    ) -> Swap:
        known = await self._store.station(station)
        swap = Swap(
            station,
            self._ids.new(),
            number,
            state,
            began_at=at,
            updated_at=at,
            token=ref.uid or None,
            token_kind=ref.kind,
            capacity_wh=known.capacity_wh if known else None,
        )
        return await self._with_prices(swap, ref)

    async def _with_prices(self, swap: Swap, ref: TokenRef) -> Swap:
        key = swap.station
        station = await self._stations.get(key)
        token = await self._authorization.meant(key.tenant, ref)
        own: TariffId | None = token.tariff if token else None
        site = await self._stations.site_tariff(station)
        tariff = await self._tariffs.in_force(key.tenant, own, station.tariff, site)
        return replace(swap, prices=prices_text(tariff.prices)) if tariff else swap

    async def _place(self, moved: BatteriesMoved) -> None:
        """Where each battery is now."""
        stays = moved.movement is not Movement.OUT
        for battery in moved.batteries:
            tenant = moved.station.tenant
            await self._store.battery(tenant, battery.serial)  # read before it is written
            self._store.save_battery(
                HeldBattery(
                    tenant,
                    battery,
                    moved.at,
                    moved.station if stays else None,
                    None if stays else moved.token.shown or None,
                )
            )

    def _changed(self, swap: Swap) -> None:
        self._store.save(swap)
        self._announce(
            SwapChanged(
                swap.station,
                swap.id,
                swap.state,
                shown_uid(swap.token, swap.token_kind) if swap.token else None,
                _serials(swap.taken),
                _serials(swap.given),
                swap.cost_incl,
                swap.currency,
            )
        )


def _moved_on(swap: Swap, moved: BatteriesMoved) -> Swap:
    changed = swap
    match moved.movement:
        case Movement.IN:
            changed = replace(swap, taken=_joined(swap.taken, moved.batteries))
        case Movement.OUT:
            changed = replace(swap, given=_joined(swap.given, moved.batteries))
        case Movement.NOT_TAKEN:
            changed = replace(swap, state=SwapState.TIMED_OUT, detail=_not_taken(moved))
    if changed == swap:
        return swap
    if changed.state is SwapState.REQUESTED:
        changed = replace(changed, state=SwapState.BEGUN)
    # As many as came have gone: S03 lets a set be of several, told together or one by one.
    if changed.taken and len(changed.given) >= len(changed.taken):
        changed = replace(changed, state=SwapState.DONE, ended_at=moved.at)
    return replace(changed, updated_at=moved.at)


def _joined(known: tuple[Battery, ...], told: Iterable[Battery]) -> tuple[Battery, ...]:
    return tuple({battery.serial: battery for battery in (*known, *told)}.values())


def _not_taken(moved: BatteriesMoved) -> str:
    return f"not taken: {', '.join(_serials(moved.batteries))}"


def _serials(batteries: Iterable[Battery]) -> tuple[str, ...]:
    return tuple(battery.serial for battery in batteries)


def _rounded(swap: Swap) -> Decimal:
    if swap.cost_incl is None or swap.currency is None:
        return ZERO
    return Money(swap.cost_incl, swap.currency).rounded().amount


def _priced(swap: Swap) -> Swap:
    """By the prices of its beginning: the fee of a session once, and the energy gained."""
    if swap.prices is None or swap.state is not SwapState.DONE:
        return swap
    cost = cost_of(prices_from(swap.prices), usage_of(swap))
    return replace(swap, cost_excl=cost.excl, cost_incl=cost.incl, currency=cost.currency)

"""Holding EVSEs for drivers, as far as stations do it. The calendar is not here."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ricarica.authorization.model import Occasion, TokenRef, Verdict
from ricarica.authorization.service import AuthorizationService
from ricarica.kernel.errors import ConflictError, InvalidError, NotFoundError
from ricarica.kernel.events import Announcer
from ricarica.kernel.ids import EvseNumber, Ids, StationKey, TransactionId
from ricarica.reservations.commands import CancelReservation, Reserve
from ricarica.reservations.events import ReservationChanged
from ricarica.reservations.model import Reservation, ReservationState, moved
from ricarica.reservations.ports import ReservationStore

LONGEST = timedelta(days=7)  # a station that is held for longer charges nobody
CONNECTOR_TYPE_MAX = 20  # characters
DISPLACED = "the station holds the EVSE for another"


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants held. evse None: any; `number`: of the one to put in its place."""

    token: str
    expires_at: datetime
    evse: EvseNumber | None = None
    connector_type: str | None = None
    number: int | None = None


class ReservationService:
    def __init__(
        self,
        store: ReservationStore,
        authorization: AuthorizationService,
        announcer: Announcer,
        ids: Ids,
    ) -> None:
        self._store = store
        self._authorization = authorization
        self._announce = announcer.announce
        self._ids = ids

    async def prepare(self, key: StationKey, wish: Wish, at: datetime) -> Reserve:
        """What to tell the station; noted, so that its answer is understood. H01

        Raises:
            InvalidError: it cannot be held like that, or the token may not charge there.
        """
        if not at < wish.expires_at <= at + LONGEST:
            raise InvalidError(f"a reservation ends within {LONGEST.days} days from now")
        if len(wish.connector_type or "") > CONNECTOR_TYPE_MAX:
            raise InvalidError(f"a connector type has at most {CONNECTOR_TYPE_MAX} characters")
        ref = await self._token(key, wish, at)
        known = await self._authorization.find(key.tenant, ref)
        number = wish.number or self._ids.wire_number()
        await self._store.get(key, number)
        command = Reserve(
            number,
            ref,
            wish.expires_at,
            wish.evse,
            wish.connector_type or None,
            known.group if known else None,
        )
        self._save(_asked(key, command, at))
        return command

    async def _token(self, key: StationKey, wish: Wish, at: datetime) -> TokenRef:
        """1.6 §5.13: see that it may charge before anything is held for it."""
        known = await self._authorization.find(key.tenant, TokenRef(wish.token))
        ref = TokenRef(known.uid, known.kind) if known else TokenRef(wish.token)
        occasion = Occasion(key, at, wish.evse, begins=True)
        judgement = await self._authorization.judge(ref, occasion)
        if judgement.verdict not in (Verdict.ACCEPTED, Verdict.NOT_NOW):
            raise InvalidError(f"the token {ref.shown} may not charge there: {judgement.verdict}")
        return ref

    async def answered(self, key: StationKey, command: Reserve, status: str, at: datetime) -> None:
        """It holds it, or says why not. An EVSE is held for one at a time."""
        known = await self._store.get(key, command.number) or _asked(key, command, at)
        is_held = status == "Accepted"
        if is_held and known.evse:
            for other in await self._store.open_at(key, known.evse, at):
                if other.number == known.number:
                    continue
                if other.state is ReservationState.HELD:
                    self._save(moved(other, ReservationState.REMOVED, at, DISPLACED))
                else:
                    # Whose answer another node writes down at this moment: as both write both,
                    # one of the two has to look again.
                    self._store.save(other)
        state = ReservationState.HELD if is_held else ReservationState.REFUSED
        self._save(moved(known, state, at, None if is_held else status))

    async def cancel(self, key: StationKey, number: int) -> CancelReservation:
        """
        Raises:
            ConflictError: it has ended already.
        """
        known = await self._known(key, number)
        if not known.is_open:
            raise ConflictError(f"reservation {number} has ended already: {known.state}")
        return CancelReservation(number)

    async def cancelled(
        self, key: StationKey, command: CancelReservation, at: datetime, *, is_known: bool
    ) -> None:
        """H02.FR.01: what the station does not know, it does not hold either."""
        known = await self._store.get(key, command.number)
        if known is not None and known.is_open:
            detail = None if is_known else "the station did not know it"
            self._save(moved(known, ReservationState.CANCELLED, at, detail))

    async def ended(
        self, key: StationKey, number: int, state: ReservationState, at: datetime
    ) -> None:
        """H04: the station tells that it holds it no more. What we know nothing of is no fault."""
        known = await self._store.get(key, number)
        if known is not None and known.is_open:
            self._save(moved(known, state, at))

    async def used(
        self, key: StationKey, number: int, transaction: TransactionId, at: datetime
    ) -> None:
        """H03: a transaction began that it was held for."""
        known = await self._store.get(key, number)
        if known is None or known.transaction is not None:
            return
        used = moved(known, ReservationState.USED, at)
        self._save(replace(used, transaction=transaction))

    async def _known(self, key: StationKey, number: int) -> Reservation:
        known = await self._store.get(key, number)
        if known is None:
            raise NotFoundError(f"there is no reservation {number} at {key.station}")
        return known

    def _save(self, reservation: Reservation) -> None:
        self._store.save(reservation)
        self._announce(
            ReservationChanged(
                reservation.station,
                reservation.number,
                reservation.evse,
                reservation.state,
                reservation.changed_at or reservation.made_at,
                reservation.token.shown,
            )
        )


def _asked(key: StationKey, command: Reserve, at: datetime) -> Reservation:
    return Reservation(
        key,
        command.number,
        command.token,
        made_at=at,
        expires_at=command.expires_at,
        evse=command.evse or EvseNumber(0),
        connector_type=command.connector_type,
        group=command.group,
    )

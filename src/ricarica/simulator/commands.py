"""What a server can tell a station to do, without the words of a family."""

from dataclasses import dataclass, replace
from datetime import timedelta

from ricarica.simulator import charging
from ricarica.simulator.core import REBOOT_WAITS_AT_MOST, BootState, Reboot, Station
from ricarica.simulator.evse import Evse, Reservation
from ricarica.simulator.profiles import PROFILES_MAX, TX, Criteria, Profile, installed
from ricarica.simulator.transaction import Token, Transaction

ACCEPTED = "Accepted"
REJECTED = "Rejected"
SCHEDULED = "Scheduled"


@dataclass(frozen=True, slots=True)
class StartRequest:
    """A remote start. Without an EVSE the station chooses a free one."""

    token: Token
    evse: int | None = None
    remote_start_id: int | None = None
    group: str | None = None
    profile: Profile | None = None


def request_start(station: Station, asked: StartRequest) -> tuple[str, Transaction | None]:
    """Whether it will be tried, and the transaction that already runs there. (F01, F02)"""
    evse = _evse_to_start(station, asked) if station.is_accepted else None
    if evse is None or _cannot_start(evse, asked):
        return REJECTED, None
    before = evse.transaction
    if asked.profile is not None:
        profile = replace(asked.profile, evse=evse.number, transaction=None)
        station.profiles = installed(station.profiles, profile)
    if station.settings.flag("authorize_remote"):
        charging.seek_verdict(station, evse, asked.token, asked.remote_start_id)
    else:
        charging.authorize(
            station, evse, asked.token, asked.group, asked.remote_start_id, is_remote=True
        )
    return ACCEPTED, before


def _evse_to_start(station: Station, asked: StartRequest) -> Evse | None:
    if asked.evse is not None:
        return station.evses.get(asked.evse)
    free = [evse for evse in station.evses.values() if not _cannot_start(evse, asked)]
    with_car = [evse for evse in free if evse.vehicle is not None]
    return next(iter(with_car or free), None)


def _cannot_start(evse: Evse, asked: StartRequest) -> bool:
    if evse.fault is not None or not evse.is_operative:
        return True
    if evse.reservation is not None and not evse.reservation.token.is_same(asked.token):
        return True
    return evse.authorization is not None


def request_stop(station: Station, found: tuple[Evse, Transaction] | None) -> str:
    if not station.is_accepted or found is None or not found[1].is_authorized:
        return REJECTED
    charging.stop(station, found[0], "RemoteStop", "Remote")
    return ACCEPTED


# Going down and coming up


def reset_now(
    station: Station,
    reason: str,
    boot_reason: str,
    *,
    resumes: bool = False,
    restores: frozenset[int] = frozenset(),
) -> str:
    """End what runs, deliver what can be delivered, and go down."""
    if not resumes:
        for evse in station.evses.values():
            if evse.transaction is not None:
                evse.transaction.stop_reason = reason
                charging.end(station, evse, "ResetCommand", reason)
    station.report_states()
    station.reboot = Reboot(
        boot_reason, station.now + REBOOT_WAITS_AT_MOST, station.now, restores=restores
    )
    return ACCEPTED


def reset_when_idle(station: Station, boot_reason: str) -> str:
    """B12: wait for the last transaction, let nobody begin meanwhile."""
    if not any(True for _ in station.transactions):
        return reset_now(station, "Reboot", boot_reason)
    closed = frozenset(evse.number for evse in station.evses.values() if evse.is_operative)
    station.reboot = Reboot(
        boot_reason, station.now, station.now, waits_for_idle=True, restores=closed
    )
    for evse in station.evses.values():
        if evse.transaction is None:
            evse.is_operative = False
        else:
            evse.operative_wanted = False
    station.report_states()
    return SCHEDULED


def reset_evse(station: Station, evse: Evse) -> str:
    if evse.transaction is not None:
        charging.end(station, evse, "ResetCommand", "ImmediateReset")
    evse.authorization = evse.fault = None
    station.report_states()
    return ACCEPTED


# Availability


def change_availability(
    station: Station, evse_number: int, *, operative: bool, connector: int | None = None
) -> str:
    """EVSE 0 is the whole station. What is in use changes when it is free. (G03, G04)"""
    if evse_number == 0:
        station.is_operative = operative
        station.report_station()
        chosen = list(station.evses.values())
    elif evse_number in station.evses:
        chosen = [station.evses[evse_number]]
    else:
        return REJECTED
    outcomes = {_change_one(station, evse, connector, operative=operative) for evse in chosen}
    station.report_states()
    return SCHEDULED if SCHEDULED in outcomes else ACCEPTED


def _change_one(station: Station, evse: Evse, connector: int | None, *, operative: bool) -> str:
    if connector is not None and len(evse.connectors) > 1:
        closed = evse.inoperative_connectors
        evse.inoperative_connectors = closed - {connector} if operative else closed | {connector}
        return ACCEPTED
    if evse.transaction is not None:
        evse.operative_wanted = operative
        return SCHEDULED if not operative else ACCEPTED
    evse.is_operative = operative
    if evse.reservation is not None and not operative:
        station.lose_reservation(evse, "Removed")  # H01.FR.17
    return ACCEPTED


def unlock(station: Station, evse_number: int) -> str:
    """Releases the cable, and ends a transaction first as 1.6 wants it."""
    evse = station.evses.get(evse_number)
    if evse is None:
        return "Unknown"
    if evse.transaction is not None:
        charging.stop(station, evse, "UnlockCommand", "UnlockCommand")
    return "Unlocked" if evse.unlock() else "UnlockFailed"


# Reservations


def reserve(station: Station, evse_number: int, asked: Reservation) -> str:
    """EVSE 0 means any. A repeated id replaces the reservation. (H01)"""
    cancel_reservation(station, asked.id)
    if asked.until <= station.now:
        return REJECTED
    if evse_number == 0:
        free = next((each for each in station.evses.values() if _is_reservable(each)), None)
        if free is None:
            return "Occupied"
        free.reservation = asked
    else:
        refusal = _why_not_reservable(station.evses.get(evse_number))
        if refusal is not None:
            return refusal
        station.evses[evse_number].reservation = asked
    station.report_states()
    return ACCEPTED


def _is_reservable(evse: Evse) -> bool:
    return _why_not_reservable(evse) is None


def _why_not_reservable(evse: Evse | None) -> str | None:
    if evse is None:
        return REJECTED
    if evse.fault is not None:
        return "Faulted"
    if not evse.is_operative:
        return "Unavailable"
    is_taken = evse.vehicle or evse.transaction or evse.authorization or evse.reservation
    return "Occupied" if is_taken else None


def cancel_reservation(station: Station, reservation_id: int) -> str:
    for evse in station.evses.values():
        if evse.reservation is not None and evse.reservation.id == reservation_id:
            evse.reservation = None
            station.report_states()
            return ACCEPTED
    return REJECTED


# Charging profiles


def install_profile(station: Station, profile: Profile) -> str:
    """Takes effect at once: the physics ask for the limit with every step. (K01)"""
    if profile.evse not in station.evses and profile.evse != 0:
        return REJECTED
    if profile.purpose == TX:
        running = station.evses[profile.evse].transaction if profile.evse else None
        if running is None or profile.transaction not in (None, running.ref):
            return REJECTED
        profile = replace(profile, transaction=running.ref)
    if len(station.profiles) >= PROFILES_MAX:
        return REJECTED
    station.profiles = installed(station.profiles, profile)
    charging.limits_changed(station)
    return ACCEPTED


def clear_profiles(station: Station, criteria: Criteria) -> bool:
    """Says whether there was any to clear."""
    kept = tuple(profile for profile in station.profiles if not criteria.match(profile))
    cleared = len(kept) < len(station.profiles)
    station.profiles = kept
    charging.limits_changed(station)
    return cleared


# Others


def clear_cache(station: Station) -> str:
    if not station.settings.flag("cache_enabled"):
        return REJECTED
    station.tokens.cache.clear()
    return ACCEPTED


def boot_again(station: Station, reason: str = "Triggered") -> None:
    """The server wants a BootNotification now, whatever it said before. (F06)"""
    station.boot_reason, station.boot_due, station.boot_asked = reason, station.now, False


def settings_changed(station: Station, name: str) -> None:
    """Let a changed setting take effect where the station holds a timer of its own."""
    if name == "sample_interval":
        charging.reschedule_samples(station)
    elif name == "aligned_interval":
        station.aligned_due = None
    elif name == "heartbeat_interval" and station.boot is BootState.ACCEPTED:
        station.heartbeat_due = station.now + heartbeat_interval(station)


def heartbeat_interval(station: Station) -> timedelta:
    return station.settings.seconds("heartbeat_interval") or timedelta(days=1)

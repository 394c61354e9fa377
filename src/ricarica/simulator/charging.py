"""How charging begins, goes on and ends at a station, whatever it speaks."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from ricarica.simulator.battery import Vehicle
from ricarica.simulator.core import Answer, Answered, EventAnswer, Station, Unanswered, event_of
from ricarica.simulator.evse import Authorization, ChargingState, Evse
from ricarica.simulator.meter import Sample, readings
from ricarica.simulator.profiles import TX
from ricarica.simulator.tokens import Verdict
from ricarica.simulator.transaction import EventKind, Token, Transaction, TransactionEvent

OFFLINE_VERDICT = Verdict("Accepted")
UNKNOWN_VERDICT = Verdict("Invalid")


# Drivers


def plug_in(station: Station, evse: Evse, vehicle: Vehicle, connector: int) -> None:
    evse.plug_in(vehicle, connector)
    station.shown[evse.number] = "Connected"
    reconsider(station, evse, "CablePluggedIn")


def unplug(station: Station, evse: Evse) -> Vehicle | None:
    gone = evse.unplug()
    reconsider(station, evse, "EVCommunicationLost", reason="EVDisconnected")
    return gone


def present(station: Station, evse: Evse, token: Token) -> None:
    """A driver shows a token: to end what they began, or to begin."""
    running = evse.transaction
    if running is not None and running.is_authorized:
        _present_to_stop(station, evse, running, token)
        return
    if not _may_try(evse, token):
        station.shown[evse.number] = "Rejected"
        return
    seek_verdict(station, evse, token)


def _may_try(evse: Evse, token: Token) -> bool:
    if evse.fault is not None or not evse.is_operative:
        return False
    return evse.authorization is None or evse.authorization.token.is_same(token)


def _present_to_stop(station: Station, evse: Evse, running: Transaction, token: Token) -> None:
    if token.is_same(running.token):
        stop(station, evse, "StopAuthorized", "Local", token)
        return

    def heed(verdict: Verdict) -> None:
        same_group = verdict.group is not None and verdict.group == running.group
        if _is_master(station, verdict) and evse.transaction is running:
            _stop_all(station, token)
        elif verdict.is_accepted and same_group and evse.transaction is running:
            stop(station, evse, "StopAuthorized", "Local", token)
        else:
            station.shown[evse.number] = "Rejected"

    ask_verdict(station, evse, token, heed)


def _is_master(station: Station, verdict: Verdict) -> bool:
    group = station.settings["master_group"]
    return bool(group) and verdict.is_accepted and verdict.group == group


def _stop_all(station: Station, token: Token) -> None:
    """C16.FR.02: without a screen to choose on, a master pass stops whatever runs."""
    for evse in station.evses.values():
        if evse.transaction is not None:
            stop(station, evse, "StopAuthorized", "MasterPass", token)


# Verdicts


def seek_verdict(
    station: Station, evse: Evse, token: Token, remote_start_id: int | None = None
) -> None:
    """Find out whether a token may charge, and let it."""

    def heed(verdict: Verdict) -> None:
        station.shown[evse.number] = verdict.status
        if not verdict.is_accepted:
            return
        if _is_master(station, verdict):
            station.shown[evse.number] = "Rejected"  # C16.FR.03
            _stop_all(station, token)
            return
        if verdict.evses and evse.number not in verdict.evses:
            station.shown[evse.number] = "Rejected"  # C01.FR.21
            return
        if _reservation_allows(evse, token, verdict.group):
            authorize(station, evse, token, verdict.group, remote_start_id)
        else:
            station.shown[evse.number] = "Reserved"

    ask_verdict(station, evse, token, heed)


def ask_verdict(
    station: Station, evse: Evse, token: Token, heed: Callable[[Verdict], None]
) -> None:
    known = _remembered(station, token)
    if not station.online or not station.is_accepted:
        heed(offline_verdict(station, token))
        return
    if known is not None and known.is_accepted and station.settings.flag("local_pre_authorize"):
        heed(known)
        return
    if evse.number in station.asking:
        return
    station.asking.add(evse.number)

    def answered(answer: Answer) -> None:
        station.asking.discard(evse.number)
        heed(_verdict_of(station, token, answer))

    station.ask(station.speech.authorize(token), answered)


def _verdict_of(station: Station, token: Token, answer: Answer) -> Verdict:
    if isinstance(answer, Answered):
        verdict = station.speech.authorize_answer(answer.payload)
        station.prices_of[token.uid.casefold()] = verdict.tariff
        station.messages_of[token.uid.casefold()] = verdict.message
        if station.settings.flag("cache_enabled"):
            station.tokens.remember(token, verdict)
        return verdict
    if isinstance(answer, Unanswered):
        return offline_verdict(station, token)
    return UNKNOWN_VERDICT


def offline_verdict(station: Station, token: Token) -> Verdict:
    """What a station decides alone. (1.6 §3.5.1; C13, C15)"""
    known = _remembered(station, token)
    if station.settings.flag("local_authorize_offline") and known is not None:
        return known
    if station.settings.flag("offline_unknown_allowed") and known is None:
        return OFFLINE_VERDICT
    return UNKNOWN_VERDICT


def _remembered(station: Station, token: Token) -> Verdict | None:
    use_cache = station.settings.flag("cache_enabled")
    if not station.settings.flag("local_list_enabled"):
        return station.tokens.cache.get(token.uid.casefold()) if use_cache else None
    return station.tokens.recall(token, station.now, use_cache=use_cache)


def _reservation_allows(evse: Evse, token: Token, group: str | None) -> bool:
    held = evse.reservation
    if held is None or held.token.is_same(token):
        return True
    return held.group is not None and held.group == group


def authorize(
    station: Station,
    evse: Evse,
    token: Token,
    group: str | None = None,
    remote_start_id: int | None = None,
    *,
    is_remote: bool = False,
) -> None:
    """Let a token charge here. It starts at once if a car is connected."""
    evse.authorization = Authorization(
        token,
        station.now + station.settings.seconds("connection_timeout"),
        is_remote=is_remote or remote_start_id is not None,
        remote_start_id=remote_start_id,
        group=group,
    )
    evse.last_finished = False  # the same car may charge again without being unplugged
    trigger = "RemoteStart" if evse.authorization.is_remote else "Authorized"
    reconsider(station, evse, trigger)


# From one state to the next


def reconsider(station: Station, evse: Evse, trigger: str, *, reason: str | None = None) -> None:
    """After anything changed: does a transaction begin, change or end?"""
    if evse.transaction is None:
        if _begins(station, evse):
            begin(station, evse, trigger)
    elif _ends(station, evse):
        end(station, evse, trigger, reason or "Local")
    else:
        _follow(station, evse, evse.transaction, trigger)
    station.report_states()


def _conditions(evse: Evse, *, connected: bool) -> dict[str, bool]:
    authorized = evse.authorization is not None
    return {
        "ParkingBayOccupancy": connected,
        "EVConnected": connected,
        "Authorized": authorized,
        "PowerPathClosed": connected and authorized,
    }


def _begins(station: Station, evse: Evse) -> bool:
    """E01: a transaction begins when any start point is reached."""
    if evse.fault is not None or not evse.is_operative or evse.last_finished:
        return False
    reached = _conditions(evse, connected=evse.vehicle is not None)
    return any(reached[point] for point in station.settings.members("start_point"))


def _ends(station: Station, evse: Evse) -> bool:
    """E06: it ends when any stop point is left that had been reached before."""
    assert evse.transaction is not None, "nothing runs here"
    stays = evse.vehicle is not None or not station.settings.flag("stop_on_unplug")
    reached = _conditions(evse, connected=stays)
    past = evse.transaction.points_reached
    return any(
        point in past and not reached[point] for point in station.settings.members("stop_point")
    )


def _note_points(evse: Evse, transaction: Transaction) -> None:
    transaction.points_reached |= {
        point
        for point, is_reached in _conditions(evse, connected=evse.vehicle is not None).items()
        if is_reached
    }


def begin(station: Station, evse: Evse, trigger: str) -> None:
    transaction = Transaction(
        ref=station.fresh_ref(),
        evse=evse.number,
        connector=evse.connector_in_use or evse.connectors[0].number,
        started_at=station.clock,
        start_wh=evse.meter.shown_wh,
        reservation_id=evse.reservation.id if evse.reservation else None,
        is_authorized=False,
    )
    evse.transaction, evse.reservation = transaction, None
    station.costs.pop(evse.number, None)
    _take_authorization(evse, transaction)
    _note_points(evse, transaction)
    transaction.next_sample_at = _next_sample(station)
    _bind_profiles(station, transaction)
    station.refresh_limits()
    event = event_of(station, EventKind.STARTED, transaction, trigger)
    transaction.last_charging_state = event.charging_state
    sample = measure(station, evse, "sampled_at_start", "Transaction.Begin")
    station.tell(replace(event, token=transaction.token, sample=sample))
    station.shown[evse.number] = "Charging"


def _bind_profiles(station: Station, transaction: Transaction) -> None:
    """A TxProfile that came with a remote start belongs to the transaction it started."""
    station.profiles = tuple(
        replace(profile, transaction=transaction.ref)
        if (profile.purpose, profile.evse, profile.transaction) == (TX, transaction.evse, None)
        else profile
        for profile in station.profiles
    )


def _take_authorization(evse: Evse, transaction: Transaction) -> None:
    granted = evse.authorization
    if granted is None:
        return
    transaction.is_authorized = True
    transaction.token, transaction.group = granted.token, granted.group
    transaction.remote_start_id = granted.remote_start_id


def _follow(station: Station, evse: Evse, transaction: Transaction, trigger: str) -> None:
    """Tell that a running transaction took a new turn."""
    was_authorized, token = transaction.is_authorized, None
    if evse.authorization is not None and not was_authorized:
        _take_authorization(evse, transaction)
        token = transaction.token
    elif evse.authorization is None:
        transaction.is_authorized = False
    if evse.connector_in_use is not None:
        transaction.connector = evse.connector_in_use
    _note_points(evse, transaction)
    changed = evse.charging_state() != transaction.last_charging_state
    if changed or was_authorized != transaction.is_authorized:
        _update(station, transaction, trigger, token=token)


def _update(
    station: Station,
    transaction: Transaction,
    trigger: str,
    *,
    sample: Sample | None = None,
    token: Token | None = None,
) -> None:
    event = event_of(station, EventKind.UPDATED, transaction, trigger)
    transaction.last_charging_state = event.charging_state
    station.tell(replace(event, sample=sample, token=token))


def stop(
    station: Station, evse: Evse, trigger: str, reason: str, token: Token | None = None
) -> None:
    """Take the permission away; with the usual stop points that ends the transaction."""
    evse.authorization = None
    assert evse.transaction is not None, "nothing to stop"
    evse.transaction.stop_token = token
    evse.transaction.stop_reason = reason
    reconsider(station, evse, trigger, reason=reason)


def end(station: Station, evse: Evse, trigger: str, reason: str) -> None:
    transaction = evse.transaction
    assert transaction is not None, "nothing to end"
    evse.advance(station.now)
    sample = measure(station, evse, "sampled_at_end", "Transaction.End")
    event = event_of(station, EventKind.ENDED, transaction, trigger)
    transaction.ended_at = event.at
    evse.transaction = evse.authorization = None
    evse.last_finished = evse.vehicle is not None
    if evse.operative_wanted is not None:
        evse.is_operative, evse.operative_wanted = evse.operative_wanted, None
    station.forget_profiles_of(transaction)
    station.tell(
        replace(
            event,
            charging_state=ChargingState.EV_CONNECTED if evse.vehicle else ChargingState.IDLE,
            token=transaction.stop_token,
            sample=sample,
            reason=transaction.stop_reason or reason,
        )
    )
    station.shown[evse.number] = "Finished"
    evse.advance(station.now)


def heed_event_answer(station: Station, event: TransactionEvent, answer: EventAnswer) -> None:
    """What the server's answer to a transaction message changes here."""
    transaction = event.transaction
    transaction.is_confirmed = True
    for heed in station.abilities.heeds:
        heed(station, event, answer)
    if answer.number is not None:
        transaction.number = answer.number
    if answer.cost is not None:
        station.show_cost(transaction, answer.cost)
    if answer.verdict is None:
        return
    if event.token is not None and station.settings.flag("cache_enabled"):
        station.tokens.remember(event.token, answer.verdict)
    if answer.verdict.is_accepted:
        transaction.group = answer.verdict.group or transaction.group
    elif event.kind is not EventKind.ENDED and not transaction.is_over:
        _deauthorize(station, station.evses[transaction.evse], transaction)


def _deauthorize(station: Station, evse: Evse, transaction: Transaction) -> None:
    """The server does not know the token that we let in. (1.6 §5.11; C15.FR.03, E05)"""
    station.shown[evse.number] = "Rejected"
    if station.settings.flag("stop_on_invalid"):
        stop(station, evse, "Deauthorized", "DeAuthorized")
    elif not transaction.is_suspended:
        transaction.is_suspended = True
        reconsider(station, evse, "Deauthorized")


# As time goes by


def let_time_pass(station: Station) -> None:
    """Move energy until now, and notice what that changed."""
    station.refresh_limits()
    for evse in station.evses.values():
        evse.advance(station.now)
        _expire(station, evse)
        running = evse.transaction
        if running is None:
            continue
        if evse.charging_state() != running.last_charging_state:
            _update(station, running, "ChargingStateChanged")
        _sample_when_due(station, evse, running)
    for watch in station.abilities.watches:
        watch(station)
    _align_when_due(station)
    station.report_states()


def _expire(station: Station, evse: Evse) -> None:
    held = evse.reservation
    if held is not None and station.now >= held.until:
        station.lose_reservation(evse, "Expired")
    waiting = evse.authorization
    if waiting is None or evse.vehicle is not None or station.now < waiting.until:
        return
    evse.authorization = None
    station.shown[evse.number] = "Timeout"
    reconsider(station, evse, "EVConnectTimeout", reason="Timeout")


def _next_sample(station: Station) -> datetime | None:
    interval = station.settings.seconds("sample_interval")
    return station.now + interval if interval else None


def reschedule_samples(station: Station) -> None:
    """The interval was changed: it holds from now on."""
    for running in station.transactions:
        running.next_sample_at = _next_sample(station)


def _sample_when_due(station: Station, evse: Evse, running: Transaction) -> None:
    if running.next_sample_at is None or station.now < running.next_sample_at:
        return
    running.next_sample_at = _next_sample(station)
    sample = measure(station, evse, "sampled", "Sample.Periodic")
    if sample is not None:
        _update(station, running, "MeterValuePeriodic", sample=sample)


def _align_when_due(station: Station) -> None:
    interval = station.settings.seconds("aligned_interval")
    if not interval:
        station.aligned_due = None
        return
    if station.aligned_due is not None and station.now >= station.aligned_due:
        for evse in station.evses.values():
            _tell_aligned(station, evse)
        station.aligned_due = None
    if station.aligned_due is None:
        station.aligned_due = next_aligned(station.now, interval)


def next_aligned(now: datetime, interval: timedelta) -> datetime:
    """The next multiple of the interval after midnight, or midnight itself."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    passed = (now - midnight) // interval + 1
    return min(midnight + interval * passed, midnight + timedelta(days=1))


def _tell_aligned(station: Station, evse: Evse) -> None:
    sample = measure(station, evse, "aligned", "Sample.Clock")
    if sample is None:
        return
    if evse.transaction is not None:
        _update(station, evse.transaction, "MeterValueClock", sample=sample)
    elif station.online and station.is_accepted:
        station.ask(station.speech.idle_sample(evse, sample))


def measure(station: Station, evse: Evse, setting: str, context: str) -> Sample | None:
    wanted = station.settings.members(setting)
    found = readings(evse.meter, evse.electrics(), wanted, station.rng)
    return Sample(station.clock, context, found) if found else None


def tell_triggered(station: Station, evse: Evse, transaction: Transaction) -> None:
    """A reading now, because the server asked for one. (F06)"""
    sample = measure(station, evse, "sampled", "Trigger")
    _update(station, transaction, "Trigger", sample=sample)


def tell_resumed(station: Station, transaction: Transaction) -> None:
    """It survived a reboot. (E17, B13)"""
    transaction.is_resumed = False
    trigger = "TxResumed" if station.dialect.names_resuming else "ResetCommand"
    _update(station, transaction, trigger)


def limits_changed(station: Station) -> None:
    """Feel a new limit at once, and tell if it stops or frees the current."""
    station.refresh_limits()
    for evse in station.evses.values():
        running = evse.transaction
        if running is not None and evse.charging_state() != running.last_charging_state:
            _update(station, running, "ChargingStateChanged")
    station.report_states()

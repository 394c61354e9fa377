"""What a simulated station does when a server tells it to in OCPP 1.6."""

from collections.abc import Sequence
from datetime import timedelta

from ricarica.ocpp.payload import Payload
from ricarica.ocpp.v16 import messages as v16
from ricarica.simulator import charging, commands
from ricarica.simulator.core import Command, Station, Trigger
from ricarica.simulator.evse import Evse
from ricarica.simulator.profiles import (
    STATION_MAX,
    Criteria,
    Period,
    Profile,
    composite,
    in_unit,
)
from ricarica.simulator.settings import Access, Setting
from ricarica.simulator.transaction import Token

RECURS = {
    v16.RecurrencyKind.Daily: timedelta(days=1),
    v16.RecurrencyKind.Weekly: timedelta(days=7),
}
HEX_DIGITS = frozenset("0123456789abcdefABCDEF")


def _remote_start(station: Station, request: v16.RemoteStartTransactionRequest) -> Payload:
    given = request.charging_profile
    profile = _profile_from(given, request.connector_id or 0, station) if given else None
    asked = commands.StartRequest(Token(request.id_tag), request.connector_id, profile=profile)
    status, _ = commands.request_start(station, asked)
    return v16.RemoteStartTransactionResponse(status=v16.RemoteStartStopStatus(status))


def _remote_stop(station: Station, request: v16.RemoteStopTransactionRequest) -> Payload:
    status = commands.request_stop(station, station.numbered(request.transaction_id))
    return v16.RemoteStopTransactionResponse(status=v16.RemoteStartStopStatus(status))


def _reset(station: Station, request: v16.ResetRequest) -> Payload:
    reason = "HardReset" if request.type is v16.ResetType.Hard else "SoftReset"
    commands.reset_now(station, reason, "RemoteReset")
    return v16.ResetResponse(status=v16.ResetStatus.Accepted)


def _change_availability(station: Station, request: v16.ChangeAvailabilityRequest) -> Payload:
    status = commands.change_availability(
        station,
        request.connector_id,
        operative=request.type is v16.AvailabilityType.Operative,
    )
    return v16.ChangeAvailabilityResponse(status=v16.AvailabilityStatus(status))


def _unlock(station: Station, request: v16.UnlockConnectorRequest) -> Payload:
    outcome = commands.unlock(station, request.connector_id)
    status = "NotSupported" if outcome == "Unknown" else outcome
    return v16.UnlockConnectorResponse(status=v16.UnlockStatus(status))


def _clear_cache(station: Station, request: v16.ClearCacheRequest) -> Payload:
    return v16.ClearCacheResponse(status=v16.ClearCacheStatus(commands.clear_cache(station)))


# Triggers


def _trigger(station: Station, request: v16.TriggerMessageRequest) -> Payload:
    status = _triggered(station, request.requested_message.value, request.connector_id)
    return v16.TriggerMessageResponse(status=status)


def _extended_trigger(station: Station, request: v16.ExtendedTriggerMessageRequest) -> Payload:
    status = _triggered(station, request.requested_message.value, request.connector_id)
    return v16.ExtendedTriggerMessageResponse(status=status)


def _triggered(station: Station, message: str, connector: int | None) -> v16.TriggerMessageStatus:
    if connector is not None and connector != 0 and connector not in station.evses:
        return v16.TriggerMessageStatus.Rejected
    trigger = station.abilities.triggers_v16.get(message)
    if trigger is None:
        return v16.TriggerMessageStatus.NotImplemented
    is_done = trigger(station, _chosen(station, connector))
    return v16.TriggerMessageStatus("Accepted" if is_done else "Rejected")


def _chosen(station: Station, connector: int | None) -> list[Evse]:
    return [evse for evse in station.evses.values() if connector in (None, 0, evse.number)]


def _trigger_boot(station: Station, evses: Sequence[Evse]) -> bool:
    commands.boot_again(station)
    return True


def _trigger_heartbeat(station: Station, evses: Sequence[Evse]) -> bool:
    station.ask(station.speech.heartbeat(), before_acceptance=True)
    return True


def _trigger_status(station: Station, evses: Sequence[Evse]) -> bool:
    if len(evses) == len(station.evses):
        station.report_station()
    for evse in evses:
        status = station.speech.status(station, evse, evse.connectors[0].number)
        station.ask(status, before_acceptance=True)
    return True


def _trigger_meter(station: Station, evses: Sequence[Evse]) -> bool:
    for evse in evses:
        if evse.transaction is not None:
            charging.tell_triggered(station, evse, evse.transaction)
            continue
        sample = charging.measure(station, evse, "sampled", "Trigger")
        if sample is not None:
            station.ask(station.speech.idle_sample(evse, sample), before_acceptance=True)
    return True


TRIGGERS: dict[str, Trigger] = {
    "BootNotification": _trigger_boot,
    "Heartbeat": _trigger_heartbeat,
    "StatusNotification": _trigger_status,
    "MeterValues": _trigger_meter,
}


# Settings


def _get_configuration(station: Station, request: v16.GetConfigurationRequest) -> Payload:
    settings = station.settings
    if not request.key:
        every = [_key_value(station, setting) for setting in settings.with_keys()]
        return v16.GetConfigurationResponse(configuration_key=every)
    asked = request.key[: settings.integer("keys_max")]
    found = [setting for key in asked if (setting := settings.with_key(key)) is not None]
    unknown = [key for key in asked if settings.with_key(key) is None]
    return v16.GetConfigurationResponse(
        configuration_key=[_key_value(station, setting) for setting in found] or None,
        unknown_key=unknown or None,
    )


def _key_value(station: Station, setting: Setting) -> v16.KeyValue:
    assert setting.key is not None, "only settings with a key are shown"
    # A write-only key has no value to show, least of all a password.
    is_readable = setting.access is not Access.WRITE_ONLY
    return v16.KeyValue(
        key=setting.key,
        readonly=setting.access is Access.READ_ONLY,
        value=_value(station, setting)[:500] if is_readable else None,
    )


def _value(station: Station, setting: Setting) -> str:
    if setting.name == "connectors":
        return str(len(station.evses))
    return station.settings[setting.name]


def _change_configuration(station: Station, request: v16.ChangeConfigurationRequest) -> Payload:
    setting = station.settings.with_key(request.key)
    if setting is None:
        status = v16.ConfigurationStatus.NotSupported
    else:
        value = _password_from(request.value) if setting.name == "password" else request.value
        status = v16.ConfigurationStatus(station.settings.change(setting, value).value)
    return v16.ChangeConfigurationResponse(status=status)


def _password_from(value: str) -> str:
    """AuthorizationKey is written in hexadecimal; newer servers send it plainly."""
    is_hex = len(value) % 2 == 0 and len(value) >= 32 and set(value) <= HEX_DIGITS
    return bytes.fromhex(value).decode("latin-1") if is_hex else value


# Charging profiles


def _set_profile(station: Station, request: v16.SetChargingProfileRequest) -> Payload:
    profile = _profile_from(request.cs_charging_profiles, request.connector_id, station)
    is_misplaced = profile.purpose in STATION_MAX and profile.evse != 0
    status = commands.REJECTED if is_misplaced else commands.install_profile(station, profile)
    return v16.SetChargingProfileResponse(status=v16.ChargingProfileStatus(status))


def _profile_from(given: v16.ChargingProfile, connector: int, station: Station) -> Profile:
    schedule = given.charging_schedule
    return Profile(
        id=given.charging_profile_id,
        evse=connector,
        stack_level=given.stack_level,
        purpose=given.charging_profile_purpose.value,
        kind=given.charging_profile_kind.value,
        unit=schedule.charging_rate_unit.value,
        periods=tuple(
            Period(timedelta(seconds=period.start_period), period.limit, period.number_phases)
            for period in schedule.charging_schedule_period
        ),
        start=schedule.start_schedule,
        duration=timedelta(seconds=schedule.duration) if schedule.duration else None,
        recurs_every=RECURS[given.recurrency_kind] if given.recurrency_kind else None,
        valid_from=given.valid_from,
        valid_to=given.valid_to,
        transaction=_ref_of(station, given.transaction_id),
    )


def _ref_of(station: Station, number: int | None) -> str | None:
    if number is None:
        return None
    found = station.numbered(number)
    return found[1].ref if found else f"unknown {number}"


def _clear_profile(station: Station, request: v16.ClearChargingProfileRequest) -> Payload:
    purpose = request.charging_profile_purpose
    criteria = Criteria(
        request.id,
        request.connector_id,
        purpose.value if purpose else None,
        request.stack_level,
    )
    cleared = commands.clear_profiles(station, criteria)
    return v16.ClearChargingProfileResponse(
        status=v16.ClearChargingProfileStatus("Accepted" if cleared else "Unknown")
    )


def _composite(station: Station, request: v16.GetCompositeScheduleRequest) -> Payload:
    evse = station.evses.get(request.connector_id or 1)
    if evse is None:
        return v16.GetCompositeScheduleResponse(status=v16.GetCompositeScheduleStatus.Rejected)
    unit = request.charging_rate_unit or v16.ChargingRateUnit.A
    outlet = evse.outlet
    duration = timedelta(seconds=request.duration)
    periods = [
        v16.ChargingSchedulePeriod(
            start_period=int(offset.total_seconds()),
            limit=in_unit(limit, unit.value, outlet.power_w_max, outlet.phases),
        )
        for offset, limit in composite(station.profiles, station.occasion(evse), duration)
    ]
    return v16.GetCompositeScheduleResponse(
        status=v16.GetCompositeScheduleStatus.Accepted,
        connector_id=request.connector_id,
        schedule_start=station.clock,
        charging_schedule=v16.ChargingSchedule(
            duration=request.duration,
            start_schedule=station.clock,
            charging_rate_unit=unit,
            charging_schedule_period=periods,
        ),
    )


COMMANDS: dict[type[Payload], Command] = {
    v16.RemoteStartTransactionRequest: _remote_start,
    v16.RemoteStopTransactionRequest: _remote_stop,
    v16.ResetRequest: _reset,
    v16.ChangeAvailabilityRequest: _change_availability,
    v16.UnlockConnectorRequest: _unlock,
    v16.ClearCacheRequest: _clear_cache,
    v16.TriggerMessageRequest: _trigger,
    v16.ExtendedTriggerMessageRequest: _extended_trigger,
    v16.GetConfigurationRequest: _get_configuration,
    v16.ChangeConfigurationRequest: _change_configuration,
    v16.SetChargingProfileRequest: _set_profile,
    v16.ClearChargingProfileRequest: _clear_profile,
    v16.GetCompositeScheduleRequest: _composite,
}

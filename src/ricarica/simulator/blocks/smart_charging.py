"""Smart charging in 2.0.1 and 2.1: profiles, limits of others, needs of cars, priority. (K, Q)"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec

from ricarica.ocpp.payload import Payload
from ricarica.ocpp.v2 import messages as v2
from ricarica.simulator import charging, commands
from ricarica.simulator.core import Answer, Answered, Block, Station
from ricarica.simulator.evse import Evse
from ricarica.simulator.profiles import (
    EXTERNAL,
    LOCAL_GENERATION,
    PRIORITY,
    TX,
    Criteria,
    Profile,
    composite,
    in_unit,
)
from ricarica.simulator.settings import Described, Kind, Place
from ricarica.simulator.transaction import Transaction
from ricarica.simulator.v2_profile_checks import complaint
from ricarica.simulator.v2_profiles import profile_from

PAGE = 2  # profiles in one report
OF_OTHERS = (EXTERNAL, LOCAL_GENERATION)
DYNAMIC = v2.ChargingProfileKind.Dynamic
EMS = "EMS"

FEATURES = (
    "DynamicProfiles",
    "MaxOfflineDuration",
    "UseLocalTime",
    "RandomizedDelay",
    "LimitAtSoC",
    "EvseSleep",
)
TRANSFERS = ("AC_single_phase", "AC_three_phase", "AC_BPT", "AC_BPT_DER", "DC", "DC_BPT")


@dataclass
class Smart:
    """What it remembers besides its profiles."""

    features: set[str] = field(default_factory=lambda: set(FEATURES))
    external: int = 0  # ids of what others set are negative, as K11.FR.06 recommends
    signals: list[tuple[datetime, int]] = field(default_factory=list)
    allowed: dict[str, list[str]] = field(default_factory=dict)
    answers: list[Payload] = field(default_factory=list)
    """What the server said to what was told last."""


# -- profiles


def _set_profile(station: Station, request: v2.SetChargingProfileRequest) -> Payload:
    given = request.charging_profile
    features = frozenset(station.memory(Smart).features)
    reason = complaint(station, given, request.evse_id, features)
    if reason is None:
        profile = profile_from(_stamped(station, given), request.evse_id)
        if commands.install_profile(station, profile) == commands.ACCEPTED:
            return v2.SetChargingProfileResponse(status=v2.ChargingProfileStatus.Accepted)
        reason = "TxNotFound" if profile.purpose == TX else "UnknownEVSE"
    return v2.SetChargingProfileResponse(
        status=v2.ChargingProfileStatus.Rejected, status_info=v2.StatusInfo(reason_code=reason)
    )


def _stamped(station: Station, given: v2.ChargingProfile) -> v2.ChargingProfile:
    """K28.FR.05"""
    if given.charging_profile_kind is not DYNAMIC or given.dyn_update_time is not None:
        return given
    return msgspec.structs.replace(given, dyn_update_time=station.clock)


def _clear_profile(station: Station, request: v2.ClearChargingProfileRequest) -> Payload:
    wanted = request.charging_profile_criteria
    purpose = wanted.charging_profile_purpose if wanted else None
    criteria = Criteria(
        request.charging_profile_id,
        wanted.evse_id if wanted else None,
        purpose.value if purpose else None,
        wanted.stack_level if wanted else None,
    )
    # K10.FR.04, K10.FR.09: what others set is passed over
    others = tuple(profile for profile in station.profiles if profile.purpose in OF_OTHERS)
    station.profiles = tuple(each for each in station.profiles if each not in others)
    cleared = commands.clear_profiles(station, criteria)
    station.profiles += others
    return v2.ClearChargingProfileResponse(
        status=v2.ClearChargingProfileStatus("Accepted" if cleared else "Unknown")
    )


def _composite(station: Station, request: v2.GetCompositeScheduleRequest) -> Payload:
    evse = station.evses.get(request.evse_id or 1)
    unit = request.charging_rate_unit or v2.ChargingRateUnit.A
    if evse is None or unit.value not in station.settings["rate_unit"].split(","):
        return v2.GetCompositeScheduleResponse(status=v2.GenericStatus.Rejected)
    outlet, duration = evse.outlet, timedelta(seconds=request.duration)
    periods = [
        v2.ChargingSchedulePeriod(
            start_period=int(offset.total_seconds()),
            limit=in_unit(limit, unit.value, outlet.power_w_max, outlet.phases),
        )
        for offset, limit in composite(station.profiles, station.occasion(evse), duration)
    ]
    return v2.GetCompositeScheduleResponse(
        status=v2.GenericStatus.Accepted,
        schedule=v2.CompositeSchedule(
            evse_id=request.evse_id,
            duration=request.duration,
            schedule_start=station.clock,
            charging_rate_unit=unit,
            charging_schedule_period=periods,
        ),
    )


# -- reports


def _get_profiles(station: Station, request: v2.GetChargingProfilesRequest) -> Payload:
    found = [each for each in station.profiles if _is_asked_for(each, request)]
    words = v2.GetChargingProfileStatus
    if not found:
        return v2.GetChargingProfilesResponse(status=words.NoProfiles)
    pages = list(_pages(found))
    for number, (source, evse, page) in enumerate(pages, 1):
        station.ask(
            v2.ReportChargingProfilesRequest(
                request_id=request.request_id,
                charging_limit_source=source,
                evse_id=evse,
                charging_profile=[_as_said(profile) for profile in page],
                tbc=True if number < len(pages) else None,  # K09.FR.02
            )
        )
    return v2.GetChargingProfilesResponse(status=words.Accepted)


def _is_asked_for(profile: Profile, request: v2.GetChargingProfilesRequest) -> bool:
    wanted = request.charging_profile
    if wanted.charging_profile_id:
        return profile.id in wanted.charging_profile_id
    purpose = wanted.charging_profile_purpose
    return (
        request.evse_id in (None, profile.evse)
        and (purpose is None or purpose.value == profile.purpose)
        and wanted.stack_level in (None, profile.stack_level)
        and (not wanted.charging_limit_source or _source(profile) in wanted.charging_limit_source)
    )


def _source(profile: Profile) -> str:
    return EMS if profile.purpose in OF_OTHERS else "CSO"


def _pages(profiles: Iterable[Profile]) -> Iterator[tuple[str, int, list[Profile]]]:
    groups: dict[tuple[str, int], list[Profile]] = {}
    for profile in profiles:
        groups.setdefault((_source(profile), profile.evse), []).append(profile)
    for (source, evse), group in groups.items():
        for start in range(0, len(group), PAGE):
            yield source, evse, group[start : start + PAGE]


def _as_said(profile: Profile) -> v2.ChargingProfile:
    assert isinstance(profile.said, v2.ChargingProfile), "set in this family's words"
    return msgspec.structs.replace(profile.said, transaction_id=profile.transaction)


# -- dynamic profiles


def _update_dynamic(station: Station, request: v2.UpdateDynamicScheduleRequest) -> Payload:
    words = v2.ChargingProfileStatus
    if _retuned(station, request.charging_profile_id, request.schedule_update):
        return v2.UpdateDynamicScheduleResponse(status=words.Accepted)  # K28.FR.06
    return v2.UpdateDynamicScheduleResponse(
        status=words.Rejected, status_info=v2.StatusInfo(reason_code="InvalidProfile")
    )


def _retuned(station: Station, id: int, update: v2.ChargingScheduleUpdate) -> bool:
    profile = next((each for each in station.profiles if each.id == id), None)
    said = profile.said if profile else None
    if profile is None or not isinstance(said, v2.ChargingProfile):
        return False
    if said.charging_profile_kind is not DYNAMIC:
        return False
    told = {
        name: value
        for name in v2.ChargingScheduleUpdate.__struct_fields__
        if (value := getattr(update, name)) is not None
    }
    [schedule] = said.charging_schedule
    period = msgspec.structs.replace(schedule.charging_schedule_period[0], **told)
    changed = msgspec.structs.replace(schedule, charging_schedule_period=[period])
    retold = msgspec.structs.replace(
        said, charging_schedule=[changed], dyn_update_time=station.clock
    )
    new = profile_from(retold, profile.evse)
    station.profiles = tuple(new if each is profile else each for each in station.profiles)
    charging.limits_changed(station)
    return True


def pull(station: Station, id: int) -> None:
    """K28.FR.10"""

    def heed(answer: Answer) -> None:
        _remember(station, answer)
        if isinstance(answer, Answered):
            update = getattr(answer.payload, "schedule_update", None)
            if update is not None:
                _retuned(station, id, update)

    station.ask(v2.PullDynamicScheduleUpdateRequest(charging_profile_id=id), heed)


# -- priority


def _use_priority(station: Station, request: v2.UsePriorityChargingRequest) -> Payload:
    words = v2.PriorityChargingStatus
    found = station.transaction(request.transaction_id)
    if found is None:  # K21.FR.02
        return v2.UsePriorityChargingResponse(
            status=words.Rejected, status_info=v2.StatusInfo(reason_code="TxNotFound")
        )
    evse, transaction = found
    if request.activate and not _has_priority_profile(station, evse):
        return v2.UsePriorityChargingResponse(status=words.NoProfile)  # K21.FR.01
    _prioritise(station, transaction, request.activate)
    return v2.UsePriorityChargingResponse(status=words.Accepted)


def _has_priority_profile(station: Station, evse: Evse) -> bool:
    places = (0, evse.number)
    return any(each.purpose == PRIORITY and each.evse in places for each in station.profiles)


def _prioritise(station: Station, transaction: Transaction, activate: bool) -> None:
    """K21.FR.05, K21.FR.08, K22.FR.03, K22.FR.05"""
    if transaction.has_priority is activate:
        return
    transaction.has_priority = activate
    charging.limits_changed(station)
    station.ask(
        v2.NotifyPriorityChargingRequest(transaction_id=transaction.ref, activated=activate)
    )


def want_priority(station: Station, evse: int, *, activate: bool = True) -> None:
    """The driver presses the button. K22"""
    place = station.evses[evse]
    if place.transaction and (not activate or _has_priority_profile(station, place)):
        _prioritise(station, place.transaction, activate)


# -- bidirectional charging


def _allow_transfers(station: Station, request: v2.NotifyAllowedEnergyTransferRequest) -> Payload:
    """Q02.FR.06"""
    modes = [mode.value for mode in request.allowed_energy_transfer]
    words = v2.NotifyAllowedEnergyTransferStatus
    if station.transaction(request.transaction_id) is None:
        return v2.NotifyAllowedEnergyTransferResponse(status=words.Rejected)
    station.memory(Smart).allowed[request.transaction_id] = modes
    return v2.NotifyAllowedEnergyTransferResponse(status=words.Accepted)


def _afrr(station: Station, request: v2.AFRRSignalRequest) -> Payload:
    """Q08.FR.10, Q08.FR.11"""
    if not any(_has_signal_curve(profile) for profile in station.profiles):
        return v2.AFRRSignalResponse(
            status=v2.GenericStatus.Rejected,
            status_info=v2.StatusInfo(reason_code="NoSignalWattCurve"),
        )
    station.memory(Smart).signals.append((request.timestamp, request.signal))
    return v2.AFRRSignalResponse(status=v2.GenericStatus.Accepted)


def _has_signal_curve(profile: Profile) -> bool:
    said = profile.said
    if not isinstance(said, v2.ChargingProfile):
        return False
    periods = said.charging_schedule[0].charging_schedule_period
    return any(period.v2x_signal_watt_curve for period in periods)


# -- what it says by itself


@dataclass(frozen=True)
class Outside:
    """What somebody else says may be drawn; or what there is on top of it."""

    limit: Decimal
    evse: int = 0
    source: str = EMS
    unit: str = "A"
    is_told_in_full: bool = True
    is_local_generation: bool | None = None
    is_grid_critical: bool | None = None


def limit_from_outside(station: Station, outside: Outside) -> None:
    """K11, K12, K27"""
    schedule = v2.ChargingSchedule(
        id=1,
        start_schedule=station.clock,
        charging_rate_unit=v2.ChargingRateUnit(outside.unit),
        charging_schedule_period=[v2.ChargingSchedulePeriod(start_period=0, limit=outside.limit)],
    )
    _hold(station, outside, schedule)
    said = v2.ChargingLimit(
        charging_limit_source=outside.source,
        is_local_generation=outside.is_local_generation,
        is_grid_critical=outside.is_grid_critical,
    )
    station.ask(
        v2.NotifyChargingLimitRequest(
            charging_limit=said,
            evse_id=outside.evse or None,
            charging_schedule=[schedule] if outside.is_told_in_full else None,
        ),
        lambda answer: _remember(station, answer),
    )


def _hold(station: Station, outside: Outside, schedule: v2.ChargingSchedule) -> None:
    smart = station.memory(Smart)
    smart.external -= 1
    purpose = LOCAL_GENERATION if outside.is_local_generation else EXTERNAL
    given = v2.ChargingProfile(
        id=smart.external,
        stack_level=0,
        charging_profile_purpose=v2.ChargingProfilePurpose(purpose),
        charging_profile_kind=v2.ChargingProfileKind.Absolute,
        charging_schedule=[schedule],
    )
    commands.install_profile(station, profile_from(given, outside.evse))


def lift_limit(station: Station, *, evse: int = 0, source: str = EMS) -> None:
    """K13"""
    station.profiles = tuple(
        each
        for each in station.profiles
        if each.purpose not in OF_OTHERS or (evse and each.evse != evse)
    )
    charging.limits_changed(station)
    station.ask(
        v2.ClearedChargingLimitRequest(charging_limit_source=source, evse_id=evse or None),
        lambda answer: _remember(station, answer),
    )


def tell_needs(
    station: Station, evse: int, needs: v2.ChargingNeeds, *, tuples_max: int | None = None
) -> None:
    """K15.FR.01, K17.FR.01, K18.FR.01, K20.FR.01"""

    def heed(answer: Answer) -> None:
        _remember(station, answer)
        status = getattr(answer.payload, "status", None) if isinstance(answer, Answered) else None
        is_refused = status is v2.NotifyEVChargingNeedsStatus.Rejected
        if is_refused and needs.v2x_charging_parameters and station.evses[evse].transaction:
            # K18.FR.23, K19.FR.16
            reason = "ReqEnergyTransferRejected"
            charging.end(station, station.evses[evse], "AbnormalCondition", reason)

    station.ask(
        v2.NotifyEVChargingNeedsRequest(
            evse_id=evse, charging_needs=needs, max_schedule_tuples=tuples_max
        ),
        heed,
    )


def tell_plan(
    station: Station, evse: int, limits: Sequence[tuple[int, Decimal]], *, unit: str = "W"
) -> None:
    """K15.FR.10: what the car is going to do, as (seconds from now, limit)."""
    periods = [
        v2.ChargingSchedulePeriod(start_period=start, limit=limit) for start, limit in limits
    ]
    station.ask(
        v2.NotifyEVChargingScheduleRequest(
            time_base=station.clock,
            evse_id=evse,
            charging_schedule=v2.ChargingSchedule(
                id=1,
                charging_rate_unit=v2.ChargingRateUnit(unit),
                charging_schedule_period=periods,
            ),
        ),
        lambda answer: _remember(station, answer),
    )


def _remember(station: Station, answer: Answer) -> None:
    if isinstance(answer, Answered):
        station.memory(Smart).answers.append(answer.payload)


# -- what its device model shows


def _variables(station: Station) -> Iterator[Described]:
    """Of 2.1; those before it know none of these."""
    if not station.dialect.has_unanswered_calls:
        return
    features = station.memory(Smart).features
    for feature in FEATURES:
        place = Place("SmartChargingCtrlr", "SupportsFeature", feature)
        yield Described(place, str(feature in features).lower(), Kind.BOOLEAN)
    yield _members("SupportedAdditionalPurposes", (PRIORITY, LOCAL_GENERATION))
    yield Described(Place("V2XChargingCtrlr", "Enabled"), "true", Kind.BOOLEAN)
    yield Described(Place("ISO15118Ctrlr", "Enabled"), "true", Kind.BOOLEAN)
    modes = tuple(mode.value for mode in v2.OperationMode)
    yield _members("SupportedOperationModes", modes, "V2XChargingCtrlr")
    yield _members("SupportedEnergyTransferModes", TRANSFERS, "V2XChargingCtrlr")


def _members(
    variable: str, values: tuple[str, ...], component: str = "SmartChargingCtrlr"
) -> Described:
    return Described(Place(component, variable), ",".join(values), Kind.MEMBERS)


def _say_limit(station: Station, limit: str, evse: str = "0", source: str = EMS) -> None:
    limit_from_outside(station, Outside(Decimal(limit), int(evse), source))


def _say_lifted(station: Station, evse: str = "0", source: str = EMS) -> None:
    lift_limit(station, evse=int(evse), source=source)


def _say_needs(station: Station, evse: str = "1", power: str = "11000") -> None:
    """What a three-phase car of ISO 15118-2 asks for."""
    current = Decimal(power) / 690
    needs = v2.ChargingNeeds(
        requested_energy_transfer=v2.EnergyTransferMode.AC_three_phase,
        ac_charging_parameters=v2.ACChargingParameters(
            energy_amount=Decimal(20_000),
            ev_min_current=Decimal(6),
            ev_max_current=current.quantize(Decimal(1)),
            ev_max_voltage=Decimal(230),
        ),
    )
    tell_needs(station, int(evse), needs)


def _say_priority(station: Station, evse: str = "1", active: str = "true") -> None:
    want_priority(station, int(evse), activate=active == "true")


def _say_pull(station: Station, id: str) -> None:
    pull(station, int(id))


SAYINGS: dict[str, Callable[..., None]] = {
    "limit": _say_limit,
    "limit_lifted": _say_lifted,
    "needs": _say_needs,
    "priority": _say_priority,
    "pull": _say_pull,
}
COMMANDS: dict[type[Payload], Callable[[Station, Any], Payload]] = {
    v2.SetChargingProfileRequest: _set_profile,
    v2.ClearChargingProfileRequest: _clear_profile,
    v2.GetChargingProfilesRequest: _get_profiles,
    v2.GetCompositeScheduleRequest: _composite,
    v2.UpdateDynamicScheduleRequest: _update_dynamic,
    v2.UsePriorityChargingRequest: _use_priority,
    v2.NotifyAllowedEnergyTransferRequest: _allow_transfers,
    v2.AFRRSignalRequest: _afrr,
}
BLOCK = Block("smart_charging", commands=COMMANDS, variables=(_variables,), sayings=SAYINGS)

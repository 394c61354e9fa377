"""Charging profiles, limits of others and the needs of cars in 2.0.1 and 2.1; K."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from msgspec import to_builtins
from msgspec.structs import replace

from ricarica.energy.commands import (
    AskComposite,
    AskProfiles,
    ClearProfiles,
    SetProfile,
    StartLimited,
)
from ricarica.energy.evses import Composite
from ricarica.energy.facts import (
    CarScheduleTold,
    LimitLifted,
    LimitTold,
    Needs,
    NeedsAnswer,
    NeedsTold,
    ProfilesReported,
)
from ricarica.energy.model import WHOLE_STATION
from ricarica.kernel.clock import is_plausible
from ricarica.kernel.ids import EvseNumber
from ricarica.ocpp.v2 import messages as v2
from ricarica.slices import Slices
from ricarica.stations.commands import Outcome, Result
from ricarica.translation.energy import cleared_result_from, remember_cleared
from ricarica.translation.readings import is_measurable
from ricarica.translation.route import Origin, Part, Phrase, Phrases, Route
from ricarica.translation.starting import expect_limited
from ricarica.translation.v2.energy_words import DER_KIND, PURPOSE, TRANSFER, UNIT, back
from ricarica.translation.v2.phrases import (
    request_start_for,
    request_start_result_from,
    result_from,
)
from ricarica.translation.v2.profiles import (
    as_told,
    composite_from,
    profile_for,
    profile_from,
    schedule_from,
)

# 2.0.1 has no word for "no profile": the station then does what it would do by itself.
NEEDS_ANSWER = {
    NeedsAnswer.ACCEPTED: v2.NotifyEVChargingNeedsStatus.Accepted,
    NeedsAnswer.REJECTED: v2.NotifyEVChargingNeedsStatus.Rejected,
    NeedsAnswer.PROCESSING: v2.NotifyEVChargingNeedsStatus.Processing,
    NeedsAnswer.NO_PROFILE: v2.NotifyEVChargingNeedsStatus.NoChargingProfile,
}
PHASES = {
    v2.EnergyTransferMode.AC_single_phase: 1,
    v2.EnergyTransferMode.AC_two_phase: 2,
    v2.EnergyTransferMode.AC_three_phase: 3,
}
THREE = 3  # phases, unless the transfer says otherwise
DYNAMIC = v2.ControlMode.DynamicControl


def told_at(at: datetime | None, origin: Origin) -> datetime:
    """By the station's clock, if that can be reckoned with."""
    is_fine = at is not None and is_plausible(at, origin.received_at)
    return at if at is not None and is_fine else origin.received_at


def evse_from(number: int | None) -> EvseNumber:
    return WHOLE_STATION if number is None else EvseNumber(max(number, 0))


# -- what stations tell


async def notify_charging_limit(
    req: v2.NotifyChargingLimitRequest, origin: Origin, slices: Slices
) -> v2.NotifyChargingLimitResponse:
    limit = req.charging_limit
    await slices.energy.limit(
        LimitTold(
            origin.station,
            evse_from(req.evse_id),
            limit.charging_limit_source,
            origin.received_at,
            tuple(map(schedule_from, req.charging_schedule or ())),
            is_local_generation=bool(limit.is_local_generation),  # K27
            is_grid_critical=bool(limit.is_grid_critical),
        )
    )
    return v2.NotifyChargingLimitResponse()


async def cleared_charging_limit(
    req: v2.ClearedChargingLimitRequest, origin: Origin, slices: Slices
) -> v2.ClearedChargingLimitResponse:
    evse = None if req.evse_id is None else evse_from(req.evse_id)
    await slices.energy.lift(
        LimitLifted(origin.station, req.charging_limit_source, origin.received_at, evse)
    )
    return v2.ClearedChargingLimitResponse()


def part_of_report(req: v2.ReportChargingProfilesRequest) -> Part:
    # They come without numbers: the last is the one after which nothing follows. K09.FR.02
    return Part("GetChargingProfiles", req.request_id, -1, not req.tbc)


async def report_charging_profiles(
    req: v2.ReportChargingProfilesRequest, origin: Origin, slices: Slices
) -> v2.ReportChargingProfilesResponse:
    reported = ProfilesReported(
        origin.station,
        evse_from(req.evse_id),
        req.charging_limit_source,
        tuple(map(profile_from, req.charging_profile)),
        origin.received_at,
    )
    await slices.energy.report(reported, req.request_id, is_last=not req.tbc)
    return v2.ReportChargingProfilesResponse()


def needs_from(needs: v2.ChargingNeeds) -> Needs:
    ac, dc = needs.ac_charging_parameters, needs.dc_charging_parameters
    v2x = needs.v2x_charging_parameters
    told: dict[str, Any] = {}
    if ac:
        told = _ac_needs(ac, needs.requested_energy_transfer)
    if dc:
        told = _dc_needs(dc)
    if v2x:
        told = _v2x_needs(v2x)
    absurd = [name for name, value in told.items() if _is_absurd(value)]
    der = needs.der_charging_parameters
    return Needs(
        **{name: value for name, value in told.items() if name not in absurd},
        transfer=back(TRANSFER, needs.requested_energy_transfer),
        available=tuple(back(TRANSFER, mode) for mode in needs.available_energy_transfer or ()),
        departs_at=needs.departure_time,
        phases=PHASES.get(needs.requested_energy_transfer),
        is_dynamic=needs.control_mode is DYNAMIC,
        is_bidirectional_protocol=v2x is not None or needs.control_mode is not None,
        der_controls=tuple(
            back(DER_KIND, word) for word in (der.ev_supported_der_control or () if der else ())
        ),
        details=as_told(needs) or {},
    )


def _is_absurd(value: object) -> bool:
    """What no meter could count, no car can need; `details` have it as it came."""
    return isinstance(value, Decimal) and not is_measurable(value, 0)


def _ac_needs(ac: v2.ACChargingParameters, transfer: v2.EnergyTransferMode) -> dict[str, Any]:
    phases = PHASES.get(transfer, THREE)
    return {
        "energy_wh": ac.energy_amount,
        "charge_a_max": ac.ev_max_current,
        "charge_w_max": ac.ev_max_current * ac.ev_max_voltage * phases,
        "charge_w_min": ac.ev_min_current * ac.ev_max_voltage * phases,
    }


def _dc_needs(dc: v2.DCChargingParameters) -> dict[str, Any]:
    most_w: Decimal = dc.ev_max_current * dc.ev_max_voltage
    return {
        "energy_wh": dc.energy_amount,
        "charge_a_max": dc.ev_max_current,
        "charge_w_max": most_w if dc.ev_max_power is None else dc.ev_max_power,
        "soc_percent": dc.state_of_charge,
        "target_soc_percent": dc.full_soc,
    }


def _v2x_needs(v2x: v2.V2XChargingParameters) -> dict[str, Any]:
    charge = (v2x.max_charge_power, v2x.max_charge_power_l2, v2x.max_charge_power_l3)
    discharge = (
        v2x.max_discharge_power,
        v2x.max_discharge_power_l2,
        v2x.max_discharge_power_l3,
    )
    return {
        "energy_wh": v2x.ev_target_energy_request,
        "charge_a_max": v2x.max_charge_current,
        "charge_w_max": _together(charge),
        "charge_w_min": v2x.min_charge_power,
        "discharge_w_max": _together(discharge),
        "has_phases": any(power is not None for power in charge[1:]),
        "target_soc_percent": v2x.target_soc,
    }


def _together(powers: tuple[Decimal | None, ...]) -> Decimal | None:
    told = [power for power in powers if power is not None]
    return sum(told, Decimal(0)) if told else None


async def notify_ev_charging_needs(
    req: v2.NotifyEVChargingNeedsRequest, origin: Origin, slices: Slices
) -> v2.NotifyEVChargingNeedsResponse:
    answer = await slices.cars.need(
        NeedsTold(
            origin.station,
            evse_from(req.evse_id),
            needs_from(req.charging_needs),
            told_at(req.timestamp, origin),  # K15.FR.20
            req.max_schedule_tuples,
        )
    )
    return v2.NotifyEVChargingNeedsResponse(status=NEEDS_ANSWER[answer])


async def notify_ev_charging_schedule(
    req: v2.NotifyEVChargingScheduleRequest, origin: Origin, slices: Slices
) -> v2.NotifyEVChargingScheduleResponse:
    is_fine = await slices.cars.plan(
        CarScheduleTold(
            origin.station,
            evse_from(req.evse_id),
            schedule_from(req.charging_schedule),
            told_at(req.time_base, origin),
            origin.received_at,
            req.selected_charging_schedule_id,
        )
    )
    # K15.FR.11, K15.FR.12
    status = v2.GenericStatus.Accepted if is_fine else v2.GenericStatus.Rejected
    return v2.NotifyEVChargingScheduleResponse(status=status)


ROUTES = (
    Route(
        "NotifyChargingLimit",
        v2.NotifyChargingLimitRequest,
        notify_charging_limit,
        answer_when_put_aside=lambda _: v2.NotifyChargingLimitResponse(),
    ),
    Route(
        "ClearedChargingLimit",
        v2.ClearedChargingLimitRequest,
        cleared_charging_limit,
        answer_when_put_aside=lambda _: v2.ClearedChargingLimitResponse(),
    ),
    Route(
        "ReportChargingProfiles",
        v2.ReportChargingProfilesRequest,
        report_charging_profiles,
        answer_when_put_aside=lambda _: v2.ReportChargingProfilesResponse(),
        part_of=part_of_report,
    ),
    Route("NotifyEVChargingNeeds", v2.NotifyEVChargingNeedsRequest, notify_ev_charging_needs),
    Route(
        "NotifyEVChargingSchedule",
        v2.NotifyEVChargingScheduleRequest,
        notify_ev_charging_schedule,
    ),
)


# -- what we tell


def set_profile_for(command: SetProfile) -> v2.SetChargingProfileRequest:
    return v2.SetChargingProfileRequest(
        evse_id=command.evse, charging_profile=profile_for(command.profile)
    )


async def remember_set(
    command: SetProfile,
    response: v2.SetChargingProfileResponse,
    origin: Origin,
    slices: Slices,
) -> None:
    result = result_from(response)
    await slices.energy.set_answered(
        origin.station, command, result.outcome, result.detail, origin.received_at
    )


def start_limited_for(command: StartLimited) -> v2.RequestStartTransactionRequest:
    # K05.FR.02
    return replace(request_start_for(command.start), charging_profile=profile_for(command.profile))


def clear_profiles_for(command: ClearProfiles) -> v2.ClearChargingProfileRequest:
    if command.id is not None:  # K10.FR.02
        return v2.ClearChargingProfileRequest(charging_profile_id=command.id)
    return v2.ClearChargingProfileRequest(
        charging_profile_criteria=v2.ClearChargingProfile(
            evse_id=command.evse,
            charging_profile_purpose=PURPOSE[command.purpose] if command.purpose else None,
            stack_level=command.stack_level,
        )
    )


def ask_profiles_for(command: AskProfiles) -> v2.GetChargingProfilesRequest:
    return v2.GetChargingProfilesRequest(
        request_id=command.number,
        evse_id=command.evse,
        charging_profile=v2.ChargingProfileCriterion(
            charging_profile_purpose=PURPOSE[command.purpose] if command.purpose else None,
            stack_level=command.stack_level,
            charging_profile_id=list(command.ids) or None,
            charging_limit_source=list(command.sources) or None,
        ),
    )


def asked_result_from(response: v2.GetChargingProfilesResponse) -> Result:
    """That there are none is an answer too."""
    result = result_from(response)
    return Result(Outcome.ACCEPTED, result.status, result.detail)


async def remember_asked(
    command: AskProfiles,
    response: v2.GetChargingProfilesResponse,
    origin: Origin,
    slices: Slices,
) -> None:
    if response.status is v2.GetChargingProfileStatus.NoProfiles:
        await slices.energy.none_installed(origin.station, command.number, origin.received_at)


def ask_composite_for(command: AskComposite) -> v2.GetCompositeScheduleRequest:
    return v2.GetCompositeScheduleRequest(
        duration=command.duration_s,
        evse_id=command.evse,
        charging_rate_unit=UNIT[command.unit] if command.unit else None,
    )


def composite_result_from(response: v2.GetCompositeScheduleResponse) -> Result:
    result = result_from(response)
    schedule = response.schedule
    answer = {} if schedule is None else {"schedule": to_builtins(composite_from(schedule))}
    return Result(result.outcome, result.status, result.detail, answer)


async def remember_composite(
    command: AskComposite,
    response: v2.GetCompositeScheduleResponse,
    origin: Origin,
    slices: Slices,
) -> None:
    if response.schedule is None:
        return
    schedule = composite_from(response.schedule)
    composite = Composite(
        at=origin.received_at,
        duration_s=response.schedule.duration,
        schedule=schedule,
        unit=schedule.unit,
    )
    await slices.energy.composed(origin.station, command.evse, composite)


PHRASES: Phrases = {
    SetProfile: Phrase("SetChargingProfile", set_profile_for, result_from, remember=remember_set),
    StartLimited: Phrase(
        "RequestStartTransaction",
        start_limited_for,
        request_start_result_from,
        remember=expect_limited,
    ),
    ClearProfiles: Phrase(
        "ClearChargingProfile", clear_profiles_for, cleared_result_from, remember=remember_cleared
    ),
    AskProfiles: Phrase(
        "GetChargingProfiles", ask_profiles_for, asked_result_from, remember=remember_asked
    ),
    AskComposite: Phrase(
        "GetCompositeSchedule",
        ask_composite_for,
        composite_result_from,
        remember=remember_composite,
    ),
}

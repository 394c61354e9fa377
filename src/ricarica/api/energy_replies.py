"""How profiles, limits, needs and controls of the grid look in answers."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from msgspec import Struct, to_builtins

from ricarica.authorization.model import EnergyTransfer
from ricarica.energy.composite import Ceiling
from ricarica.energy.der import DerAlarm, DerControl, DerKind, HeldControl
from ricarica.energy.evses import EvseEnergy
from ricarica.energy.model import ExternalLimit, Held, Profile, Purpose, Rule, Schedule
from ricarica.energy.queries import StationEnergy


class ProfileReply(Struct, frozen=True):
    """`wanted` is what we want it to be, `held` what the station has, as far as we know.

    `outcome` is how our last word about it ended; `source` who set it: CSO is us.
    """

    number: int
    evse: int
    purpose: Purpose
    source: str
    in_step: bool
    by_rule: bool
    unwanted: bool
    outcome: str | None
    detail: str | None
    wanted: Profile | None
    held: Profile | None
    told_at: datetime | None
    reported_at: datetime | None


class LimitReply(Struct, frozen=True):
    """What somebody else limits; with `cleared_at`, no longer."""

    evse: int
    source: str
    at: datetime
    schedules: list[Schedule]
    is_local_generation: bool
    is_grid_critical: bool
    cleared_at: datetime | None


class EvseEnergyReply(Struct, frozen=True):
    """What a car asked for and plans, and what the station itself says will hold."""

    evse: int
    transaction: str | None
    needs: dict[str, Any] | None
    needs_at: datetime | None
    answer: str | None
    plan: Schedule | None
    plan_at: datetime | None
    plan_fits: bool | None
    has_priority: bool
    composite: Schedule | None
    composite_at: datetime | None


class ControlReply(Struct, frozen=True):
    control: DerControl
    held: bool
    superseded: bool
    unwanted: bool
    started: bool | None
    outcome: str | None
    detail: str | None
    reported_at: datetime | None


class AlarmReply(Struct, frozen=True):
    kind: DerKind
    fault: str | None
    info: str | None
    at: datetime
    ended_at: datetime | None


class EnergyReply(Struct, frozen=True):
    profiles: list[ProfileReply]
    limits: list[LimitReply]
    evses: list[EvseEnergyReply]
    controls: list[ControlReply]
    alarms: list[AlarmReply]


class SpanReply(Struct, frozen=True):
    """From `at` until the next one. null: nothing limits it.

    What only the station knows: by chance it may begin `delay_s` later; from `less_from_soc`
    percent on the car gets less; with `by_unknown_clock` it goes by the station's wall clock,
    which was taken for UTC, since the station did not tell where it stands.
    """

    at: datetime
    limit_w: Decimal | None
    limit_a: Decimal | None
    discharge_w: Decimal | None
    setpoint_w: Decimal | None
    delay_s: int | None = None
    less_from_soc: int | None = None
    by_unknown_clock: bool = False


class TransferRuleReply(Struct, frozen=True):
    """`station` null: for all that have nothing of their own."""

    station: str | None
    transfers: list[EnergyTransfer] | None
    power_w: Decimal | None


def energy_reply(found: StationEnergy) -> EnergyReply:
    return EnergyReply(
        list(map(profile_reply, found.profiles)),
        list(map(limit_reply, found.limits)),
        list(map(evse_reply, found.evses)),
        list(map(control_reply, found.controls)),
        list(map(alarm_reply, found.alarms)),
    )


def profile_reply(held: Held) -> ProfileReply:
    return ProfileReply(
        held.id,
        held.evse,
        held.purpose,
        held.source,
        held.is_in_step,
        held.by_rule,
        held.unwanted,
        held.outcome,
        held.detail,
        held.wanted,
        held.held,
        held.told_at,
        held.reported_at,
    )


def limit_reply(limit: ExternalLimit) -> LimitReply:
    return LimitReply(
        limit.evse,
        limit.source,
        limit.at,
        list(limit.schedules),
        limit.is_local_generation,
        limit.is_grid_critical,
        limit.cleared_at,
    )


def evse_reply(each: EvseEnergy) -> EvseEnergyReply:
    told = each.composite
    return EvseEnergyReply(
        each.evse,
        each.transaction,
        to_builtins(each.needs) if each.needs else None,
        each.needs_at,
        each.answer,
        each.plan,
        each.plan_at,
        each.plan_fits,
        each.has_priority,
        told.schedule if told else None,
        told.at if told else None,
    )


def control_reply(held: HeldControl) -> ControlReply:
    return ControlReply(
        held.control,
        held.held,
        held.superseded,
        held.unwanted,
        held.started,
        held.outcome,
        held.detail,
        held.reported_at,
    )


def alarm_reply(alarm: DerAlarm) -> AlarmReply:
    return AlarmReply(alarm.kind, alarm.fault, alarm.info, alarm.at, alarm.ended_at)


def rule_reply(rule: Rule) -> TransferRuleReply:
    transfers = None if rule.transfers is None else list(rule.transfers)
    return TransferRuleReply(rule.station, transfers, rule.power_w)


def span_reply(at: datetime, ceiling: Ceiling) -> SpanReply:
    return SpanReply(
        at,
        ceiling.in_w(),
        ceiling.in_a(),
        ceiling.discharge_w,
        ceiling.setpoint_w,
        ceiling.delay_s,
        ceiling.less_from_soc,
        ceiling.by_unknown_clock,
    )

"""Sample data of energy for the preview of pages."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from ricarica.authorization.model import EnergyTransfer
from ricarica.energy.der import DerKind
from ricarica.energy.facts import NeedsAnswer
from ricarica.energy.model import Purpose
from ricarica.web.views.charts import Chart, Curve, Measure
from ricarica.web.views.energy import (
    PURPOSE_LABELS,
    AlarmRow,
    CarRow,
    ControlRow,
    Doubts,
    EnergyPage,
    EnergyRow,
    LimitRow,
    ProfileRow,
    RuleForm,
    Standing,
    StationEnergy,
    StationEnergyPage,
)
from ricarica.web.views.lists import Choice
from ricarica.web.views.stations import StationHead
from tools.preview_texts import HOSTILE

EVERYTHING = frozenset(
    {"limit", "profile", "composite", "amounts", "priority", "signal", "control", "report-der"}
)


def rule_form() -> RuleForm:
    transfers = tuple(Choice(each, each) for each in EnergyTransfer)
    chosen = frozenset({"AC_BPT", "DC"})
    return RuleForm("/energy/rule", Decimal(11), transfers, chosen, decides_transfers=True)


def energy_page(now: datetime) -> EnergyPage:
    rows = (
        EnergyRow("MODENA-07", 3, 1, 1, True, 4, 1, 1, now - timedelta(minutes=4)),
        EnergyRow(HOSTILE, 1, 0, 0, False, 0, 0, 0, None),
    )
    return EnergyPage(rows, rule_form(), may_act=True)


def station_energy_page(head: StationHead, now: datetime) -> StationEnergyPage:
    purposes = tuple(Choice(each, msg=label) for each, label in PURPOSE_LABELS.items())
    state = _state(head.id, now)
    return StationEnergyPage(head, state, rule_form(), EVERYTHING, purposes, ("a1b2", HOSTILE))


def empty_station_energy(head: StationHead, now: datetime) -> StationEnergyPage:
    page = station_energy_page(head, now)
    nothing = replace(
        page.state,
        chart=Chart(),
        doubts=Doubts(),
        profiles=(),
        limits=(),
        cars=(),
        controls=(),
        alarms=(),
    )
    return replace(page, state=replace(nothing, may_act=False), can=frozenset(), transactions=())


def _state(station: str, now: datetime) -> StationEnergy:
    hours = tuple(now + timedelta(hours=hour) for hour in range(0, 25, 6))
    ours = tuple(Decimal(kw) * 1000 for kw in (11, 11, 5, 11, 11))
    theirs = tuple(Decimal(kw) * 1000 for kw in (11, 7, 5, 7, 11))
    curves = (Curve(Measure.LIMIT, ours), Curve(Measure.TOLD_LIMIT, theirs))
    return StationEnergy(
        station,
        1,
        (1, 2),
        Chart(hours, curves),
        Doubts(600, 80, by_unknown_clock=True),
        now - timedelta(minutes=3),
        tuple(_profile(index, standing, now) for index, standing in enumerate(Standing, 1)),
        (
            LimitRow(0, "EMS", "12 A", now, True, False, None),
            LimitRow(1, HOSTILE, "", now, False, True, now),
        ),
        (_car(now),),
        tuple(_control(kind, now) for kind in (DerKind.VOLT_VAR, DerKind.ENTER_SERVICE)),
        (
            AlarmRow(DerKind.HV_MUST_TRIP, "OverVoltage", HOSTILE, now, None),
            AlarmRow(DerKind.LF_MUST_TRIP, "UnderFrequency", None, now, now),
        ),
        may_act=True,
        is_connected=True,
    )


def _profile(number: int, standing: Standing, now: datetime) -> ProfileRow:
    return ProfileRow(
        number,
        number % 3,
        tuple(Purpose)[number % 6],
        "16 A → 8 A → 16 A",
        number,
        standing,
        now,
        HOSTILE if standing is Standing.REFUSED else None,
        "CSO",
        '{"purpose": "tx_default"}',
        may_remove=True,
    )


def _car(now: datetime) -> CarRow:
    return CarRow(
        1,
        "AC_BPT",
        now,
        Decimal(20_000),
        Decimal(11_000),
        Decimal(7_000),
        now + timedelta(hours=2),
        NeedsAnswer.ACCEPTED,
        "9000 W → 4000 W",
        plan_fits=False,
        has_priority=True,
        transaction="a1b2",
        json=f'{{"made": "{HOSTILE}"}}',
    )


def _control(kind: DerKind, now: datetime) -> ControlRow:
    is_default = kind is DerKind.ENTER_SERVICE
    return ControlRow(
        str(kind),
        kind,
        1,
        is_default,
        Standing.IN_STEP,
        is_superseded=is_default,
        is_running=not is_default,
        start_at=None if is_default else now,
        ends_at=None if is_default else now + timedelta(hours=1),
        detail=None,
        json="{}",
    )

"""Charging profiles, needs and controls of the grid, in ours and back."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

import pytest

from ricarica.authorization.model import EnergyTransfer
from ricarica.energy.commands import AskProfiles, ClearProfiles, SetDer, SetProfile
from ricarica.energy.der import (
    Curve,
    DerControl,
    DerKind,
    DerUnit,
    Hysteresis,
    LimitMaxDischarge,
    Point,
    Reactive,
    Voltage,
)
from ricarica.energy.facts import NeedsAnswer
from ricarica.energy.model import (
    FrequencyPoint,
    Kind,
    Mode,
    Period,
    Profile,
    Purpose,
    Recurrence,
    Schedule,
    SignalPoint,
    SocLimit,
    Unit,
    flat,
)
from ricarica.kernel.ids import EvseNumber
from ricarica.ocpp import wire
from ricarica.ocpp.dialects import V16, V21, V201, Dialect
from ricarica.ocpp.errors import LocalProtocolError
from ricarica.ocpp.v2 import messages as v2
from ricarica.translation.routes import PHRASES
from ricarica.translation.v2 import energy as v2_energy
from ricarica.translation.v2 import energy_words as words
from ricarica.translation.v2.profiles import profile_for, profile_from
from ricarica.translation.v16 import energy as v16_energy
from ricarica.translation.v21 import der as v21_der
from tests.wire.ocpp.official import complaint

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
FIRST = EvseNumber(1)


@pytest.mark.parametrize(
    ("table", "ours", "theirs"),
    [
        (words.PURPOSE, Purpose, v2.ChargingProfilePurpose),
        (words.KIND, Kind, v2.ChargingProfileKind),
        (words.RECURRENCE, Recurrence, v2.RecurrencyKind),
        (words.UNIT, Unit, v2.ChargingRateUnit),
        (words.MODE, Mode, v2.OperationMode),
        (words.TRANSFER, EnergyTransfer, v2.EnergyTransferMode),
        (words.DER_KIND, DerKind, v2.DERControl),
        (words.DER_UNIT, DerUnit, v2.DERUnit),
        (v2_energy.NEEDS_ANSWER, NeedsAnswer, v2.NotifyEVChargingNeedsStatus),
    ],
)
def test_a_table_has_a_row_for_every_word_of_both_sides(
    table: Mapping[Any, Any], ours: type[StrEnum], theirs: type[StrEnum]
) -> None:
    assert set(table) == set(ours)
    assert set(table.values()) == set(theirs)


RICH = Profile(
    id=7,
    purpose=Purpose.TRANSACTION,
    kind=Kind.RECURRING,
    recurrence=Recurrence.WEEKLY,
    stack_level=2,
    valid_from=NOON,
    valid_to=NOON.replace(hour=13),
    transaction="abc",
    max_offline_s=600,
    invalid_after_offline=True,
    update_interval_s=60,
    updated_at=NOON,
    price_signature="c2lnbmVk",
    schedules=(
        Schedule(
            id=3,
            unit=Unit.W,
            start_at=NOON,
            duration_s=3600,
            min_rate=Decimal(1400),
            power_tolerance=Decimal(5),
            limit_at_soc=SocLimit(80, Decimal(3000)),
            local_time=True,
            randomized_delay_s=30,
            signature_id=1,
            digest="ZGlnZXN0",
            price_levels={
                "timeAnchor": "2026-11-22T12:00:00Z",
                "priceScheduleId": 1,
                "numberOfPriceLevels": 1,
                "priceLevelScheduleEntries": [{"duration": 60, "priceLevel": 0}],
            },
            periods=(
                Period(
                    limit=Decimal(11_000),
                    limit_l2=Decimal(1),
                    limit_l3=Decimal(2),
                    discharge_limit=Decimal(-3),
                    discharge_limit_l2=Decimal(-4),
                    discharge_limit_l3=Decimal(-5),
                    setpoint=Decimal(6),
                    setpoint_l2=Decimal(7),
                    setpoint_l3=Decimal(8),
                    setpoint_reactive=Decimal(9),
                    setpoint_reactive_l2=Decimal(10),
                    setpoint_reactive_l3=Decimal(11),
                    phases=1,
                    phase=2,
                    preconditioning=True,
                    evse_sleep=False,
                    baseline_w=Decimal(12),
                    mode=Mode.LOCAL_FREQUENCY,
                    frequency_curve=(FrequencyPoint(Decimal(50), Decimal(0)),),
                    signal_curve=(SignalPoint(-1, Decimal(-2)),),
                ),
            ),
        ),
    ),
)


def test_a_profile_at_its_richest_comes_back_as_it_went() -> None:
    # K01.FR.96, K01.FR.104, K01.FR.105: what only some stations know can be said
    told = wire.encode(
        v2.SetChargingProfileRequest(evse_id=1, charging_profile=profile_for(RICH)), V21
    )

    heard = wire.decode(told, v2.SetChargingProfileRequest)

    assert profile_from(heard.charging_profile) == RICH


@pytest.mark.parametrize("dialect", [V16, V201, V21], ids=str)
@pytest.mark.parametrize("unit", Unit)
def test_a_plain_limit_fits_every_schema(dialect: Dialect, unit: Unit) -> None:
    command = SetProfile(FIRST, flat(Purpose.TX_DEFAULT, unit, Decimal("8.5"), id=1))
    phrase = PHRASES[dialect.name][SetProfile]

    said = wire.encode(phrase.request_for(command), dialect)

    assert complaint(dialect, "SetChargingProfileRequest", _json(said)) is None


def _json(said: bytes) -> Any:
    return json.loads(said, parse_float=Decimal)


@pytest.mark.parametrize(
    "changes",
    [
        {"purpose": Purpose.PRIORITY},
        {"kind": Kind.DYNAMIC},
        {"max_offline_s": 60},
        {"transaction": "a-name"},
    ],
)
def test_what_1_6_has_no_word_for_is_not_said(changes: dict[str, Any]) -> None:
    wanted = flat(**{"purpose": Purpose.TX_DEFAULT, "unit": Unit.A, "limit": Decimal(8), **changes})

    with pytest.raises(LocalProtocolError, match="no word"):
        v16_energy.profile_for(wanted)


@pytest.mark.parametrize(
    "period",
    [
        Period(limit=Decimal(8), evse_sleep=True),
        Period(limit=Decimal(8), phase=1),
        Period(mode=Mode.CENTRAL_SETPOINT, setpoint=Decimal(1)),
    ],
)
def test_what_1_6_has_no_word_for_in_a_period_is_not_said(period: Period) -> None:
    schedule = Schedule(unit=Unit.A, periods=(period,))

    with pytest.raises(LocalProtocolError, match="no word"):
        v16_energy.profile_for(Profile(purpose=Purpose.TX_DEFAULT, schedules=(schedule,)))


def test_what_2_0_1_has_no_word_for_is_refused_by_its_schema() -> None:
    wanted = flat(Purpose.PRIORITY, Unit.A, Decimal(8), id=1)
    request = v2.SetChargingProfileRequest(evse_id=0, charging_profile=profile_for(wanted))

    with pytest.raises(LocalProtocolError):
        wire.encode(request, V201)


@pytest.mark.usecase("K09", "K10")
def test_criteria_name_an_id_or_what_describes_it() -> None:
    by_id = v2_energy.clear_profiles_for(ClearProfiles(7))
    by_purpose = v2_energy.clear_profiles_for(ClearProfiles(purpose=Purpose.TX_DEFAULT))
    ours = v2_energy.ask_profiles_for(AskProfiles(1, sources=("CSO",)))

    assert by_id.charging_profile_criteria is None  # K10.FR.02
    assert by_purpose.charging_profile_criteria is not None
    assert ours.charging_profile.charging_limit_source == ["CSO"]  # K09.FR.03


INNER = Curve(
    points=(Point(x=Decimal(1), y=Decimal(2)),),
    y_unit=DerUnit.NOT_APPLICABLE,
    response_s=Decimal(3),
    hysteresis=Hysteresis(high=Decimal(4), low=Decimal(5), delay_s=Decimal(6)),
    reactive=Reactive(v_ref=Decimal(7), autonomous_v_ref=True),
    voltage=Voltage(hv10_mean=Decimal(8), during_cessation="active"),
)


@pytest.mark.usecase("R04")
@pytest.mark.parametrize(
    "control",
    [
        DerControl(
            id="a", kind=DerKind.VOLT_VAR, start_at=NOON, duration_s=Decimal(60), curve=INNER
        ),
        DerControl(
            id="b",
            kind=DerKind.LIMIT_MAX_DISCHARGE,
            is_default=True,
            limit_max_discharge=LimitMaxDischarge(
                percent=Decimal(50),
                power_monitoring=Curve(points=INNER.points, y_unit=DerUnit.PCT_MAX_W, priority=3),
            ),
        ),
    ],
    ids=lambda control: str(control.kind),
)
def test_a_control_comes_back_as_it_went(control: DerControl) -> None:
    request = v21_der.set_der_for(SetDer(control))
    said = _json(wire.encode(request, V21))
    assert complaint(V21, "SetDERControlRequest", said) is None
    frame: dict[str, Any] = {
        "id": control.id,
        "is_default": control.is_default,
        "is_superseded": False,
    }
    curves = request.curve and [
        v2.DERCurveGet(curve=request.curve, curve_type=request.control_type, **frame)
    ]
    limits = request.limit_max_discharge and [
        v2.LimitMaxDischargeGet(limit_max_discharge=request.limit_max_discharge, **frame)
    ]
    report = v2.ReportDERControlRequest(
        request_id=1, curve=curves or None, limit_max_discharge=limits or None
    )

    assert list(v21_der.controls_from(report)) == [(control, False)]

"""Values at the edge of what the protocol allows are kept, answered and shown."""

from collections.abc import Callable
from typing import Any

import pytest

from ricarica.energy.composite import Occasion
from ricarica.energy.queries import EnergyQueries
from ricarica.kernel.ids import EvseNumber
from ricarica.ocpp.dialects import V21
from ricarica.testing.lines import Line, LocalLine
from ricarica.testing.world import World, key_of
from ricarica.web.builders import energy as shown

EARLY, LATE = "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"
HUGE, LEAST, MOST = 10**62, -(2**63), 2**63 - 1
SCHEDULE = {
    "id": MOST,
    "startSchedule": EARLY,
    "duration": MOST,
    "chargingRateUnit": "A",
    "chargingSchedulePeriod": [
        {"startPeriod": LEAST, "limit": HUGE},
        {"startPeriod": MOST, "limit": -HUGE, "numberPhases": LEAST},
    ],
}
PROFILES = [
    {
        "id": id,
        "stackLevel": MOST,
        "chargingProfilePurpose": "TxDefaultProfile",
        "chargingProfileKind": kind,
        "recurrencyKind": "Daily",
        "validFrom": EARLY,
        "validTo": LATE,
        "chargingSchedule": [SCHEDULE],
    }
    for id, kind in ((LEAST, "Absolute"), (MOST, "Recurring"), (0, "Dynamic"), (5, "Relative"))
]
NEEDS = {
    "requestedEnergyTransfer": "AC_BPT",
    "departureTime": EARLY,
    "v2xChargingParameters": {"maxChargePower": HUGE, "maxDischargePower": -HUGE},
}
FIXED_VAR = {
    "priority": MOST,
    "setpoint": HUGE,
    "unit": "PctMaxW",
    "startTime": LATE,
    "duration": HUGE,
}
SAID: list[tuple[str, dict[str, Any]]] = [
    (
        "NotifyChargingLimit",
        {
            "chargingLimit": {"chargingLimitSource": "x" * 20},
            "evseId": MOST,
            "chargingSchedule": [SCHEDULE, {**SCHEDULE, "startSchedule": LATE}],
        },
    ),
    ("ClearedChargingLimit", {"chargingLimitSource": "", "evseId": LEAST}),
    (
        "ReportChargingProfiles",
        {
            "requestId": LEAST,
            "chargingLimitSource": "CSO",
            "evseId": MOST,
            "chargingProfile": PROFILES,
        },
    ),
    (
        "NotifyEVChargingNeeds",
        {"evseId": 1, "maxScheduleTuples": LEAST, "timestamp": LATE, "chargingNeeds": NEEDS},
    ),
    (
        "NotifyEVChargingSchedule",
        {"timeBase": EARLY, "evseId": 1, "chargingSchedule": SCHEDULE},
    ),
    ("NotifyPriorityCharging", {"transactionId": "nobody's", "activated": True}),
    ("PullDynamicScheduleUpdate", {"chargingProfileId": LEAST}),
    ("NotifyDERAlarm", {"controlType": "WattPF", "timestamp": EARLY, "extraInfo": "\0"}),
    ("NotifyDERStartStop", {"controlId": "", "started": True, "timestamp": LATE}),
    (
        "ReportDERControl",
        {
            "requestId": LEAST,
            "fixedVar": [
                {"id": "a", "isDefault": False, "isSuperseded": True, "fixedVar": FIXED_VAR}
            ],
        },
    ),
]


@pytest.fixture
def make_line() -> Callable[[], Line]:
    """What crosses the line is what other stories carry over both kinds of it."""
    return LocalLine


async def test_what_is_absurd_is_kept_answered_and_shown(network: World) -> None:
    station = await network.station("ROMA-1", V21)
    teller = network.teller(station)

    answers = [await teller.call_raw(action, payload) for action, payload in SAID]

    now = network.clock.now()
    known = await EnergyQueries(network.database).station(key_of(station), now)
    assert [answer[0] for answer in answers] == [3] * len(SAID), answers
    assert [held.id for held in known.profiles] == [0, 5, MOST]
    for evse in (0, 1, MOST):
        spans = shown.spans_from(known, Occasion(evse=EvseNumber(evse)), now)
        shown.chart_from(spans, None, now)
    assert all(shown.profile_row_from(held, may_act=True).amounts for held in known.profiles)
    assert [shown.car_row_from(each).departs_at for each in known.evses if each.needs] == [None]
    assert [shown.control_row_from(held).start_at for held in known.controls] == [None]

"""Prices of ours and of 2.1, there and back."""

import json
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ricarica.ocpp import wire
from ricarica.ocpp.dialects import V21
from ricarica.ocpp.v2 import messages as v2
from ricarica.tariffs.plan import (
    Bound,
    Conditions,
    Current,
    Plan,
    Price,
    PriceList,
    Tax,
    Text,
)
from ricarica.translation.v21.tariffs import plan_from, tariff_for
from tests.wire.ocpp.official import complaint

amounts = st.decimals(0, 100, places=4)
quantities = st.none() | st.decimals(0, 100_000, places=1)
durations = st.none() | st.integers(0, 86_400).map(lambda s: timedelta(seconds=s))
clocks = st.none() | st.builds(time, st.integers(0, 23), st.integers(0, 59))
days = st.none() | st.dates(date(2025, 1, 1), date(2030, 1, 1))
taxes = st.lists(
    st.builds(Tax, st.just("vat"), st.decimals(0, 30, places=1), st.integers(0, 2)), max_size=5
).map(tuple)
moments = {
    "from_time": clocks,
    "until_time": clocks,
    "days": st.sets(st.integers(0, 6)).map(lambda found: tuple(sorted(found))),
    "from_date": days,
    "until_date": days,
    "current": st.none() | st.sampled_from(Current),
}
conditions = st.builds(
    Conditions,
    **moments,
    from_energy_wh=quantities,
    until_energy_wh=quantities,
    from_current_a=quantities,
    until_power_w=quantities,
    until_duration=durations,
    from_charging=durations,
    from_idle=durations,
)
fixed_conditions = st.builds(
    Conditions, **moments, payment_brand=st.none() | st.just("VISA"), payment_recognition=st.none()
)


def listed(told: st.SearchStrategy[Conditions]) -> st.SearchStrategy[PriceList | None]:
    prices = st.lists(st.builds(Price, amounts, st.none() | told), min_size=1, max_size=3)
    return st.none() | st.builds(PriceList, prices.map(tuple), taxes)


plans = st.builds(
    Plan,
    id=st.just("day.1"),
    currency=st.just("EUR"),
    energy=listed(conditions),
    charging=listed(conditions),
    idle=listed(conditions),
    fixed=listed(fixed_conditions),
    reserved=listed(conditions),
    reservation=listed(fixed_conditions),
    minimum=st.none() | st.builds(Bound, amounts, amounts),
    maximum=st.none() | st.builds(Bound, amounts),
    valid_from=st.none() | st.just(datetime(2026, 5, 4, tzinfo=UTC)),
    texts=st.just((Text("en", "0.61 € per kWh"),)),
)


@given(plans)
def test_a_plan_is_read_back_as_it_was_said(plan: Plan) -> None:
    assert plan_from(tariff_for(plan)) == plan


@given(plans)
def test_every_plan_can_be_said_by_the_official_schema(plan: Plan) -> None:
    request = v2.SetDefaultTariffRequest(evse_id=0, tariff=tariff_for(plan))

    payload = json.loads(wire.encode(request, V21))

    assert complaint(V21, "SetDefaultTariffRequest", payload) is None


@pytest.mark.parametrize(
    "tariff",
    [
        {"tariffId": "10", "currency": "USD", "energy": {"prices": [{"priceKwh": 0.25}]}},
        {
            "tariffId": "22",
            "currency": "EUR",
            "idleTime": {
                "taxRates": [{"type": "vat", "tax": 10}],
                "prices": [{"priceMinute": 0.909, "conditions": {"minIdleTime": 300}}],
            },
        },
        {
            "tariffId": "12",
            "currency": "EUR",
            "fixedFee": {
                "prices": [
                    {"priceFixed": 3, "conditions": {"paymentRecognition": "CC"}},
                    {"priceFixed": 2.5},
                ]
            },
        },
    ],
)
def test_a_tariff_of_others_is_understood_and_said_again(tariff: dict[str, Any]) -> None:
    payload = json.dumps({"evseId": 0, "tariff": tariff}).encode()
    request = wire.decode(payload, v2.SetDefaultTariffRequest)

    assert tariff_for(plan_from(request.tariff)) == request.tariff

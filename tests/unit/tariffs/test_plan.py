from datetime import UTC, datetime
from decimal import Decimal

import pytest

from ricarica.kernel.ids import DEFAULT_TENANT, TariffId
from ricarica.tariffs.model import Prices, Tariff
from ricarica.tariffs.plan import (
    ID_LENGTH_MAX,
    Bound,
    Conditions,
    Counting,
    Plan,
    Price,
    PriceList,
    Tax,
    obstacle,
    plan_of,
    prices_of,
)
from ricarica.tariffs.texts import text_of, texts_of

D = Decimal
NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
PRICES = Prices("EUR", D("0.50"), D("0.02"), D("0.10"), D("1.00"), D(22))
TARIFF = Tariff(DEFAULT_TENANT, TariffId("day"), "Day", PRICES, NOON, NOON, revision=3)


@pytest.mark.parametrize("prices", [PRICES, Prices("EUR"), Prices("EUR", per_session=D(2))])
def test_prices_said_as_a_plan_are_read_back_as_they_were(prices: Prices) -> None:
    tariff = Tariff(DEFAULT_TENANT, TariffId("day"), "Day", prices, NOON, NOON)

    assert prices_of(plan_of(tariff)) == prices


def test_another_revision_has_another_name_that_every_station_can_keep() -> None:
    long = Tariff(DEFAULT_TENANT, TariffId("x" * 80), "Long", PRICES, NOON, NOON, revision=12)

    assert plan_of(TARIFF).id == "day.3"
    assert plan_of(long).id.endswith(".12")
    assert len(plan_of(long).id) <= ID_LENGTH_MAX


@pytest.mark.parametrize(
    "plan",
    [
        Plan(id="x", currency="EUR", minimum=Bound(D(1))),
        Plan(id="x", currency="EUR", reservation=PriceList((Price(D(1)),))),
        Plan(id="x", currency="EUR", energy=PriceList((Price(D(1)), Price(D(2))))),
        Plan(id="x", currency="EUR", energy=PriceList((Price(D(1), Conditions(days=(5,))),))),
        Plan(
            id="x",
            currency="EUR",
            energy=PriceList((Price(D(1)),), (Tax("vat", D(22)),)),
            fixed=PriceList((Price(D(1)),), (Tax("vat", D(10)),)),
        ),
    ],
)
def test_a_plan_that_says_more_than_our_prices_can_is_not_cut_down_to_them(plan: Plan) -> None:
    assert prices_of(plan) is None


WITH_CONDITIONS = Plan(
    id="x", currency="EUR", energy=PriceList((Price(D(1), Conditions(days=(5,))), Price(D(2))))
)


@pytest.mark.parametrize(
    ("counting", "is_fitting"),
    [
        (Counting(), True),
        (Counting(enabled=True, elements_max=2, conditions=True), True),
        (Counting(enabled=False), False),
        (Counting(elements_max=1), False),
        (Counting(conditions=False), False),
    ],
)
def test_a_plan_fits_what_a_station_says_it_can_count(counting: Counting, is_fitting: bool) -> None:
    assert (obstacle(WITH_CONDITIONS, counting) is None) is is_fitting


@pytest.mark.parametrize(
    ("language", "text"),
    [
        (
            "en",
            (
                "0.61 € per kWh, 0.0244 € per minute, 0.122 € per minute after charging, "
                "1.22 € per session (including VAT)"
            ),
        ),
        (
            "it-IT",
            (
                "0,61 € al kWh, 0,0244 € al minuto, 0,122 € al minuto dopo la ricarica, "
                "1,22 € a sessione (IVA inclusa)"
            ),
        ),
    ],
)
def test_prices_are_said_in_the_drivers_language_and_with_vat(language: str, text: str) -> None:
    assert text_of(PRICES, language).content == text


def test_a_language_that_nobody_here_speaks_becomes_english() -> None:
    assert text_of(Prices("EUR"), "tlh").content == "Free of charge"
    assert {text.language for text in texts_of(PRICES)} == {"en", "it", "de", "fr", "es"}

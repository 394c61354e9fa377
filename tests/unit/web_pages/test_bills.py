"""What a transaction came to, as its page says it."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from msgspec import structs

from ricarica.kernel.ids import DEFAULT_TENANT, EvseNumber, StationId, StationKey, TransactionId
from ricarica.tariffs.model import Cost
from ricarica.transactions.model import Entry, EntryKind, Flag, Transaction
from ricarica.transactions.queries.listing import TransactionDetail, TransactionView
from ricarica.web.assets import Assets
from ricarica.web.builders.transactions import live_from
from ricarica.web.rendering import Pages
from ricarica.web.views.transactions import Bill, TransactionLive
from ricarica.web.views.visit import Visit

D = Decimal
NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
KEY = StationKey(DEFAULT_TENANT, StationId("CP-1"))
BUILT = ("app.css", "app.js", "symbols.svg", "mark.svg", "land.json")
PAGES = Pages(Assets({name: name for name in BUILT}))
ENDED = Transaction(
    KEY, "7", TransactionId("t1"), EvseNumber(1), NOON, NOON, ended_at=NOON + timedelta(hours=1)
)


def shown(live: TransactionLive) -> str:
    visit = Visit(None, NOON, "/", "")
    return re.sub(r"<[^>]+>|\s+", " ", PAGES.render(live, visit))


def live_of(transaction: Transaction) -> TransactionLive:
    return live_from(TransactionDetail(TransactionView(transaction, connected=True), ()), (), NOON)


@pytest.mark.parametrize(
    ("excl", "parts"),
    [
        ("1.5625", ["€1.56", "€0.35", "€1.91"]),  # VAT by itself: 0.34375
        ("0.125", ["€0.13", "€0.02", "€0.15"]),  # by itself: 0.0275
        ("10", ["€10.00", "€2.20", "€12.20"]),
    ],
)
def test_net_and_vat_add_up_to_the_total(excl: str, parts: list[str]) -> None:
    vat = D(excl) * D("0.22")
    cost = Cost("EUR", (), D(excl), vat, D(excl) + vat)

    page = shown(replace(live_of(ENDED), bill=Bill(cost, D(22))))

    assert re.findall("€[0-9.]+", page) == parts


@pytest.mark.parametrize(
    ("hours", "days"), [((0, 1), []), ((0, 1, 14, 15, 40), ["5 May", "6 May"])]
)
def test_a_timeline_past_midnight_says_when_another_day_begins(
    hours: tuple[int, ...], days: list[str]
) -> None:
    at = [NOON + timedelta(hours=hour) for hour in hours]
    entries = tuple(Entry(KEY, "7", EntryKind.PROGRESSED, each, each) for each in at)
    detail = TransactionDetail(TransactionView(ENDED, connected=True), entries)

    page = shown(live_from(detail, (), NOON + timedelta(days=9)))

    assert re.findall(r"(\d+ May) 2026", page.split("Timeline")[1]) == days


def test_what_an_absurd_meter_told_is_not_billed_and_not_called_free() -> None:
    absurd = structs.replace(ENDED, flags=frozenset({Flag.IMPLAUSIBLE_ENERGY}))

    assert "Not billed" in shown(live_of(absurd))
    assert "Free of charge" not in shown(live_of(absurd))
    assert "Free of charge" in shown(live_of(ENDED))

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from msgspec import structs

from ricarica.configuration.commands import ReportSettings
from ricarica.configuration.model import Access, Setting
from ricarica.engine.queries.messages import LoggedMessage
from ricarica.engine.sayings import Saying
from ricarica.kernel.errors import InvalidError
from ricarica.kernel.ids import DEFAULT_TENANT, EvseNumber, StationId, StationKey, TransactionId
from ricarica.stations.commands import Reset, Topic, Trigger
from ricarica.stations.model import ConnectorStatus
from ricarica.transactions.model import ChargingState, ParkingTally, StatePoint, Transaction
from ricarica.transactions.queries.overview import PowerPoint
from ricarica.transactions.readings import Measurand, Reading
from ricarica.web.builders.commands import SAID_AS, saying_of
from ricarica.web.builders.lists import pager_of
from ricarica.web.builders.messages import messages_from
from ricarica.web.builders.overview import midnight, power_from
from ricarica.web.builders.settings import groups_from
from ricarica.web.builders.statuses import (
    MATTERS,
    status_from,
    transaction_status,
    what_matters,
)
from ricarica.web.builders.transactions import chart_of, day_from, thinned, totals
from ricarica.web.pages.tariffs import Filled, filled_from, number_from
from ricarica.web.views.charts import Measure
from ricarica.web.views.commands import Command
from ricarica.web.views.messages import Direction, MessageKind
from ricarica.web.views.status import Status

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
KEY = StationKey(DEFAULT_TENANT, StationId("CP-1"))
POWER = Measurand.POWER_ACTIVE_IMPORT
REGISTER = Measurand.ENERGY_ACTIVE_IMPORT_REGISTER
RUNNING = Transaction(
    KEY, "7", TransactionId("t1"), EvseNumber(1), NOON, NOON, register_start_wh=Decimal(1000)
)


# -- how something is doing


def test_offline_wins_over_what_was_reported_last() -> None:
    assert status_from(ConnectorStatus.CHARGING, is_connected=False) is Status.OFFLINE
    assert status_from(ConnectorStatus.CHARGING, is_connected=True) is Status.CHARGING
    assert status_from(None, is_connected=True) is Status.UNKNOWN


def test_a_transaction_says_what_it_does_as_well_as_it_can() -> None:
    paused = StatePoint(NOON, 1, ChargingState.SUSPENDED_EV)
    told = structs.replace(RUNNING, parking=ParkingTally(paused))

    assert transaction_status(told, is_connected=True) is Status.SUSPENDED_EV
    assert transaction_status(RUNNING, is_connected=True) is Status.OCCUPIED
    drawing = structs.replace(RUNNING, power_w=Decimal(7400))
    assert transaction_status(drawing, is_connected=True) is Status.CHARGING
    assert transaction_status(drawing, is_connected=False) is Status.OFFLINE


def test_a_fault_matters_more_than_a_charge_and_every_status_has_its_rank() -> None:
    assert what_matters([Status.AVAILABLE, Status.CHARGING, Status.FAULTED]) is Status.FAULTED
    assert set(MATTERS) == set(Status)


# -- curves


def test_phases_are_added_up_unless_the_whole_was_told() -> None:
    readings = [
        Reading(POWER, Decimal(1), NOON, phase="L1"),
        Reading(POWER, Decimal(2), NOON, phase="L2"),
        Reading(POWER, Decimal(4), NOON + MINUTE, phase="L1"),
        Reading(POWER, Decimal(9), NOON + MINUTE),
        Reading(POWER, Decimal(99), NOON, location="Inlet"),
    ]

    assert totals(readings, POWER) == {NOON: Decimal(3), NOON + MINUTE: Decimal(9)}


def test_energy_counts_from_the_start_and_gaps_stay_gaps() -> None:
    readings = [
        Reading(REGISTER, Decimal(1000), NOON),
        Reading(REGISTER, Decimal(1500), NOON + MINUTE),
        Reading(POWER, Decimal(30_000), NOON + MINUTE),
    ]

    chart = chart_of(RUNNING, readings)

    curves = {curve.measure: curve.values for curve in chart.curves}
    assert curves == {
        Measure.POWER: (None, Decimal(30_000)),
        Measure.ENERGY: (Decimal(0), Decimal(500)),
    }


def test_a_long_curve_is_thinned_and_keeps_its_ends() -> None:
    times = [NOON + number * MINUTE for number in range(1000)]

    kept = thinned(times)

    assert (kept[0], kept[-1]) == (times[0], times[-1])
    assert len(kept) <= 601


def test_the_network_draws_nothing_where_nothing_was_measured() -> None:
    points = [PowerPoint(NOON, Decimal(5)), PowerPoint(NOON + 2 * MINUTE, Decimal(7))]

    history = power_from(points, NOON + 3 * MINUTE, MINUTE)

    assert history.chart.curves[0].values == tuple(map(Decimal, (5, 0, 7, 0)))
    assert (history.peak_w, history.peak_at) == (Decimal(7), NOON + 2 * MINUTE)


def test_a_point_is_no_curve() -> None:
    assert power_from([PowerPoint(NOON, Decimal(5))], NOON, MINUTE).chart.is_empty


# -- days, where the operator is


def test_days_begin_where_the_operator_is() -> None:
    late = datetime(2026, 7, 1, 22, 30, tzinfo=UTC)

    assert midnight(late, "Europe/Rome").astimezone(UTC) == late.replace(minute=0)
    assert day_from("2026-07-02", "Europe/Rome") == late.replace(minute=0)
    assert day_from("", "Europe/Rome") is None


@pytest.mark.parametrize("typed", ["tomorrow", "0001-01-01", "9999-12-31", "2026-02-30"])
def test_what_is_no_day_is_refused(typed: str) -> None:
    with pytest.raises(InvalidError, match="2026-05-04"):
        day_from(typed, "UTC")


# -- messages


def logged(**changes: object) -> LoggedMessage:
    whole = LoggedMessage(
        7, NOON, True, "m1", "Heartbeat", "{}", '{"currentTime":"x"}', "answered", 12, ()
    )
    return replace(whole, **changes)  # type: ignore[arg-type]  # any field of it


def test_an_answer_stands_above_its_request_and_goes_the_other_way() -> None:
    answer, request = messages_from([logged()])

    assert (answer.kind, answer.direction) == (MessageKind.RESULT, Direction.TO_STATION)
    assert (request.kind, request.direction) == (MessageKind.CALL, Direction.FROM_STATION)
    assert (answer.took_ms, request.took_ms) == (12, None)


def test_an_error_and_a_silence_say_so() -> None:
    error, _ = messages_from([logged(outcome="FormationViolation")])
    [alone] = messages_from([logged(response=None, outcome="unknown")])

    assert (error.kind, error.problem) == (MessageKind.ERROR, "FormationViolation")
    assert (alone.kind, alone.problem) == (MessageKind.CALL, "unknown")


def test_what_never_became_a_message_is_a_note() -> None:
    [note] = messages_from([logged(action="", response=None, outcome="unreadable")])

    assert (note.kind, note.problem) == (MessageKind.NOTE, "unreadable")


# -- settings


def test_settings_stand_by_component_and_booleans_are_picked() -> None:
    flat = Setting(KEY, "LocalPreAuthorize", "true", None, NOON, kind="boolean")
    secret = Setting(KEY, "SecurityCtrlr.BasicAuthPassword", None, Access.WRITE_ONLY, NOON)
    fixed = Setting(KEY, "SecurityCtrlr.Identity", "CP-1", Access.READ_ONLY, NOON)

    groups = groups_from([fixed, secret, flat], may_write=True)

    assert [group.name for group in groups] == [None, "SecurityCtrlr"]
    assert groups[0].settings[0].choices == ("true", "false")
    password, identity = groups[1].settings
    assert (password.name, password.value, password.is_read_only) == (
        "BasicAuthPassword",
        None,
        False,
    )
    assert identity.is_read_only


# -- lists, commands and prices


def test_a_pager_keeps_the_filters_and_leads_back_to_the_first_page() -> None:
    pager = pager_of("/tokens", {"q": "a", "after": "x", "done": "token-saved"}, "y")

    assert (pager.previous_url, pager.next_url) == ("/tokens?q=a", "/tokens?q=a&after=y")
    assert pager_of("/tokens", {"q": ""}, None).next_url is None


def test_every_button_stands_for_a_command() -> None:
    assert set(SAID_AS) == set(Command)


@pytest.mark.parametrize(
    "typed,number", [("0,45", "0.45"), ("0.45", "0.45"), (" 1 ", "1"), ("", "0")]
)
def test_prices_are_read_with_a_point_or_a_comma(typed: str, number: str) -> None:
    assert number_from(typed) == Decimal(number)


@pytest.mark.parametrize("typed", ["cheap", "1.000,5", "NaN", "Infinity", "1" * 40])
def test_what_is_no_number_is_none(typed: str) -> None:
    assert number_from(typed) is None


def test_a_form_with_mistakes_names_each() -> None:
    wrong = filled_from({"name": " ", "currency": "EURO", "per_kwh": "-1", "vat_percent": "101"})

    assert isinstance(wrong, dict)
    assert set(wrong) == {"name", "currency", "per_kwh", "vat_percent"}


def test_a_form_without_mistakes_makes_prices() -> None:
    filled = filled_from(
        {"name": "City", "currency": "eur", "per_kwh": "0,45", "is_default": "true"}
    )

    assert isinstance(filled, Filled)
    assert (filled.prices.currency, filled.prices.per_kwh) == ("EUR", Decimal("0.45"))
    assert filled.is_default


def test_a_command_is_kept_as_it_was_chosen() -> None:
    status = [Trigger(Topic.STATUS, EvseNumber(1)), Trigger(Topic.STATUS, EvseNumber(2))]

    assert saying_of("trigger", {"topic": "status"}, status) == Saying(
        "trigger", {"topic": "status"}
    )
    assert saying_of("reset", {}, [Reset(hard=True)]).body["hard"] is True
    assert saying_of("settings", {}, [ReportSettings(7)]) == Saying("settings", {})

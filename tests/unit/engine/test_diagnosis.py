"""What keeps a station away, and what is said about it."""

import string
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ricarica.engine.diagnosis import Address, Diagnosis, Finding, Known, Level, diagnosed
from ricarica.engine.diagnosis_texts import WORDS
from ricarica.engine.refusals import Reason, Refusal, Refusals
from ricarica.kernel.ids import (
    DEFAULT_TENANT,
    ConnectorNumber,
    EvseNumber,
    StationId,
    StationKey,
)
from ricarica.stations.model import Acceptance, Connector, ConnectorStatus, Station

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
KEY = StationKey(DEFAULT_TENANT, StationId("COMO-1"))
WELL = Station(
    KEY,
    Acceptance.ACCEPTED,
    NOW - timedelta(days=9),
    connected=True,
    dialect="2.0.1",
    booted_at=NOW - timedelta(days=1),
    connection_changed_at=NOW - timedelta(hours=2),
    last_seen_at=NOW - timedelta(minutes=1),
)
KNOWN = Known(
    "COMO-1",
    NOW,
    timedelta(minutes=5),
    WELL,
    address=Address("wss://csms.example.com", "csms.example.com", ("192.0.2.1",), None, True, True),
)


def codes(known: Known) -> list[str]:
    return [each.code for each in diagnosed(known).findings]


def found(known: Known, code: str) -> Finding:
    return next(each for each in diagnosed(known).findings if each.code == code)


def turned_away(reason: Reason, *, ago: timedelta = timedelta(minutes=1)) -> Refusals:
    refusal = Refusal(NOW - ago, reason, "192.0.2.9", secure=False, offered="ocpp1.2")
    return Refusals(DEFAULT_TENANT, "como-1", "COMO-1", True, 3, refusal.at, (refusal,))


def test_a_station_that_works_is_well() -> None:
    diagnosis = diagnosed(KNOWN)

    assert diagnosis.is_well
    assert set(codes(KNOWN)) == {"registered", "connected", "address_ok"}


@pytest.mark.parametrize(
    ("changes", "code", "level"),
    [
        ({"acceptance": Acceptance.PENDING}, "pending", Level.BAD),
        ({"acceptance": Acceptance.BLOCKED}, "blocked", Level.BAD),
        ({"connected": False}, "disconnected", Level.BAD),
        ({"connected": False, "connection_changed_at": None}, "never_connected", Level.BAD),
        ({"booted_at": None}, "never_booted", Level.WARNING),
        ({"security_profile": 2}, "password_missing", Level.BAD),
        ({"pending_profile": 2}, "profile_awaited", Level.NOTE),
        ({"last_seen_at": NOW - timedelta(minutes=16)}, "silent", Level.WARNING),
    ],
)
def test_what_is_known_of_a_station_tells(changes: dict[str, Any], code: str, level: Level) -> None:
    known = replace(KNOWN, station=replace(WELL, **changes))

    assert found(known, code).level is level


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"skew": timedelta(minutes=6)}, "clock_ahead"),
        ({"skew": -timedelta(minutes=6)}, "clock_behind"),
        ({"connections_in_hour": 10}, "flapping"),
        ({"put_aside": 1}, "put_aside"),
        ({"mended": 214}, "mended"),
        ({"errors": [("StartTransaction", "InternalError", NOW)]}, "error"),
        ({"refused_tokens": [("blocked", "04A1", NOW)]}, "token_refused"),
        ({"certificate_until": NOW}, "own_certificate_expired"),
    ],
)
def test_what_it_does_tells_too(changes: dict[str, Any], code: str) -> None:
    assert code in codes(replace(KNOWN, **changes))


@pytest.mark.parametrize(
    ("changes", "quiet"),
    [
        ({"skew": timedelta(minutes=5)}, "clock_ahead"),
        ({"connections_in_hour": 9}, "flapping"),
    ],
)
def test_a_little_of_it_is_nothing_to_speak_of(changes: dict[str, Any], quiet: str) -> None:
    assert quiet not in codes(replace(KNOWN, **changes))


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"addresses": ()}, "name_unknown"),
        ({"problem": "Connection refused"}, "address_dead"),
        ({"names_fit": False}, "certificate_names"),
        ({"is_trusted": False}, "certificate_trust"),
        ({"not_after": NOW - timedelta(days=1)}, "certificate_expired"),
        ({"not_after": NOW + timedelta(days=13)}, "certificate_expires"),
    ],
)
def test_our_own_address_may_be_the_reason(changes: dict[str, Any], code: str) -> None:
    assert KNOWN.address is not None

    assert code in codes(replace(KNOWN, address=replace(KNOWN.address, **changes)))


@pytest.mark.parametrize("reason", list(Reason))
def test_why_somebody_was_turned_away_is_said(reason: Reason) -> None:
    station = replace(WELL, connected=False)
    known = replace(KNOWN, station=station, refusals=turned_away(reason))

    assert found(known, f"refused_{reason.value}").level is Level.BAD


def test_what_was_before_it_was_let_in_is_only_worth_knowing() -> None:
    before = turned_away(Reason.WRONG_PASSWORD, ago=timedelta(hours=3))

    assert found(replace(KNOWN, refusals=before), "refused_wrong_password").level is Level.NOTE


def test_what_was_yesterday_is_not_said_any_more() -> None:
    before = turned_away(Reason.WRONG_PASSWORD, ago=timedelta(hours=25))

    assert diagnosed(replace(KNOWN, refusals=before)).is_well


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, "never_came"),
        ({"alike": [StationId("COMO-01")]}, "identity_alike"),
        ({"refusals": turned_away(Reason.UNKNOWN)}, "unknown"),
        (
            {"refusals": turned_away(Reason.UNKNOWN), "are_strangers_refused": True},
            "unknown_refused",
        ),
    ],
)
def test_a_name_that_nobody_registered_is_explained(changes: dict[str, Any], code: str) -> None:
    diagnosis = diagnosed(replace(KNOWN, station=None, **changes))

    assert not diagnosis.is_registered
    assert diagnosis.findings[0].level is Level.BAD
    assert code in {each.code for each in diagnosis.findings}


def test_an_outlet_that_is_out_of_order_is_named() -> None:
    broken = Connector(
        KEY,
        EvseNumber(2),
        ConnectorNumber(1),
        ConnectorStatus.FAULTED,
        NOW,
        epoch=1,
        error="GroundFailure",
    )

    assert found(replace(KNOWN, connectors=[broken]), "faulted").values == {
        "evse": 2,
        "why": "GroundFailure",
    }


def everything() -> Diagnosis:
    """As much as can be wrong at once."""
    station = replace(WELL, pending_profile=2, security_profile=1)
    return diagnosed(
        replace(
            KNOWN,
            station=station,
            awaits_password=True,
            refusals=turned_away(Reason.NO_COMMON_DIALECT),
            skew=timedelta(hours=1),
            mended=1,
            put_aside=1,
            errors=[("Heartbeat", "withheld", NOW)],
            refused_tokens=[("blocked", "04", NOW)],
        )
    )


def test_every_finding_has_words_and_every_value_its_place() -> None:
    for finding in everything().findings:
        for text in WORDS[finding.code]:
            assert text % finding.values or not text


def test_words_name_their_values_and_end_as_sentences_do() -> None:
    for code, words in WORDS.items():
        assert words.text[0] in string.ascii_uppercase + "%", code
        assert words.text[-1] in ".s", code
        assert not words.remedy or words.remedy.endswith("."), code

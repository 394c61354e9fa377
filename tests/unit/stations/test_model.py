from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ricarica.kernel.errors import InvalidError
from ricarica.kernel.ids import (
    DEFAULT_TENANT,
    ConnectorNumber,
    EvseNumber,
    StationId,
    StationKey,
)
from ricarica.stations.model import (
    Acceptance,
    Admittance,
    Connector,
    ConnectorStatus,
    Station,
    admittance_of,
    checked_labels,
    is_newer,
    knows_password,
    may_stay,
    secret_for,
    seen,
    without_password,
)

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
KEY = StationKey(DEFAULT_TENANT, StationId("CP-1"))
PASSWORD = b"sixteen bytes ok"
SALT = bytes(range(16))
OPEN = Station(KEY, Acceptance.ACCEPTED, NOON)
LOCKED = replace(OPEN, secret=secret_for(PASSWORD, SALT))
CONNECTOR = Connector(
    KEY, EvseNumber(1), ConnectorNumber(1), ConnectorStatus.AVAILABLE, NOON, epoch=3
)


def test_a_secret_knows_its_password_and_no_other() -> None:
    secret = secret_for(PASSWORD, SALT)

    assert knows_password(secret, PASSWORD)
    assert not knows_password(secret, PASSWORD + b" ")
    assert not knows_password(secret, b"")


def test_a_secret_does_not_show_its_password() -> None:
    assert PASSWORD not in secret_for(PASSWORD, SALT)
    assert "secret" not in repr(LOCKED)


def test_the_same_password_has_another_secret_with_other_salt() -> None:
    assert secret_for(PASSWORD, SALT) != secret_for(PASSWORD, SALT[::-1])


def test_a_password_may_come_as_the_hex_digits_of_its_bytes() -> None:
    secret = secret_for(bytes(range(240, 256)), SALT)

    assert knows_password(secret, bytes(range(240, 256)))
    assert knows_password(secret, b"F0F1F2F3F4F5F6F7F8F9FAFBFCFDFEFF")
    assert not knows_password(secret, b"F0F1F2F3F4F5F6F7F8F9FAFBFCFDFEFE")


@pytest.mark.parametrize(
    "digits", [b"F0F1F2F3F4F5F6F7F8F9FAFBFCFDFEFF", bytes(range(240, 256)).hex().encode()]
)
def test_a_password_set_as_hex_digits_may_come_as_the_bytes_they_stand_for(digits: bytes) -> None:
    secret = secret_for(digits, SALT)

    assert knows_password(secret, bytes(range(240, 256)))
    assert not knows_password(secret, bytes(range(239, 255)))


def test_of_several_passwords_one_alone_can_be_forgotten() -> None:
    both = secret_for(PASSWORD, SALT) + secret_for(b"another of sixteen", SALT)

    left = without_password(both, PASSWORD)

    assert knows_password(both, PASSWORD)
    assert left == secret_for(b"another of sixteen", SALT)
    assert without_password(left, b"another of sixteen") is None


def test_an_open_station_comes_in_with_or_without_a_password() -> None:
    assert admittance_of(OPEN, None, secure=False) is Admittance.WELCOME
    assert admittance_of(OPEN, PASSWORD, secure=False) is Admittance.WELCOME


def test_a_pending_station_may_come_in_to_wait() -> None:
    pending = replace(OPEN, acceptance=Acceptance.PENDING)

    assert admittance_of(pending, None, secure=False) is Admittance.WELCOME


def test_a_blocked_station_stays_outside_whatever_it_knows() -> None:
    blocked = replace(LOCKED, acceptance=Acceptance.BLOCKED)

    assert admittance_of(blocked, PASSWORD, secure=True) is Admittance.BLOCKED


@pytest.mark.parametrize("password", [None, b"", b"sixteen bytes no"])
def test_a_locked_station_needs_its_password(password: bytes | None) -> None:
    assert admittance_of(LOCKED, password, secure=False) is Admittance.WRONG_PASSWORD
    assert admittance_of(LOCKED, PASSWORD, secure=False) is Admittance.WELCOME


@pytest.mark.parametrize(
    "profile,secure,admittance",
    [
        (0, False, Admittance.WELCOME),
        (1, False, Admittance.WELCOME),
        (1, True, Admittance.WELCOME),
        (2, False, Admittance.NOT_SECURE),
        (2, True, Admittance.WELCOME),
        (3, False, Admittance.NOT_SECURE),
        (3, True, Admittance.WRONG_CERTIFICATE),
    ],
)
def test_a_profile_from_two_on_needs_encryption(
    profile: int, secure: bool, admittance: Admittance
) -> None:
    station = replace(LOCKED, security_profile=profile)

    assert admittance_of(station, PASSWORD, secure=secure) is admittance


@pytest.mark.parametrize("profile", [1, 2])
def test_a_profile_with_passwords_lets_nobody_in_before_one_was_given(profile: int) -> None:
    station = replace(OPEN, security_profile=profile)

    assert admittance_of(station, PASSWORD, secure=True) is Admittance.WRONG_PASSWORD


@pytest.mark.parametrize(
    "certificate,admittance",
    [
        ("SN-0042", Admittance.WELCOME),
        (KEY.station, Admittance.WELCOME),
        (KEY.station.lower(), Admittance.WELCOME),
        ("sn-0042", Admittance.WRONG_CERTIFICATE),
        ("CP-other", Admittance.WRONG_CERTIFICATE),
        ("", Admittance.WRONG_CERTIFICATE),
        (None, Admittance.WRONG_CERTIFICATE),
    ],
)
def test_in_profile_three_a_station_shows_a_certificate_of_its_own(
    certificate: str | None, admittance: Admittance
) -> None:
    station = replace(LOCKED, security_profile=3, serial="SN-0042")

    by_certificate = admittance_of(station, PASSWORD, secure=True, certificate=certificate)

    assert by_certificate is admittance


def by(station: Station, name: str, key: str | None = None) -> Admittance:
    return admittance_of(station, None, secure=True, certificate=name, certificate_key=key)


def test_what_a_station_tells_of_itself_does_not_count_where_its_operator_said_what_does() -> None:
    station = replace(LOCKED, security_profile=3, serial="SN-0042", certificate_name="MAKER-7")

    assert by(station, "MAKER-7") is Admittance.WELCOME
    assert by(station, "SN-0042") is Admittance.WRONG_CERTIFICATE
    assert by(station, KEY.station) is Admittance.WRONG_CERTIFICATE


def test_a_certificate_that_is_pinned_is_the_only_one() -> None:
    station = replace(LOCKED, security_profile=3, certificate_pin="ab" * 32)

    assert by(station, KEY.station, "ab" * 32) is Admittance.WELCOME
    assert by(station, KEY.station, "cd" * 32) is Admittance.WRONG_CERTIFICATE
    assert by(station, KEY.station) is Admittance.WRONG_CERTIFICATE
    assert by(station, "CP-other", "ab" * 32) is Admittance.WRONG_CERTIFICATE


@pytest.mark.parametrize("change", [{"certificate_pin": "ab" * 32}, {"certificate_name": "X"}])
def test_who_came_by_another_certificate_than_is_wanted_now_does_not_stay(
    change: dict[str, str],
) -> None:
    known = replace(LOCKED, security_profile=3, secure=True)

    assert not may_stay(known, replace(known, **change))  # type: ignore[arg-type]  # texts, both


def test_a_certificate_is_no_password() -> None:
    by_certificate = admittance_of(LOCKED, None, secure=True, certificate=KEY.station)

    assert by_certificate is Admittance.WRONG_PASSWORD


@pytest.mark.parametrize("before,stays", [(3, True), (2, False), (None, False)])
def test_only_who_has_shown_a_certificate_stays_when_one_is_asked_for(
    before: int | None, stays: bool
) -> None:
    known = replace(LOCKED, security_profile=before, secure=True)

    assert may_stay(known, replace(known, security_profile=3, name="New")) is stays


def test_a_status_gives_way_to_one_of_the_same_moment_but_not_to_an_older_one() -> None:
    assert is_newer(NOON, 3, None, NOON)
    assert is_newer(NOON, 3, CONNECTOR, NOON)
    assert is_newer(NOON + SECOND, 3, CONNECTOR, NOON)
    assert not is_newer(NOON - SECOND, 3, CONNECTOR, NOON)


def test_a_status_of_a_newer_connection_is_newer_whatever_its_clock_says() -> None:
    assert is_newer(NOON - timedelta(days=1), 4, CONNECTOR, NOON)
    assert not is_newer(NOON - SECOND, 2, CONNECTOR, NOON)


def test_a_status_by_a_clock_that_was_ahead_gives_way_once_that_clock_is_right() -> None:
    an_hour_before = NOON - timedelta(hours=1)

    assert is_newer(an_hour_before, 3, CONNECTOR, an_hour_before)
    assert is_newer(an_hour_before - 30 * SECOND, 3, CONNECTOR, an_hour_before)
    assert not is_newer(an_hour_before - 31 * SECOND, 3, CONNECTOR, an_hour_before)


def test_a_clock_that_is_hardly_ahead_still_tells_older_from_newer() -> None:
    assert not is_newer(NOON - 31 * SECOND, 3, CONNECTOR, NOON - 30 * SECOND)
    assert is_newer(NOON - 31 * SECOND, 3, CONNECTOR, NOON - 31 * SECOND)


@pytest.mark.parametrize(
    "seconds,is_written",
    [(0, False), (59, False), (60, True), (3600, True), (-1, True)],
)
def test_a_sign_of_life_is_written_once_a_minute(seconds: int, is_written: bool) -> None:
    station = replace(OPEN, last_seen_at=NOON)
    at = NOON + timedelta(seconds=seconds)

    alive = seen(station, at)

    assert (alive is not station) == is_written
    assert alive.last_seen_at == (at if is_written else NOON)


def test_the_first_sign_of_life_is_written() -> None:
    assert seen(OPEN, NOON).last_seen_at == NOON


def test_labels_are_words_in_any_case_each_once() -> None:
    assert checked_labels(["Fast", " motorway  A1 ", "fast", ""]) == ("fast", "motorway a1")


@pytest.mark.parametrize(
    "labels", [["x" * 41], ["fast,slow"], [f"label {number}" for number in range(21)]], ids=len
)
def test_what_is_no_label_is_refused(labels: list[str]) -> None:
    with pytest.raises(InvalidError):
        checked_labels(labels)

from datetime import UTC, datetime, timedelta

import pytest

from ricarica.billing.totp import is_totp, totp

SECRET = "secure!Charging!"
NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
HALF_A_MINUTE = timedelta(seconds=30)


@pytest.mark.parametrize(
    ("unix_s", "validity_s", "length", "password"),
    [
        (1718611200, 30, 12, "akF3c7qY2uiu"),
        (1716423785, 60, 12, "XJZr0L1DGKn0"),
        (1716423785, 30, 4, "CN63"),
        (2147483647, 30, 12, "cSNjvhC7U5UN"),
    ],
)
def test_a_password_is_what_others_reckon_too(
    unix_s: int, validity_s: int, length: int, password: str
) -> None:
    at, validity = datetime.fromtimestamp(unix_s, UTC), timedelta(seconds=validity_s)

    assert totp(SECRET, at, validity, length) == password


@pytest.mark.parametrize(
    ("later_s", "is_fresh"), [(-31, False), (-30, True), (0, True), (59, True), (60, False)]
)
def test_a_password_holds_in_its_slot_and_in_those_beside_it(later_s: int, is_fresh: bool) -> None:
    password = totp(SECRET, NOON, HALF_A_MINUTE, 8)

    at = NOON + timedelta(seconds=later_s)

    assert is_totp(password, SECRET, at, HALF_A_MINUTE, 8) is is_fresh


def test_a_password_with_strange_signs_is_only_wrong() -> None:
    assert not is_totp("ünïcödé€", SECRET, NOON, HALF_A_MINUTE, 8)


def test_half_a_password_is_none() -> None:
    password = totp(SECRET, NOON, HALF_A_MINUTE, 8)

    assert not is_totp(password[:4], SECRET, NOON, HALF_A_MINUTE, 8)

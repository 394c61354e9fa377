from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ricarica.access.model import (
    PERMISSIONS,
    Actor,
    ActorKind,
    ApiKey,
    Permission,
    Role,
    Session,
    checked_name,
    checked_password,
    checked_role,
    csrf_token_of,
    digest_of,
    is_csrf_token,
)
from ricarica.kernel.errors import ForbiddenError, InvalidError
from ricarica.kernel.ids import DEFAULT_TENANT

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
SESSION = Session("digest", DEFAULT_TENANT, "ada", created_at=NOON, used_at=NOON)
KEY = ApiKey("digest", DEFAULT_TENANT, "id", "ci", "ric_abc", Role.VIEWER, NOON, "ada")


def actor(role: Role) -> Actor:
    return Actor(DEFAULT_TENANT, "ada", role, ActorKind.OPERATOR)


def test_every_role_has_its_permissions_and_an_admin_all() -> None:
    assert set(PERMISSIONS) == set(Role)
    assert PERMISSIONS[Role.ADMIN] == set(Permission)
    assert PERMISSIONS[Role.ADMIN] > PERMISSIONS[Role.OPERATOR] > PERMISSIONS[Role.VIEWER]


def test_a_viewer_may_only_read() -> None:
    actor(Role.VIEWER).must(Permission.READ)

    with pytest.raises(ForbiddenError, match="viewer may not command"):
        actor(Role.VIEWER).must(Permission.COMMAND)


def test_an_operator_may_not_make_operators() -> None:
    actor(Role.OPERATOR).must(Permission.COMMAND)

    assert not actor(Role.OPERATOR).may(Permission.ADMINISTER)


@pytest.mark.parametrize(
    "idle, over",
    [
        (timedelta(hours=12) - timedelta(microseconds=1), False),
        (timedelta(hours=12), True),
    ],
)
def test_a_session_ends_when_it_is_idle_for_twelve_hours(idle: timedelta, over: bool) -> None:
    assert SESSION.is_over(NOON + idle) is over


def test_a_session_ends_after_seven_days_however_often_it_is_used() -> None:
    used = replace(SESSION, used_at=NOON + timedelta(days=7, minutes=-1))

    assert not used.is_over(NOON + timedelta(days=7, microseconds=-1))
    assert used.is_over(NOON + timedelta(days=7))


def test_a_key_ends_at_its_expiry_or_when_it_is_revoked() -> None:
    expiring = replace(KEY, expires_at=NOON + timedelta(hours=1))

    assert not KEY.is_over(NOON + timedelta(days=3650))
    assert not expiring.is_over(NOON + timedelta(minutes=59))
    assert expiring.is_over(NOON + timedelta(hours=1))
    assert replace(KEY, revoked_at=NOON).is_over(NOON)


def test_the_csrf_token_of_a_session_fits_that_session_only() -> None:
    token = csrf_token_of("one session")

    assert is_csrf_token("one session", token)
    assert not is_csrf_token("another session", token)
    assert not is_csrf_token("one session", "")
    assert not is_csrf_token("one session", "päckchen")


def test_a_secret_cannot_be_read_from_its_digest() -> None:
    assert len(digest_of("secret")) == 64
    assert "secret" not in digest_of("secret")


def test_no_password_hash_shows_up_in_a_log() -> None:
    from ricarica.access.model import Operator

    operator = Operator(DEFAULT_TENANT, "Ada", Role.ADMIN, "$argon2id$x", NOON, NOON)

    assert "argon2" not in repr(operator)


@pytest.mark.parametrize("name", ["", "   ", "x" * 65, "a\nb", "a\x1b[31m"])
def test_a_name_that_cannot_be_shown_is_refused(name: str) -> None:
    with pytest.raises(InvalidError, match="1 to 64 printable"):
        checked_name(name)


def test_names_lose_the_spaces_around_them() -> None:
    assert checked_name("  Ada Lovelace ") == "Ada Lovelace"


@pytest.mark.parametrize("length, fits", [(7, False), (8, True), (256, True), (257, False)])
def test_a_password_has_8_to_256_characters(length: int, fits: bool) -> None:
    if fits:
        assert checked_password("x" * length)
    else:
        with pytest.raises(InvalidError, match="8 to 256"):
            checked_password("x" * length)


def test_an_unknown_role_is_told_which_ones_there_are() -> None:
    with pytest.raises(InvalidError, match="admin, operator, viewer"):
        checked_role("root")

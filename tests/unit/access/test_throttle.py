from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from ricarica.access.throttle import LoginThrottle

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
NO_WAIT = timedelta()


def fail(throttle: LoginThrottle, times: int, name: str = "ada", remote: str = "10.0.0.1") -> None:
    for _ in range(times):
        throttle.failed(name, remote, NOON)


def test_five_failures_are_forgiven_and_the_sixth_try_waits() -> None:
    throttle = LoginThrottle()

    fail(throttle, 4)
    assert throttle.wait("ada", "10.0.0.1", NOON) == NO_WAIT
    fail(throttle, 1)

    assert throttle.wait("ada", "10.0.0.1", NOON) == timedelta(seconds=30)


def test_a_try_comes_back_every_thirty_seconds() -> None:
    throttle = LoginThrottle()
    fail(throttle, 5)

    assert throttle.wait("ada", "10.0.0.1", NOON + timedelta(seconds=29)) > NO_WAIT
    assert throttle.wait("ada", "10.0.0.1", NOON + timedelta(seconds=30)) == NO_WAIT


def test_who_guesses_from_elsewhere_does_not_lock_out_the_real_one() -> None:
    throttle = LoginThrottle()

    fail(throttle, 20, remote="203.0.113.9")

    assert throttle.wait("ada", "203.0.113.9", NOON) > NO_WAIT
    assert throttle.wait("ada", "10.0.0.1", NOON) == NO_WAIT


def test_an_address_that_tries_many_names_waits_for_every_name() -> None:
    throttle = LoginThrottle()

    for number in range(30):
        throttle.failed(f"name {number}", "203.0.113.9", NOON)

    assert throttle.wait("ada", "203.0.113.9", NOON) == timedelta(seconds=10)


def test_a_name_that_many_addresses_guess_at_waits_for_every_address() -> None:
    throttle = LoginThrottle()

    for number in range(60):
        throttle.failed("ada", f"203.0.113.{number}", NOON)

    assert throttle.wait("ada", "198.51.100.1", NOON) > NO_WAIT


def test_success_forgives_what_was_mistyped_before() -> None:
    throttle = LoginThrottle()
    fail(throttle, 5)

    throttle.succeeded("ada", "10.0.0.1", NOON)

    assert throttle.wait("ada", "10.0.0.1", NOON) == NO_WAIT


def test_logging_in_often_is_no_offence() -> None:
    throttle = LoginThrottle()

    for _ in range(200):
        assert throttle.wait("ada", "10.0.0.1", NOON) == NO_WAIT
        throttle.failed("ada", "10.0.0.1", NOON)
        throttle.succeeded("ada", "10.0.0.1", NOON)


@given(st.lists(st.tuples(st.text(max_size=3), st.text(max_size=3)), max_size=60))
def test_it_never_remembers_more_than_it_may(tries: list[tuple[str, str]]) -> None:
    throttle = LoginThrottle(remembered_max=10)

    for name, remote in tries:
        throttle.failed(name, remote, NOON)

    assert len(throttle._spent) <= 10

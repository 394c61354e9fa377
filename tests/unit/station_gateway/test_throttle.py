from hypothesis import given
from hypothesis import strategies as st

from ricarica.station_gateway.throttle import Rate, Throttle, TokenBucket

RATE = Rate(per_s=2.0, burst=3)


def test_a_burst_passes_and_then_there_is_a_wait() -> None:
    bucket = TokenBucket(RATE, now=0.0)

    assert [bucket.take(0.0) for _ in range(5)] == [0.0, 0.0, 0.0, 0.5, 1.0]


def test_a_bucket_fills_again_up_to_its_burst() -> None:
    bucket = TokenBucket(RATE, now=0.0)
    for _ in range(3):
        bucket.take(0.0)

    assert bucket.take(100.0) == 0.0
    assert [bucket.take(100.0) for _ in range(3)] == [0.0, 0.0, 0.5]


@given(st.lists(st.floats(0.0, 3.0), max_size=50))
def test_whoever_waits_as_told_never_exceeds_the_rate(gaps: list[float]) -> None:
    bucket, now = TokenBucket(RATE, now=0.0), 0.0
    for gap in gaps:
        now += gap
        now += bucket.take(now)

    assert len(gaps) <= RATE.burst + RATE.per_s * now + 1e-6


def test_a_name_is_exhausted_after_its_burst_of_failures() -> None:
    throttle = Throttle(RATE, names_max=10)
    for _ in range(2):
        throttle.count("198.51.100.7", 0.0)

    assert not throttle.exhausted("198.51.100.7", 0.0)

    throttle.count("198.51.100.7", 0.0)

    assert throttle.exhausted("198.51.100.7", 0.0)
    assert not throttle.exhausted("198.51.100.7", 0.5)
    assert not throttle.exhausted("198.51.100.8", 0.0)


def test_failures_beyond_the_burst_do_not_lengthen_the_wait() -> None:
    throttle = Throttle(RATE, names_max=10)
    for _ in range(1_000):
        throttle.count("198.51.100.7", 0.0)

    assert not throttle.exhausted("198.51.100.7", 0.5)


def test_the_number_of_remembered_names_is_bounded() -> None:
    throttle = Throttle(RATE, names_max=2)
    for name in ("a", "a", "a", "b", "b", "b", "c", "c", "c"):
        throttle.count(name, 0.0)

    assert [throttle.exhausted(name, 0.0) for name in "abc"] == [False, True, True]

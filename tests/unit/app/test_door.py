from ricarica.app.config import Config
from ricarica.app.door import limits_of
from ricarica.station_gateway.throttle import Rate


def test_a_crowd_is_let_in_a_tenth_of_a_second_at_a_time() -> None:
    limits = limits_of(Config(handshakes_per_s=300))

    assert (limits.entries, limits.arrivals) == (Rate(300, burst=30), Rate(900, burst=900))
    assert limits_of(Config(handshakes_per_s=1)).entries == Rate(1, burst=1)

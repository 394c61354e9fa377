from ricarica.station_gateway.limits import GatewayLimits
from ricarica.station_gateway.liveness import Liveness, Pulse

LIMITS = GatewayLimits(ping_s=60.0, missed_pings_max=3, silence_max_s=900.0)


def test_a_station_that_talks_is_not_pinged() -> None:
    liveness = Liveness(LIMITS, now=0.0)
    liveness.heard(45.0)

    assert liveness.check(60.0) is Pulse.FINE


def test_a_silent_station_is_pinged() -> None:
    assert Liveness(LIMITS, now=0.0).check(60.0) is Pulse.PING


def test_who_answered_pings_before_is_lost_after_three_without_answer() -> None:
    liveness = Liveness(LIMITS, now=0.0)
    liveness.check(60.0)
    liveness.ponged(61.0)

    assert [liveness.check(at) for at in (120.0, 180.0, 240.0)] == [Pulse.PING] * 3
    assert liveness.check(300.0) is Pulse.LOST


def test_who_never_answers_pings_is_lost_only_after_a_long_silence() -> None:
    liveness = Liveness(LIMITS, now=0.0)

    pulses = [liveness.check(60.0 * minute) for minute in range(1, 16)]

    assert pulses == [Pulse.PING] * 14 + [Pulse.LOST]


def test_anything_heard_starts_the_count_anew() -> None:
    liveness = Liveness(LIMITS, now=0.0)
    liveness.ponged(1.0)
    for at in (60.0, 120.0, 180.0):
        liveness.check(at)
    liveness.heard(200.0)

    assert liveness.check(240.0) is Pulse.PING

from ricarica.station_gateway.numbers import KNOWN_MAX, Numbers


def started(ours: int, theirs: int) -> Numbers:
    numbers = Numbers()
    numbers.learn(
        "StartTransaction", b'{"transactionId":%d}' % ours, b'{"transactionId": %d}' % theirs
    )
    return numbers


def test_what_follows_a_start_has_the_number_that_the_other_gave() -> None:
    numbers = started(4711, 7)

    assert numbers.to_other("StopTransaction", b'{"transactionId":4711,"meterStop":5}') == (
        b'{"transactionId":7,"meterStop":5}'
    )
    assert numbers.to_station("RemoteStopTransaction", b'{"transactionId":7}') == (
        b'{"transactionId":4711}'
    )


def test_what_is_not_known_stays_as_it_is() -> None:
    numbers = started(4711, 7)

    for payload in (b'{"transactionId":8}', b'{"transactionId":"8"}', b"{}", b"no JSON"):
        assert numbers.to_other("MeterValues", payload) == payload
        assert numbers.to_station("RemoteStopTransaction", payload) == payload


def test_only_so_many_transactions_are_remembered() -> None:
    numbers = Numbers()
    for number in range(KNOWN_MAX + 1):
        answer = b'{"transactionId":%d}' % number
        numbers.learn("StartTransaction", answer, b'{"transactionId":%d}' % (number + 10_000))

    assert numbers.to_other("MeterValues", b'{"transactionId":0}') == b'{"transactionId":0}'
    assert numbers.to_other("MeterValues", b'{"transactionId":1}') == b'{"transactionId":10001}'

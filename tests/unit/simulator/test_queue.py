from datetime import UTC, datetime, timedelta
from decimal import Decimal

from ricarica.simulator.queue import QUEUE_MAX, RetryRule, TransactionQueue
from ricarica.simulator.transaction import EventKind, Transaction, TransactionEvent

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
RULE = RetryRule(3, MINUTE)


def event(kind: EventKind = EventKind.UPDATED, seq_no: int = 0) -> TransactionEvent:
    transaction = Transaction("tx", 1, 1, NOON, Decimal(0))
    return TransactionEvent(kind, transaction, NOON, "Trigger", seq_no, "Charging", Decimal(0))


def filled(*events: TransactionEvent) -> TransactionQueue:
    waiting = TransactionQueue()
    for each in events:
        waiting.add(each)
    return waiting


def test_only_the_head_is_ever_sent() -> None:
    first, second = event(seq_no=1), event(seq_no=2)
    waiting = filled(first, second)

    head = waiting.next(NOON)
    assert head is not None
    assert head.event is first
    waiting.delivered()
    head = waiting.next(NOON)
    assert head is not None
    assert head.event is second


def test_each_refusal_waits_longer_and_the_last_gives_up() -> None:
    waiting = filled(event())

    assert waiting.refused(NOON, RULE) is None
    assert waiting.next(NOON + MINUTE - timedelta(seconds=1)) is None
    assert waiting.next(NOON + MINUTE) is not None

    assert waiting.refused(NOON + MINUTE, RULE) is None
    assert waiting.next(NOON + 2 * MINUTE) is None
    assert waiting.next(NOON + 3 * MINUTE) is not None

    given_up = waiting.refused(NOON + 3 * MINUTE, RULE)
    assert given_up is not None
    assert len(waiting) == 0


def test_silence_keeps_the_message_however_often() -> None:
    waiting = filled(event())

    for _ in range(20):
        waiting.unanswered(NOON, RULE)

    assert len(waiting) == 1
    assert waiting.next(NOON) is None
    waiting.reconnected()
    assert waiting.next(NOON) is not None


def test_a_full_queue_loses_readings_but_neither_start_nor_end() -> None:
    waiting = filled(event(EventKind.STARTED), *(event(seq_no=n) for n in range(QUEUE_MAX - 1)))
    waiting.add(event(EventKind.ENDED))

    kinds = [each.event.kind for each in waiting.waiting]
    assert len(kinds) == QUEUE_MAX
    assert kinds[0] is EventKind.STARTED
    assert kinds[-1] is EventKind.ENDED
    assert waiting.waiting[1].event.seq_no == 1

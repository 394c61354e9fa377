import json
from datetime import UTC, datetime

from ricarica.simulator.journal import Entry, Journal

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)


def entry(kind: str = "StartTransaction", key: str = "1") -> Entry:
    return Entry(NOON, "RIC-0001", kind, key, {"meterStart": 0}, NOON)


def test_what_was_acknowledged_is_told_apart_from_what_was_not() -> None:
    journal = Journal()
    first, second = journal.note(entry()), journal.note(entry("StopTransaction"))
    journal.acknowledge(first, NOON, {"transactionId": 7})

    assert list(journal.acknowledged()) == [first]
    assert list(journal.acknowledged("StopTransaction")) == []
    assert list(journal.unacknowledged()) == [second]
    assert first.answer == {"transactionId": 7}


def test_each_acknowledgement_and_each_loss_reaches_the_sink() -> None:
    lines: list[str] = []
    journal = Journal(sink=lambda told: lines.append(told.as_json()))
    kept, lost = journal.note(entry()), journal.note(entry(key="2"))
    journal.acknowledge(kept, NOON, {})
    journal.drop(lost, "InternalError")

    first, second = (json.loads(line) for line in lines)
    assert (first["acked"], first["key"], first["station"]) == (True, "1", "RIC-0001")
    assert first["payload"] == {"meterStart": 0}
    assert (second["acked"], second["dropped"]) == (False, "InternalError")


def test_a_journal_forgets_its_oldest_half_when_it_is_full() -> None:
    journal = Journal(entries_max=10)
    for number in range(11):
        journal.note(entry(key=str(number)))

    assert [each.key for each in journal.entries] == ["5", "6", "7", "8", "9", "10"]

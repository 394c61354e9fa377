"""Calls of ours that a person waits for, among those that nobody does."""

from ricarica.ocpp import events
from tests.unit.ocpp.test_session import session


def test_what_is_urgent_goes_before_what_is_not() -> None:
    s = session()
    for action, is_urgent in (("A", False), ("B", False), ("C", True), ("D", True)):
        s.call(action, b"{}", 0, 30, action, is_urgent=is_urgent)

    said = []
    while texts := s.frames_to_send():
        said.append(texts[0])
        s.receive(f'[3,"{texts[0].split(chr(34))[1]}",{{}}]', now=1)

    assert [text.split('"')[3] for text in said] == ["A", "C", "D", "B"]


def test_what_was_sent_has_ten_seconds_when_something_urgent_waits() -> None:
    s = session()
    s.call("SetVariables", b"{}", 0, 60, "upkeep")
    s.call("Reset", b"{}", 5, 30, "first", is_urgent=True)
    s.call("Reset", b"{}", 6, 30, "second", is_urgent=True)

    assert s.next_deadline() == 10
    (timed_out,) = s.expire(10)

    assert isinstance(timed_out, events.TimedOut)
    assert (timed_out.tag, timed_out.was_hurried) == ("upkeep", True)
    assert (s.asking(), s.next_deadline()) == ("first", 40)


def test_nobody_hurries_what_is_urgent_itself() -> None:
    s = session()
    s.call("Reset", b"{}", 0, 60, "first", is_urgent=True)
    s.call("Reset", b"{}", 5, 30, "second", is_urgent=True)

    assert s.next_deadline() == 60

"""The conversation, told to a session that has no socket and no clock."""

from itertools import count

import pytest

from ricarica.ocpp import events
from ricarica.ocpp.dialects import DIALECTS, V16, V21, V201, Dialect
from ricarica.ocpp.errors import ErrorKind, LocalProtocolError
from ricarica.ocpp.session import Limits, Session

HEARTBEAT = '[2,"h1","Heartbeat",{}]'
TRANSFER = '[2,"h1","DataTransfer",{"vendorId":"x"}]'


def session(dialect: Dialect = V201, **limits: float) -> Session:
    ids = count(1)
    return Session(dialect, new_id=lambda: f"own-{next(ids)}", limits=Limits(**limits))  # type: ignore[arg-type]  # of either kind


def names(given: list[events.Event]) -> list[str]:
    return [type(event).__name__ for event in given]


def received(given: list[events.Event]) -> events.CallReceived:
    (event,) = given
    assert isinstance(event, events.CallReceived)
    return event


# --- our calls


def test_a_call_goes_out_at_once_and_its_answer_comes_back_with_the_tag() -> None:
    s = session()

    s.call("Reset", b'{"type":"OnIdle"}', now=0, timeout_s=30, tag="asked")
    assert s.frames_to_send() == ['[2,"own-1","Reset",{"type":"OnIdle"}]']
    (answered,) = s.receive('[3,"own-1",{"status":"Accepted"}]', now=1)

    assert isinstance(answered, events.Answered)
    assert (answered.tag, answered.action) == ("asked", "Reset")
    assert bytes(answered.payload) == b'{"status":"Accepted"}'
    assert s.next_deadline() is None


def test_a_second_call_waits_until_the_first_is_answered() -> None:
    s = session()
    s.call("ClearCache", b"{}", 0, 30, "first")
    s.call("Reset", b"{}", 0, 30, "second")
    assert len(s.frames_to_send()) == 1

    s.receive('[3,"own-1",{}]', now=5)

    assert s.frames_to_send() == ['[2,"own-2","Reset",{}]']
    assert s.next_deadline() == 35


def test_an_error_is_an_answer_too_and_frees_the_way() -> None:
    s = session()
    s.call("Reset", b"{}", 0, 30, "first")
    s.call("Reset", b"{}", 0, 30, "second")
    s.frames_to_send()

    (refused,) = s.receive('[4,"own-1","NotSupported","no",{"a":1}]', now=1)

    assert isinstance(refused, events.Refused)
    assert (refused.tag, refused.code, refused.description) == ("first", "NotSupported", "no")
    assert len(s.frames_to_send()) == 1


@pytest.mark.parametrize("error", ['[4,"own-1","GenericError"]', '[4,"own-1","GenericError",null]'])
def test_an_error_without_its_last_elements_is_understood(error: str) -> None:
    s = session()
    s.call("Reset", b"{}", 0, 30, "tag")

    (refused,) = s.receive(error, now=1)

    assert isinstance(refused, events.Refused)
    assert refused.description == ""


def test_a_call_times_out_at_its_deadline_and_not_before() -> None:
    s = session()
    s.call("Reset", b"{}", now=10, timeout_s=30, tag="tag")

    assert s.next_deadline() == 40
    assert s.expire(39.9) == []
    assert s.expire(40) == [events.TimedOut("tag", "own-1", "Reset")]


def test_after_a_time_out_the_next_call_goes_out_with_its_own_time() -> None:
    s = session()
    s.call("Reset", b"{}", 0, 30, "first")
    s.call("Reset", b"{}", 0, 60, "second")
    s.frames_to_send()

    s.expire(31)

    assert s.frames_to_send() == ['[2,"own-2","Reset",{}]']
    assert s.next_deadline() == 91


def test_a_late_answer_finds_its_call() -> None:
    s = session()
    s.call("Reset", b"{}", 0, 30, "tag")
    s.expire(30)

    (late,) = s.receive('[3,"own-1",{"status":"Accepted"}]', now=31)

    assert isinstance(late, events.LateAnswer)
    assert late.tag == "tag"
    assert late.payload is not None


def test_a_late_error_finds_its_call() -> None:
    s = session()
    s.call("Reset", b"{}", 0, 30, "tag")
    s.expire(30)

    assert s.receive('[4,"own-1","GenericError","",{}]', now=31) == [
        events.LateAnswer("tag", "own-1", "Reset", code="GenericError")
    ]


@pytest.mark.parametrize("dialect", DIALECTS, ids=str)
def test_an_answer_that_nobody_asked_for_is_no_error(dialect: Dialect) -> None:
    s = session(dialect)

    assert s.receive('[3,"unknown",{}]', now=0) == [events.UnsolicitedAnswer("unknown")]
    assert s.frames_to_send() == []


def test_a_second_answer_to_the_same_call_is_unsolicited() -> None:
    s = session()
    s.call("Reset", b"{}", 0, 30, "tag")
    s.receive('[3,"own-1",{}]', now=1)

    assert names(s.receive('[3,"own-1",{}]', now=2)) == ["UnsolicitedAnswer"]


def test_an_answer_that_is_no_frame_ends_the_call() -> None:
    s = session()
    s.call("Reset", b"{}", 0, 30, "tag")
    s.call("Reset", b"{}", 0, 30, "next")
    s.frames_to_send()

    assert names(s.receive('[3,"own-1",[]]', now=1)) == ["BadAnswer"]
    assert len(s.frames_to_send()) == 1


def test_in_2_1_an_answer_that_is_no_frame_is_rejected_too() -> None:
    s = session(V21)
    s.call("Reset", b"{}", 0, 30, "tag")
    s.frames_to_send()

    assert names(s.receive('[3,"own-1",[]]', now=1)) == ["BadAnswer"]
    assert [text[:11] for text in s.frames_to_send()] == ['[5,"own-1",']


def test_too_many_waiting_calls_are_our_own_fault() -> None:
    s = session(own_calls_max=1)
    s.call("Reset", b"{}", 0, 30, "sent")
    s.call("Reset", b"{}", 0, 30, "waits")

    with pytest.raises(LocalProtocolError):
        s.call("Reset", b"{}", 0, 30, "one too many")


def test_a_closed_session_tells_what_had_been_sent_and_what_not() -> None:
    s = session()
    s.call("Reset", b"{}", 0, 30, "first")
    s.call("ClearCache", b"{}", 0, 30, "second")

    assert s.close() == [
        events.Abandoned("first", "own-1", "Reset", sent=True),
        events.Abandoned("second", "own-2", "ClearCache", sent=False),
    ]
    assert s.close() == []


# --- the peer's calls


def test_a_call_of_the_peer_is_handed_out_and_answered() -> None:
    s = session()

    call = received(s.receive(HEARTBEAT, now=0))
    assert (call.id, call.action, bytes(call.payload)) == ("h1", "Heartbeat", b"{}")

    assert s.answer("h1", b'{"currentTime":"now"}') == []
    assert s.frames_to_send() == ['[3,"h1",{"currentTime":"now"}]']


def test_a_refusal_is_an_error_with_an_object_for_details() -> None:
    s = session()
    s.receive(HEARTBEAT, now=0)

    s.refuse("h1", "InternalError", "x" * 300)

    (frame,) = s.frames_to_send()
    assert frame.startswith('[4,"h1","InternalError","xxx')
    assert frame.endswith('…",{}]')
    assert len(frame) == len('[4,"h1","InternalError","",{}]') + 255


def test_an_integer_id_is_answered_with_an_integer() -> None:
    s = session()
    s.receive('[2,42,"Heartbeat",{}]', now=0)

    s.answer(42, b"{}")

    assert s.frames_to_send() == ["[3,42,{}]"]


def test_calls_of_both_sides_may_cross() -> None:
    s = session()
    s.call("Reset", b"{}", 0, 30, "tag")

    assert names(s.receive(HEARTBEAT, now=1)) == ["CallReceived"]
    assert names(s.receive('[3,"own-1",{}]', now=2)) == ["Answered"]
    s.answer("h1", b"{}")


def test_parallel_calls_are_handed_out_one_by_one_in_order_and_none_is_refused() -> None:
    s = session()

    assert received(s.receive('[2,"a","Heartbeat",{}]', now=0)).id == "a"
    assert s.receive('[2,"b","Heartbeat",{}]', now=0) == []
    assert s.receive('[2,"c","Heartbeat",{}]', now=0) == []

    assert received(s.answer("a", b"{}")).id == "b"
    assert received(s.refuse("b", "InternalError")).id == "c"
    assert s.answer("c", b"{}") == []
    assert len(s.frames_to_send()) == 3


def test_the_window_closes_as_calls_wait_and_a_call_beyond_it_is_an_overrun() -> None:
    s = session(peer_calls_max=2)
    s.receive('[2,"a","Heartbeat",{}]', now=0)
    assert s.receive_window() == 2

    s.receive('[2,"b","Heartbeat",{}]', now=0)
    s.receive('[2,"c","Heartbeat",{}]', now=0)

    assert s.receive_window() == 0
    assert s.receive('[2,"d","Heartbeat",{}]', now=0) == [events.Overrun()]


def test_answering_what_was_not_asked_is_our_own_fault() -> None:
    s = session()

    with pytest.raises(LocalProtocolError):
        s.answer("h1", b"{}")


# --- repeats


def test_a_repeated_call_gets_its_first_answer_again_and_is_not_handed_out() -> None:
    s = session()
    s.receive(TRANSFER, now=0)
    s.answer("h1", b'{"status":"Accepted"}')
    first = s.frames_to_send()

    assert s.receive(TRANSFER, now=60) == [events.Repeated("h1", "DataTransfer")]
    assert s.frames_to_send() == first


@pytest.mark.parametrize(
    "action", ["Authorize", "BootNotification", "Heartbeat", "StatusNotification"]
)
def test_what_is_true_only_at_the_moment_is_news_with_any_id(action: str) -> None:
    s = session()
    call = f'[2,"1","{action}",{{}}]'
    s.receive(call, now=0)
    assert names(s.receive(call, now=1)) == ["Repeated"], "it is still being handled"
    s.answer("1", b"{}")

    again = received(s.receive(call, now=60))
    s.answer("1", b'{"x":1}')

    assert (again.action, again.message_id_reused) == (action, True)
    assert s.frames_to_send() == ['[3,"1",{}]', '[3,"1",{"x":1}]']


def test_a_repeat_of_a_call_still_being_handled_shares_its_answer() -> None:
    s = session()
    s.receive(HEARTBEAT, now=0)

    assert names(s.receive(HEARTBEAT, now=1)) == ["Repeated"]
    assert s.frames_to_send() == []
    assert s.answer("h1", b"{}") == []
    assert len(s.frames_to_send()) == 1


def test_a_refusal_is_repeated_too() -> None:
    s = session()
    s.receive(TRANSFER, now=0)
    s.refuse("h1", "SecurityError")
    first = s.frames_to_send()

    s.receive(TRANSFER, now=1)

    assert s.frames_to_send() == first


@pytest.mark.parametrize(
    "other", ['[2,"h1","Heartbeat",{"x":1}]', '[2,"h1","StatusNotification",{}]']
)
def test_the_id_of_another_message_is_flagged_and_the_message_handled(other: str) -> None:
    s = session()
    assert not received(s.receive(HEARTBEAT, now=0)).message_id_reused
    s.answer("h1", b"{}")

    assert received(s.receive(other, now=1)).message_id_reused


def test_an_integer_id_is_not_the_string_of_its_digits() -> None:
    s = session()
    s.receive('[2,1,"Heartbeat",{}]', now=0)
    s.answer(1, b"{}")

    assert not received(s.receive('[2,"1","Heartbeat",{}]', now=1)).message_id_reused


def answered(s: Session, message_id: str, now: float) -> None:
    s.receive(f'[2,"{message_id}","DataTransfer",{{}}]', now)
    s.answer(message_id, b"{}")


def test_as_many_ids_are_remembered_as_promised_and_not_twice_as_many() -> None:
    s = session(repeats_max=10)
    for number in range(21):
        answered(s, f"id{number}", now=0)

    assert names(s.receive('[2,"id11","DataTransfer",{}]', now=0)) == ["Repeated"]
    assert names(s.receive('[2,"id0","DataTransfer",{}]', now=0)) == ["CallReceived"]


def test_an_id_is_remembered_for_its_time_and_forgotten_after_twice_that() -> None:
    s = session(repeats_s=300)
    answered(s, "early", now=0)
    answered(s, "later", now=301)

    assert names(s.receive('[2,"early","DataTransfer",{}]', now=590)) == ["Repeated"]
    assert names(s.receive('[2,"early","DataTransfer",{}]', now=602)) == ["CallReceived"]


# --- 2.1


def test_in_2_1_a_message_that_wants_no_answer_comes_in_its_turn() -> None:
    s = session(V21)
    send = '[6,"s1","NotifyPeriodicEventStream",{"id":1}]'
    assert names(s.receive(send, now=0)) == ["SendReceived"]

    s.receive(HEARTBEAT, now=0)
    assert s.receive(send, now=0) == []
    s.receive('[2,"h2","Heartbeat",{}]', now=0)

    assert names(s.answer("h1", b"{}")) == ["SendReceived", "CallReceived"]


def test_in_2_1_we_may_tell_while_a_call_is_outstanding() -> None:
    s = session(V21)
    s.call("Heartbeat", b"{}", 0, 30, "tag")

    s.tell("NotifyPeriodicEventStream", b'{"id":1}')

    assert s.frames_to_send()[1] == '[6,"own-2","NotifyPeriodicEventStream",{"id":1}]'


@pytest.mark.parametrize("dialect", [V16, V201], ids=str)
def test_before_2_1_nothing_can_be_told_without_an_answer(dialect: Dialect) -> None:
    with pytest.raises(LocalProtocolError):
        session(dialect).tell("NotifyPeriodicEventStream", b"{}")


def test_in_2_1_a_wrong_result_is_rejected_and_before_that_only_noted() -> None:
    new, old = session(V21), session(V201)

    assert new.reject_result("own-1", "FormatViolation", "no status")
    assert new.frames_to_send() == ['[5,"own-1","FormatViolation","no status",{}]']
    assert not old.reject_result("own-1", "FormatViolation", "no status")
    assert old.frames_to_send() == []


def test_in_2_1_the_peer_may_reject_our_result() -> None:
    s = session(V21)

    assert s.receive('[5,"h1","FormatViolation","tariff",{}]', now=0) == [
        events.ResultRefused("h1", "FormatViolation", "tariff")
    ]


# --- what is no message: rpc rules of the specifications, dialect by dialect

FAULTS: dict[str, tuple[str | bytes, str | None, str | None, str | None]] = {
    "not JSON": ("nonsense", None, "-1 RpcFrameworkError", "-1 RpcFrameworkError"),
    "not UTF-8": (b"\xff\xfe[]", None, "-1 RpcFrameworkError", "-1 RpcFrameworkError"),
    "not an array": ('{"a":1}', None, "-1 RpcFrameworkError", "-1 RpcFrameworkError"),
    "an empty array": ("[]", None, "-1 RpcFrameworkError", "-1 RpcFrameworkError"),
    "no id": ('[2,null,"Reset",{}]', None, "-1 RpcFrameworkError", "-1 RpcFrameworkError"),
    "an empty id": ('[2,"","Reset",{}]', None, "-1 RpcFrameworkError", "-1 RpcFrameworkError"),
    "an id of 256 characters": (
        f'[2,"{"x" * 256}","Reset",{{}}]',
        None,
        "-1 RpcFrameworkError",
        "-1 RpcFrameworkError",
    ),
    "too few elements": (
        '[2,"i","Reset"]',
        "i FormationViolation",
        "i RpcFrameworkError",
        "i RpcFrameworkError",
    ),
    "too many elements": (
        '[2,"i","Reset",{},1]',
        "i FormationViolation",
        "i RpcFrameworkError",
        "i RpcFrameworkError",
    ),
    "an action that is no string": (
        '[2,"i",7,{}]',
        "i FormationViolation",
        "i RpcFrameworkError",
        "i RpcFrameworkError",
    ),
    "a payload that is no object": (
        '[2,"i","Reset",[]]',
        "i FormationViolation",
        "i FormatViolation",
        "i FormatViolation",
    ),
    "a payload with broken JSON": (
        '[2,"i","Reset",{"type":}]',
        "i FormationViolation",
        "i FormatViolation",
        "i FormatViolation",
    ),
    "a payload with NaN": (
        '[2,"i","Reset",{"type":NaN}]',
        "i FormationViolation",
        "i FormatViolation",
        "i FormatViolation",
    ),
    "a payload nested too deep": (
        f'[2,"i","Reset",{"[" * 40}{"]" * 40}]',
        "i FormationViolation",
        "i FormatViolation",
        "i FormatViolation",
    ),
    "ten thousand brackets": (
        "[" * 10_000,
        None,
        "-1 RpcFrameworkError",
        "-1 RpcFrameworkError",
    ),
    "message type 1": ('[1,"i","Reset",{}]', None, "i MessageTypeNotSupported", None),
    "message type 9": ('[9,"i",{}]', None, "i MessageTypeNotSupported", None),
    "an answer that is no frame": ('[3,"i",7]', None, None, None),
}


@pytest.mark.parametrize("dialect", DIALECTS, ids=str)
@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_no_message_gets_its_dialects_answer_or_none(fault: str, dialect: Dialect) -> None:
    text, *answers = FAULTS[fault]
    s = session(dialect)

    (garbled,) = s.receive(text, now=0)

    expected = answers[DIALECTS.index(dialect)]
    assert isinstance(garbled, events.Garbled)
    assert garbled.answered == bool(expected)
    if expected:
        message_id, code = expected.split()
        assert s.frames_to_send()[0].startswith(f'[4,"{message_id}","{code}","')
    else:
        assert s.frames_to_send() == []


def test_2_0_1_does_not_know_the_message_types_of_2_1() -> None:
    s = session(V201)

    (garbled,) = s.receive('[6,"i","NotifyPeriodicEventStream",{}]', now=0)

    assert isinstance(garbled, events.Garbled)
    assert garbled.kind is ErrorKind.MESSAGE_TYPE
    assert s.frames_to_send()[0].startswith('[4,"i","MessageTypeNotSupported"')


def test_after_a_garbled_text_the_conversation_goes_on() -> None:
    s = session()
    s.receive("nonsense", now=0)

    assert names(s.receive(HEARTBEAT, now=1)) == ["CallReceived"]

from collections.abc import Callable

import msgspec
import pytest

from ricarica.ocpp import frames
from ricarica.ocpp.errors import ErrorKind
from ricarica.ocpp.frames import Call, CallError, CallResult, CallResultError, Send, Unreadable

OBJECT = msgspec.Raw(b'{"a":1}')


@pytest.mark.parametrize(
    "frame, text",
    [
        (Call("i", "Reset", OBJECT), '[2,"i","Reset",{"a":1}]'),
        (CallResult("i", OBJECT), '[3,"i",{"a":1}]'),
        (CallError("i", "GenericError", 'a "b"'), '[4,"i","GenericError","a \\"b\\"",{}]'),
        (CallResultError("i", "GenericError"), '[5,"i","GenericError","",{}]'),
        (Send(7, "Tell", OBJECT), '[6,7,"Tell",{"a":1}]'),
    ],
)
def test_a_frame_is_written_compactly_and_read_back(frame: frames.Frame, text: str) -> None:
    assert frames.write(frame) == text
    assert frames.write(read(text)) == text
    assert type(read(text.encode())) is type(frame)


def read(text: str | bytes) -> frames.Frame:
    frame = frames.read(text)
    assert not isinstance(frame, Unreadable)
    return frame


def test_white_space_around_elements_is_allowed() -> None:
    frame = read(' [ 2 , "i" , "Reset" , { "a" : 1 } ] ')

    assert isinstance(frame, Call)
    assert frame.action == "Reset"


@pytest.mark.parametrize("text", ['[2,"i","Heartbeat",null]', '[3,"i",null]', '[3,"i"]'])
def test_no_payload_counts_as_an_empty_one(text: str) -> None:
    frame = read(text)

    assert isinstance(frame, Call | CallResult)
    assert bytes(frame.payload) == b"{}"


@pytest.mark.parametrize("length, readable", [(255, True), (256, False)])
def test_an_id_may_have_up_to_255_characters(length: int, readable: bool) -> None:
    frame = frames.read(f'[2,"{"x" * length}","Heartbeat",{{}}]')

    assert isinstance(frame, Call) == readable


@pytest.mark.parametrize("levels, readable", [(31, True), (32, False)])
def test_arrays_and_objects_nest_up_to_32_levels(levels: int, readable: bool) -> None:
    nested = '{"a":' * levels + "0" + "}" * levels

    frame = frames.read(f'[2,"i","DataTransfer",{nested}]')

    assert isinstance(frame, Call) == readable


def test_brackets_in_strings_do_not_nest() -> None:
    text = '[2,"i","DataTransfer",{"data":"' + r"\"[[{" * 40 + '"}]'

    assert isinstance(frames.read(text), Call)


def test_many_objects_side_by_side_are_not_deep() -> None:
    text = '[2,"i","NotifyReport",{"reportData":[' + ",".join(["{}"] * 200) + "]}]"

    assert isinstance(frames.read(text), Call)


def test_a_call_with_broken_json_still_tells_whom_to_answer() -> None:
    unreadable = frames.read('[2,"i\\"j","Reset",{"type":"Ha')

    assert isinstance(unreadable, Unreadable)
    assert (unreadable.kind, unreadable.id) == (ErrorKind.FORMATION, 'i"j')


def test_an_integer_of_five_thousand_digits_does_no_harm() -> None:
    assert isinstance(frames.read('[2,"i","Reset",{"type":' + "9" * 5000 + "}]"), Call)
    assert isinstance(frames.read("[2," + "9" * 5000 + ',"Reset",{}]'), Unreadable)


@pytest.mark.parametrize(
    "text, payload",
    [
        ('[2,"1","A",{"a":"x\0y"}]', b'{"a":"x\0y"}'),
        ('[2,"1","A",{"a":"x\x1by\\u0007z"}]', b'{"a":"x\x1by\\u0007z"}'),
        ('[2,"1","A",{"a":1}]\0', b'{"a":1}'),
    ],
)
def test_control_characters_spoil_no_frame_and_stay_in_its_payload(
    text: str, payload: bytes
) -> None:
    frame = frames.read(text)

    assert isinstance(frame, frames.Call)
    assert (frame.id, frame.action, bytes(frame.payload)) == ("1", "A", payload)


@pytest.mark.parametrize("text", ["\0", "\0[2,", '[2,"1","A",\0{}]', '[2,"1","A",{"a":"x\ny"}]'])
def test_what_is_broken_besides_stays_unreadable(text: str) -> None:
    assert isinstance(frames.read(text), frames.Unreadable)


@pytest.mark.parametrize(
    "written, meant",
    [
        (r"a\u0000b", "a\ufffdb"),
        (r"a\\u0000b", r"a\u0000b"),
        (r"a\\\u0000b", "a\\\ufffdb"),
    ],
)
@pytest.mark.parametrize("form", [str, str.encode])
def test_a_nul_is_replaced_before_anything_is_named_by_it(
    written: str, meant: str, form: Callable[[str], str | bytes]
) -> None:
    frame = frames.read(form(f'[2,"1","TransactionEvent",{{"id":"{written}"}}]'))

    assert isinstance(frame, frames.Call)
    assert msgspec.json.decode(frame.payload) == {"id": meant}


def test_the_id_of_a_message_stays_as_it_came_whatever_is_in_it() -> None:
    frame = frames.read(r'[2,"\u0000","Heartbeat",{"a":"\u0000"}]')

    assert isinstance(frame, frames.Call)
    assert frame.id == "\0"

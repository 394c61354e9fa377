"""The log never stands in the way of what it tells about."""

import json
import logging
import os
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
import structlog

from ricarica.app.logs import ORIGIN, Unfailing, configure_logs
from ricarica.app.serve import secrets_of
from ricarica.engine.dispatch import CallLine

PIPE_HOLDS = 65_536
LINES = [
    CallLine("CP 1", "Heartbeat", "7", "answered", epoch=3, ms=4),
    CallLine("CP 2", "MeterValues", "8", "answered", epoch=1, ms=5, trace_id="abc"),
]


def written(capfd: pytest.CaptureFixture[str]) -> list[str]:
    return capfd.readouterr().err.splitlines()


@pytest.fixture(autouse=True)
def _defaults_afterwards() -> Iterator[None]:
    handlers = logging.root.handlers
    yield
    logging.root.handlers = handlers
    structlog.reset_defaults()


def test_a_full_disk_costs_lines_and_nothing_else() -> None:
    number = os.open("/dev/full", os.O_WRONLY)
    try:
        Unfailing(number).write("nobody reads this\n")
    finally:
        os.close(number)


def test_a_reader_that_hangs_costs_lines_and_nothing_else() -> None:
    reading, writing = os.pipe()
    try:
        lines = Unfailing(writing)
        for _ in range(100):
            lines.write("x" * 10_000)  # it would wait for ever here

        held = os.read(reading, 2 * PIPE_HOLDS)
        lines.write(b"again")
        again = os.read(reading, 100)
    finally:
        os.close(reading)
        os.close(writing)

    assert set(held) == {ord("x")}
    assert again == b"again"


@pytest.mark.parametrize("line", ["Würzburg-1\n", "Würzburg-1\n".encode()])
def test_what_has_room_is_written(line: str | bytes, tmp_path: Path) -> None:
    with (tmp_path / "log").open("wb") as file:
        Unfailing(file.fileno()).write(line)

    assert (tmp_path / "log").read_text(encoding="utf-8") == "Würzburg-1\n"


def test_the_calls_of_a_batch_are_a_line_each_as_json(capfd: pytest.CaptureFixture[str]) -> None:
    configure_logs("info", as_json=True)

    structlog.get_logger("test").info("call", each=LINES)

    first, second = map(json.loads, written(capfd))
    assert first.pop("timestamp") == second.pop("timestamp")
    assert first == {
        "event": "call",
        "level": "info",
        "station": "CP 1",
        "action": "Heartbeat",
        "id": "7",
        "outcome": "answered",
        "epoch": 3,
        "ms": 4,
    }
    assert (second["station"], second["trace_id"]) == ("CP 2", "abc")


def test_the_calls_of_a_batch_are_a_line_each_for_people(
    capfd: pytest.CaptureFixture[str],
) -> None:
    configure_logs("info", as_json=False)

    structlog.get_logger("test").info("call", each=LINES)

    first, second = written(capfd)
    assert first.endswith("action=Heartbeat epoch=3 id=7 ms=4 outcome=answered station='CP 1'")
    assert "station='CP 2' trace_id=abc" in second


def test_a_call_looks_like_every_other_line(capfd: pytest.CaptureFixture[str]) -> None:
    configure_logs("info", as_json=False)
    log = structlog.get_logger("test")

    log.info("call", each=LINES[:1])
    log.info("call", **msgspec.to_builtins(LINES[0]))

    first, second = (line.partition(" ")[2] for line in written(capfd))  # without its time
    assert first == second


def test_other_events_are_a_line_with_what_was_said(capfd: pytest.CaptureFixture[str]) -> None:
    configure_logs("info", as_json=True)

    structlog.get_logger("test").info("refused", status=401)

    (line,) = map(json.loads, written(capfd))
    assert (line["event"], line["status"]) == ("refused", 401)


def test_each_line_names_its_node_and_the_trace_it_belongs_to(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ORIGIN, "node", "node-1")
    monkeypatch.setattr(ORIGIN, "current_trace", lambda: "of-the-request")
    configure_logs("info", as_json=True)

    structlog.get_logger("test").info("command", station="CP 1")
    structlog.get_logger("test").info("call", each=LINES[1:])

    command, call = map(json.loads, written(capfd))
    assert (command["node"], command["trace_id"]) == ("node-1", "of-the-request")
    assert (call["node"], call["trace_id"]) == ("node-1", "abc")


@pytest.mark.parametrize("as_json", [True, False])
def test_what_libraries_say_is_a_line_like_ours_without_our_secrets(
    as_json: bool, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        ORIGIN, "hidden", secrets_of("http://me:word@collector:4318/in/THEKEY?key=1234")
    )
    configure_logs("info", as_json=as_json)

    logging.getLogger("exporter").warning(
        "no answer of %s", "http://me:word@c/in/THEKEY/v1?key=1234"
    )
    logging.getLogger("exporter").info("asked")

    [line] = written(capfd)
    said = json.loads(line) if as_json else {"event": line, "said": line}
    assert "library" in said["event"]
    assert "no answer of http://me:…@c/…/v1?…" in said["said"]


def test_what_a_library_says_wrong_harms_nobody(capfd: pytest.CaptureFixture[str]) -> None:
    configure_logs("info", as_json=True)

    logging.getLogger("exporter").warning("a %s %s", *["lone"])
    logging.getLogger("exporter").log(35, "between two levels")

    said = [json.loads(line)["said"] for line in written(capfd)]
    assert said == ["a %s %s", "between two levels"]


def test_what_is_below_the_level_is_left_out(capfd: pytest.CaptureFixture[str]) -> None:
    configure_logs("warning", as_json=False)

    structlog.get_logger("test").info("call", each=LINES)

    assert written(capfd) == []

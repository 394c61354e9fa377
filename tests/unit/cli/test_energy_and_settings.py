"""`ricarica energy`, `settings`, `template` and `monitor`: what each asks of the server."""

import json
from typing import Any

import pytest

from tests.unit.cli.test_stations import Server, ricarica, server

__all__ = ["server"]  # a fixture

STATION = "/api/v1/stations/CP-1"
TOLD = {"outcome": "accepted", "status": "Accepted", "detail": None, "answer": {"number": 7}}
NOTHING: dict[str, Any] = {"items": [], "next": None}
PROFILE = '{"purpose":"tx_default","schedules":[{"unit":"A","periods":[{"limit":16}]}]}'
RULE = {"station": None, "transfers": None, "power_w": None}
SPAN = {
    "at": "2026-11-22T12:00:00Z",
    "limit_w": "11040",
    "limit_a": "16",
    "discharge_w": None,
    "setpoint_w": None,
    "delay_s": 600,
    "less_from_soc": 80,
    "by_unknown_clock": False,
}

Case = tuple[tuple[str, ...], str, Any, str, Any]
ASKED: tuple[Case, ...] = (
    (("energy", "list"), "/api/v1/energy", NOTHING, "", None),
    (
        ("energy", "limit", "CP-1", "16A", "--evse", "2", "--purpose", "transaction"),
        f"{STATION}/charging-limits",
        TOLD,
        "",
        {
            "limit": "16",
            "unit": "A",
            "evse": 2,
            "purpose": "transaction",
            "stack_level": 0,
            "number": 0,
        },
    ),
    (
        ("energy", "profile", "CP-1", PROFILE),
        f"{STATION}/charging-profiles",
        TOLD,
        "",
        {"evse": 0, "profile": json.loads(PROFILE)},
    ),
    (("energy", "remove", "CP-1", "3"), f"{STATION}/charging-profiles/3", TOLD, "", None),
    (
        ("energy", "amounts", "CP-1", "3", "setpoint=-5000"),
        f"{STATION}/charging-profiles/3/amounts",
        TOLD,
        "",
        {"setpoint": -5000},
    ),
    (
        ("energy", "control", "CP-1", "kind=gradients", "is_default=true"),
        f"{STATION}/der-controls",
        TOLD,
        "",
        {"kind": "gradients", "is_default": True},
    ),
    (
        ("energy", "composite", "CP-1", "--evse", "1", "--hours", "2"),
        f"{STATION}/composite",
        {"items": [SPAN], "next": None},
        "evse=1&hours=2",
        None,
    ),
    (("energy", "rule", "--transfer", "AC_BPT"), "/api/v1/energy/rule", RULE, "", ...),
    (("energy", "rule", "CP-1", "--power", "11000"), f"{STATION}/energy/rule", RULE, "", ...),
    (
        ("settings", "read", "CP-1", "HeartbeatInterval"),
        f"{STATION}/commands/settings",
        TOLD,
        "",
        {"read": ["HeartbeatInterval"]},
    ),
    (
        ("settings", "set", "CP-1", "HeartbeatInterval=300"),
        f"{STATION}/commands/settings",
        TOLD,
        "",
        {"write": {"HeartbeatInterval": "300"}},
    ),
    (("settings", "list", "CP-1", "Heart"), f"{STATION}/settings", NOTHING, "q=Heart", None),
    (("monitor", "list", "CP-1"), f"{STATION}/monitors", NOTHING, "", None),
    (("monitor", "clear", "CP-1", "4"), f"{STATION}/monitors/clear", TOLD, "", {"numbers": [4]}),
    (("monitor", "report", "CP-1"), f"{STATION}/monitors/report", TOLD, "", ...),
    (("template", "list"), "/api/v1/templates", NOTHING, "", None),
)


@pytest.mark.parametrize(
    ("argv", "path", "answer", "query", "body"), ASKED, ids=[" ".join(case[0]) for case in ASKED]
)
def test_a_command_asks_the_server_for_what_it_says(
    server: Server, argv: tuple[str, ...], path: str, answer: Any, query: str, body: Any
) -> None:
    server.answers[path] = (200, answer)

    code = ricarica(*argv)

    [asked] = server.asked
    assert (code, asked[0]) == (0, path)
    assert query in asked[1]
    if body is not ...:
        assert (json.loads(asked[2]) if asked[2] else None) == body


def test_what_will_hold_is_shown_with_what_only_the_station_knows(
    server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    server.answers[f"{STATION}/composite"] = (200, {"items": [SPAN], "next": None})

    assert ricarica("energy", "composite", "CP-1") == 0

    shown = capsys.readouterr().out
    assert all(word in shown for word in ("11040", "16", "600", "80"))

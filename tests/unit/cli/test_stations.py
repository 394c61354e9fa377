"""`ricarica station` against a server that answers what the test says."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from ricarica.cli.main import run
from ricarica.cli.ports import Programs


@dataclass
class Server:
    url: str = ""
    answers: dict[str, tuple[int, Any]] = field(default_factory=dict)
    asked: list[tuple[str, str, str, str | None]] = field(default_factory=list)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    state = Server()

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            body = self.rfile.read(length).decode()
            path, _, query = self.path.partition("?")
            state.asked.append((path, query, body, self.headers.get("Authorization")))
            status, content = state.answers.get(path, (404, {"detail": "nothing there"}))
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(content).encode())

        do_GET = do_POST = do_PUT = do_DELETE = answer  # noqa: N815 - the names that the base class looks for

        def log_message(self, *_: object) -> None:
            pass

    http = HTTPServer(("127.0.0.1", 0), Handler)
    state.url = f"http://127.0.0.1:{http.server_address[1]}"
    monkeypatch.setenv("RICARICA_URL", state.url)
    monkeypatch.setenv("RICARICA_API_KEY", "ric_test")
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield state
    http.shutdown()
    thread.join()
    http.server_close()


def ricarica(*arguments: str) -> int:
    def unwanted(*_: object) -> Any:
        raise AssertionError("a station command needs nothing of the house")

    return run(Programs(unwanted, unwanted, unwanted, unwanted, unwanted), list(arguments))


STATION = {
    "id": "CP-1",
    "status": "accepted",
    "connected": True,
    "dialect": "2.0.1",
    "vendor": "V",
    "model": "[red]M[/red]",
    "site": {"id": "1", "name": "Parco"},
    "evses": [{"evse": 1, "connectors": [{"connector": 1, "status": "charging"}]}],
    "booted_at": None,
    "secure": False,
}
CALL = "/api/v1/stations/CP%201/commands/Reset"


def test_all_pages_of_stations_are_listed(
    server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    server.answers["/api/v1/stations"] = (200, {"items": [STATION], "next": None})

    code = ricarica("station", "list", "cp", "--connected")

    out = capsys.readouterr().out
    assert code == 0
    assert "1.1 charging" in out
    assert "[red]M[/red]" in out, "what a station calls itself is no markup"
    assert server.asked[0][1] == "q=cp&connected=true&limit=500"
    assert server.asked[0][3] == "Bearer ric_test"


def test_stations_are_listed_as_json(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    server.answers["/api/v1/stations"] = (200, {"items": [STATION], "next": None})

    ricarica("station", "list", "--json")

    assert json.loads(capsys.readouterr().out) == [STATION]


def test_one_station_is_shown(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    server.answers["/api/v1/stations/CP-1"] = (200, STATION)

    assert ricarica("station", "show", "CP-1") == 0

    out = capsys.readouterr().out
    assert "Parco" in out
    assert "booted at" in out


def test_a_station_is_changed_in_what_is_named_alone(server: Server) -> None:
    path = "/api/v1/stations/CP-1"
    server.answers[path] = (200, STATION)
    certificate = ("--certificate-name", "MAKER-7", "--certificate-pin", "")

    assert ricarica("station", "edit", "CP-1", "--label", "fast", "--label", "fleet") == 0
    assert ricarica("station", "edit", "CP-1", *certificate) == 0
    assert ricarica("station", "edit", "CP-1", "--label", "", "--site", "") == 0

    assert [json.loads(body) for _, _, body, _ in server.asked] == [
        {"labels": ["fast", "fleet"]},
        {"certificate_name": "MAKER-7", "certificate_pin": ""},
        {"site": "", "labels": []},
    ]


def test_a_change_of_nothing_is_a_matter_of_usage(server: Server) -> None:
    assert ricarica("station", "edit", "CP-1") == 2
    assert server.asked == []


def test_a_campaign_is_for_stations_with_a_label(server: Server) -> None:
    server.answers["/api/v1/firmware/campaigns"] = (200, {"id": "7", "counts": {}, "plan": {}})

    assert ricarica("firmware", "campaign", "IMAGE-1", "--label", "fleet") == 0

    [(_, _, body, _)] = server.asked
    assert json.loads(body)["which"]["label"] == "fleet"


def test_a_station_that_is_unknown_exits_with_3(server: Server) -> None:
    assert ricarica("station", "show", "CP-1") == 3


@pytest.mark.parametrize(
    "outcome, code",
    [("accepted", 0), ("refused", 5), ("unsupported", 5), ("unknown", 1)],
)
def test_the_exit_code_tells_how_a_call_ended(server: Server, outcome: str, code: int) -> None:
    server.answers[CALL] = (200, {"outcome": outcome})

    assert ricarica("station", "call", "CP 1", "Reset", '{"type":"Soft"}') == code


@pytest.mark.parametrize("status, code", [(409, 4), (404, 3), (422, 2), (401, 1), (500, 1)])
def test_the_exit_code_tells_why_a_call_was_not_made(
    server: Server, capsys: pytest.CaptureFixture[str], status: int, code: int
) -> None:
    server.answers[CALL] = (status, {"detail": "this is why"})

    assert ricarica("station", "call", "CP 1", "Reset") == code
    assert "this is why" in capsys.readouterr().err


def test_the_payload_goes_as_given(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    server.answers[CALL] = (200, {"outcome": "accepted", "response": {"status": "Accepted"}})

    ricarica("station", "call", "CP 1", "Reset", '{"type":"Soft"}', "--raw", "--timeout", "5")

    assert server.asked == [(CALL, "raw=true&timeout=5.0", '{"type":"Soft"}', "Bearer ric_test")]
    assert "Accepted" in capsys.readouterr().out


def test_a_neutral_command_has_no_raw_form(server: Server) -> None:
    path = "/api/v1/stations/CP-1/commands/clear-cache"
    server.answers[path] = (200, {"outcome": "accepted", "status": None, "answer": {}})

    assert ricarica("station", "call", "CP-1", "clear-cache") == 0
    assert server.asked[0][1] == ""


def test_without_a_server_the_way_out_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert ricarica("station", "list", "--url", "http://127.0.0.1:9") == 1
    assert "is it running?" in " ".join(capsys.readouterr().err.split())


def test_an_address_that_is_none_is_refused() -> None:
    assert ricarica("station", "list", "--url", "nonsense") == 2


# -- what was put aside


ASIDE = [
    {"id": str(number), "station": "CP-1", "at": "2026-05-04T12:00:00Z", "action": "MeterValues"}
    | {"payload": "{}", "why": "KeyError: 'x'"}
    for number in (1, 2)
]


def test_what_was_put_aside_is_listed_with_why(
    server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    server.answers["/api/v1/put-aside"] = (200, {"items": ASIDE, "next": None})

    assert ricarica("put-aside", "list", "--station", "CP-1") == 0

    out = capsys.readouterr().out
    assert "MeterValues" in out
    assert "KeyError: 'x'" in out
    assert server.asked[0][1] == "station=CP-1&limit=500"


def test_all_that_was_put_aside_is_read_once_more_and_what_is_left_is_told(
    server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    server.answers["/api/v1/put-aside"] = (200, {"items": ASIDE, "next": None})
    server.answers["/api/v1/put-aside/1/replay"] = (200, None)
    server.answers["/api/v1/put-aside/2/replay"] = (422, {"detail": "still no number"})

    assert ricarica("put-aside", "replay") == 1

    told = capsys.readouterr()
    assert "1 read, 1 left" in told.out
    assert "2: still no number" in told.err


def test_one_that_was_put_aside_is_read_once_more(server: Server) -> None:
    server.answers["/api/v1/put-aside/1/replay"] = (200, None)

    assert ricarica("put-aside", "replay", "1") == 0
    assert [path for path, *_ in server.asked] == ["/api/v1/put-aside/1/replay"]


def test_parts_of_an_answer_are_waited_for(
    server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    call = "/api/v1/stations/CP-1/commands/GetReport"
    server.answers[call] = (200, {"outcome": "accepted", "response": {}, "report": 7})
    report = {"state": "complete", "pages": 2, "content": {"reportData": [1, 2]}}
    server.answers["/api/v1/stations/CP-1/reports/7"] = (200, report)

    code = ricarica("station", "call", "CP-1", "GetReport", "componentCriteria=[]", "--wait")

    assert code == 0
    assert "complete, 2 parts" in capsys.readouterr().out
    assert server.asked[0][2] == '{"componentCriteria":[]}'


def test_a_command_may_be_kept(server: Server) -> None:
    call = "/api/v1/stations/CP-1/commands/reset"
    server.answers[call] = (200, {"outcome": "unreached", "answer": {"kept": "k1"}})

    assert ricarica("station", "call", "CP-1", "reset", "--keep", "PT2H") == 0
    assert "when_away=keep&expires=PT2H" in server.asked[0][1]


def test_many_stations_have_to_be_named(server: Server) -> None:
    assert ricarica("bulk", "begin", "clear-cache") == 2
    assert not server.asked


def test_many_stations_are_told(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    job: dict[str, Any] = {
        "id": "j1",
        "command": "clear-cache",
        "state": "running",
        "why": None,
        "made_by": "anna",
        "made_at": "2026-11-22T09:41:00Z",
        "ended_at": None,
        "pace": 60,
        "stations": 2,
        "counts": {"waiting": 2},
        "first": [],
    }
    server.answers["/api/v1/bulk"] = (201, job)

    assert ricarica("bulk", "begin", "clear-cache", "--vendor", "Acme") == 0

    assert json.loads(server.asked[0][2])["select"] == {"vendor": "Acme"}
    assert "2 waiting" in capsys.readouterr().out


@pytest.mark.parametrize("identity", ["", "caf\udce9"])
def test_a_name_that_is_none_is_a_matter_of_usage(
    server: Server, capsys: pytest.CaptureFixture[str], identity: str
) -> None:
    assert ricarica("station", "show", identity) == 2
    assert "a name is" in capsys.readouterr().err
    assert server.asked == []


def test_a_key_of_two_lines_is_not_a_server_that_is_away(
    server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ricarica("station", "list", "--key", "ric_a\nb") == 2
    assert "the key" in capsys.readouterr().err


def test_a_full_disk_is_told_in_a_line(
    server: Server, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    server.answers["/api/v1/stations/CP-1"] = (200, {})
    monkeypatch.setattr("ricarica.cli.stations._show_station", lambda *_, **__: full())

    assert ricarica("station", "show", "CP-1") == 1
    assert "No space left" in capsys.readouterr().err

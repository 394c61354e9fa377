"""Tools that others wrote to test systems like ours find nothing wrong with it."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.served import COMMAND_S, Served, environment

OCPP_WS = Path(__file__).parents[2] / "node_modules" / ".bin" / "ocpp"
TEST_OCPP = Path(sys.executable).with_name("test-ocpp")
PROTOCOLS = ("ocpp1.6", "ocpp2.0.1", "ocpp2.1")
CHECKS = 21  # of all four suites of ocpp-ws-cli 1.1.12
SUITES_S = 180.0


def why_not() -> str | None:
    """Why the tool from npm cannot run here, if it cannot."""
    if shutil.which("node") is None:
        return "ocpp-ws-cli needs Node, and there is none here"
    if not OCPP_WS.exists():
        return "ocpp-ws-cli is not installed; `npm ci` could not, or was not run"
    return None


@contextmanager
def suites(server: Served, protocol: str, folder: Path) -> "Iterator[subprocess.Popen[bytes]]":
    """All its suites against the server, under way; its report goes into the folder."""
    folder.mkdir()
    endpoint = ("--endpoint", server.ws, "--identity", f"WS-{protocol}", "--protocol", protocol)
    report = ("--report", "json", "--report-dir", str(folder))
    with (folder / "said").open("wb") as said:
        process = subprocess.Popen(
            [OCPP_WS, "test", "--suite", "all", *endpoint, *report],
            cwd=folder,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def report_in(folder: Path) -> Mapping[str, Any]:
    reports = list(folder.glob("*.json"))
    assert len(reports) == 1, (folder / "said").read_text(errors="replace")[-2_000:]
    report: Mapping[str, Any] = json.loads(reports[0].read_text())
    return report


@pytest.mark.slow
@pytest.mark.skipif(why_not() is not None, reason=why_not() or "")
def test_ocpp_ws_cli_passes_all_its_checks_in_all_dialects(server: Served, tmp_path: Path) -> None:
    folders = {protocol: tmp_path / protocol for protocol in PROTOCOLS}
    a, b, c = folders.items()
    with (
        suites(server, *a) as first,
        suites(server, *b) as second,
        suites(server, *c) as third,
    ):
        codes = [each.wait(SUITES_S) for each in (first, second, third)]

    for protocol, folder in folders.items():
        report = report_in(folder)
        failed = [each["name"] for each in report["testResults"] if not each["passed"]]
        assert (protocol, failed) == (protocol, [])
        assert report["metrics"]["testsPassed"] == CHECKS
    assert codes == [0, 0, 0]


@pytest.mark.parametrize("version", ["1.6", "2.0.1"])
def test_test_ocpp_boots_and_is_answered(server: Served, version: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [TEST_OCPP, server.ws, f"TEST-OCPP-{version}", "--ocpp", version],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=COMMAND_S,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "BootNotification status: Accepted" in done.stdout
    assert "SUCCESS" in done.stdout

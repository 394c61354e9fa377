"""What a run of the tests has shown: which tests passed, and which messages were answered.

Written where `tools.coverage_matrix --ran` reads it, if all tests ran. Hooks of pytest, which
tests/conftest.py imports.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from ricarica.testing import wires
from ricarica.testing.wires import Frames

FILE = "ran.json"
CALL, RESULT, SEND = 2, 3, 6
Flown = set[tuple[str, str, str]]
"""Dialect, `in` or `out`, action."""


def answered(frames: Frames) -> Iterator[tuple[str, str, str]]:
    """What was asked and answered, either way; a refusal shows nothing."""
    coming = [_read(text) for text in frames.from_station]
    going = [_read(text) for text in frames.to_station]
    for way, asked, replies in (("in", coming, going), ("out", going, coming)):
        results = {str(frame[1]) for frame in replies if frame and frame[0] == RESULT}
        for frame in asked:
            if frame and ((frame[0] == CALL and str(frame[1]) in results) or frame[0] == SEND):
                yield frames.dialect, way, str(frame[2])


def _read(text: str) -> list[Any]:
    try:
        frame = json.loads(text, strict=False)
    except ValueError:
        return []
    is_whole = isinstance(frame, list) and len(frame) >= 3
    return frame if is_whole else []


class Recorder:
    """Gathers from all processes, and writes at the end."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._frames: list[Frames] = []
        self._passed: set[str] = set()
        self._flown: Flown = set()
        wires.WATCHERS.append(self._frames.append)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self) -> Iterator[None]:
        self._frames.clear()
        return (yield)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> None:
        if call.when == "call" and call.excinfo is None and self._frames:
            found = {each for frames in self._frames for each in answered(frames)}
            item.user_properties.append(("flown", sorted(found)))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when != "call" or not report.passed:
            return
        self._passed.add(report.nodeid.partition("[")[0])
        for name, value in report.user_properties:
            if name == "flown":
                self._flown |= _flown(value)

    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        wires.WATCHERS.clear()
        cache = self._config.cache
        if hasattr(self._config, "workerinput") or cache is None:
            return
        file = cache.mkdir("ricarica") / FILE
        file.unlink(missing_ok=True)
        if _is_whole(self._config) and exitstatus == pytest.ExitCode.OK:
            file.write_text(json.dumps(self._summary(), indent=1), encoding="utf-8")

    def _summary(self) -> dict[str, Any]:
        flown: dict[str, dict[str, list[str]]] = {}
        for dialect, way, action in sorted(self._flown):
            flown.setdefault(dialect, {}).setdefault(way, []).append(action)
        return {"passed": sorted(self._passed), "flown": flown}


def _flown(value: object) -> Flown:
    """From another process they come as lists."""
    assert isinstance(value, list), "as it was put there"
    return {(dialect, way, action) for dialect, way, action in value}


def _is_whole(config: pytest.Config) -> bool:
    """Nobody chose among the tests."""
    chosen: Iterable[object] = (
        config.option.keyword,
        config.option.lf,
        config.option.markexpr != "not long",
        config.args_source is not pytest.Config.ArgsSource.TESTPATHS,
    )
    return not any(chosen)


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Recorder(config), "recorder")

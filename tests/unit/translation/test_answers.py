"""What answers mean that have no word of their own for how it went."""

import json
from typing import Any

import pytest

from ricarica.ocpp.dialects import V16, V21, V201, Dialect
from ricarica.stations.commands import Outcome
from ricarica.translation.answers import result_from

PLACE = {"component": {"name": "OCPPCommCtrlr"}, "variable": {"name": "HeartbeatInterval"}}
IN_2X = pytest.mark.parametrize("dialect", [V201, V21], ids=str)


def read(dialect: Dialect, action: str, answer: dict[str, Any]) -> tuple[Outcome, str | None]:
    result = result_from(dialect, action, json.dumps(answer).encode())
    assert result.answer == answer
    return result.outcome, result.status


@IN_2X
@pytest.mark.parametrize(
    "words, outcome, status",
    [
        (["Accepted", "Accepted"], Outcome.ACCEPTED, "Accepted"),
        (["Accepted", "RebootRequired"], Outcome.ACCEPTED, "RebootRequired"),
        (["Accepted", "Rejected"], Outcome.REFUSED, "Rejected"),
        (["Rejected", "Rejected"], Outcome.REFUSED, "Rejected"),
        (["UnknownVariable"], Outcome.UNSUPPORTED, "UnknownVariable"),
    ],
)
def test_one_value_that_was_not_written_speaks_for_all(
    dialect: Dialect, words: list[str], outcome: Outcome, status: str
) -> None:
    variables = [
        {**PLACE, "variable": {"name": str(at)}, "attributeStatus": word}
        for at, word in enumerate(words)
    ]

    assert read(dialect, "SetVariables", {"setVariableResult": variables}) == (outcome, status)


@IN_2X
@pytest.mark.parametrize(
    "words, outcome",
    [
        (["Accepted", "Rejected"], Outcome.REFUSED),
        (["Accepted", "Accepted"], Outcome.ACCEPTED),
    ],
)
def test_one_monitor_that_was_not_set_speaks_for_all(
    dialect: Dialect, words: list[str], outcome: Outcome
) -> None:
    monitor = {**PLACE, "type": "UpperThreshold", "severity": 5}
    results = [{**monitor, "id": at, "status": word} for at, word in enumerate(words)]
    answer = {"setMonitoringResult": results}

    assert read(dialect, "SetVariableMonitoring", answer)[0] is outcome


@IN_2X
@pytest.mark.parametrize(
    "words, outcome",
    [
        (["Accepted", "NotFound"], Outcome.ACCEPTED),
        (["Accepted", "Rejected"], Outcome.REFUSED),
    ],
)
def test_a_monitor_that_is_not_there_is_as_good_as_cleared(
    dialect: Dialect, words: list[str], outcome: Outcome
) -> None:
    results = [{"id": at, "status": word} for at, word in enumerate(words)]

    assert (
        read(dialect, "ClearVariableMonitoring", {"clearMonitoringResult": results})[0] is outcome
    )


@pytest.mark.parametrize(
    "words, outcome",
    [(["NoTariff", "Accepted"], Outcome.ACCEPTED), (["Accepted", "Rejected"], Outcome.REFUSED)],
)
def test_a_tariff_that_is_not_there_is_as_good_as_cleared(
    words: list[str], outcome: Outcome
) -> None:
    answer = {"clearTariffsResult": [{"status": word} for word in words]}

    assert read(V21, "ClearTariffs", answer)[0] is outcome


@IN_2X
@pytest.mark.parametrize(
    "words, outcome",
    [
        (["UnknownVariable", "Accepted"], Outcome.ACCEPTED),
        (["UnknownVariable", "Rejected"], Outcome.REFUSED),
    ],
)
def test_of_what_is_read_something_is_enough(
    dialect: Dialect, words: list[str], outcome: Outcome
) -> None:
    results = [{**PLACE, "attributeStatus": word} for word in words]

    assert read(dialect, "GetVariables", {"getVariableResult": results})[0] is outcome


@IN_2X
@pytest.mark.parametrize(
    "word, outcome",
    [
        ("Unpublished", Outcome.ACCEPTED),  # L04.FR.02
        ("NoFirmware", Outcome.ACCEPTED),
        ("DownloadOngoing", Outcome.REFUSED),
    ],
)
def test_an_image_that_is_not_offered_any_more_is_as_it_should_be(
    dialect: Dialect, word: str, outcome: Outcome
) -> None:
    assert read(dialect, "UnpublishFirmware", {"status": word}) == (outcome, word)


@pytest.mark.parametrize("dialect", [V16, V201, V21], ids=str)
@pytest.mark.parametrize("answer", [{}, {"status": "Perhaps"}, {"status": 1}])
def test_of_an_answer_that_makes_no_sense_nobody_knows_what_became(
    dialect: Dialect, answer: dict[str, Any]
) -> None:
    assert read(dialect, "ClearCache", answer) == (Outcome.UNKNOWN, None)


@pytest.mark.parametrize("answer", [{"setVariableResult": []}, {}])
def test_an_answer_about_nothing_makes_no_sense(answer: dict[str, Any]) -> None:
    assert read(V201, "SetVariables", answer) == (Outcome.UNKNOWN, None)


def test_what_nobody_knows_is_read_by_its_status() -> None:
    assert read(V16, "Dance", {"status": "Rejected"}) == (Outcome.REFUSED, "Rejected")
    assert read(V16, "Dance", {"steps": 3}) == (Outcome.ACCEPTED, None)

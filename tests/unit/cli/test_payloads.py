"""Payloads as they are typed."""

import json
from pathlib import Path

import pytest

from ricarica.cli.payloads import payload_from
from ricarica.cli.ports import UsageError


@pytest.mark.parametrize(
    ("words", "payload"),
    [
        ([], {}),
        (['{"type":"Soft"}'], {"type": "Soft"}),
        (["type=Soft"], {"type": "Soft"}),
        (["evse.id=1", "evse.connectorId=2"], {"evse": {"id": 1, "connectorId": 2}}),
        (["on=true", "list=[1,2]", "name=01.2.3"], {"on": True, "list": [1, 2], "name": "01.2.3"}),
    ],
)
def test_a_payload_is_json_or_members_by_name(words: list[str], payload: object) -> None:
    assert json.loads(payload_from(words)) == payload


def test_a_payload_may_be_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "reset.json"
    file.write_text('{"type":"Soft"}')

    assert payload_from([f"@{file}"]) == b'{"type":"Soft"}'


@pytest.mark.parametrize("words", [["Soft"], ["@nowhere.json"], ["a=1", "a.b=2"]])
def test_what_is_neither_is_refused(words: list[str]) -> None:
    with pytest.raises(UsageError):
        payload_from(words)

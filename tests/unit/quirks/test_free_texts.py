"""Texts that nobody looks anything up by, and events that are told in a hurry."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from ricarica.ocpp.v2 import messages as v2
from ricarica.ocpp.v16 import messages as v16
from ricarica.translation.quirks.mending import mended

NOW = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "kind", [v16.SecurityEventNotificationRequest, v2.SecurityEventNotificationRequest]
)
def test_a_security_event_is_taken_without_its_time_and_with_a_long_story(kind: Any) -> None:
    said = {"type": "TamperDetectionActivated", "techInfo": "y" * 300}

    found = mended(json.dumps(said).encode(), kind, NOW)

    assert (found.payload.timestamp, found.payload.tech_info) == (NOW, "y" * 300)
    assert found.flags == ("mended:missing_member", "mended:too_long")


def test_the_name_of_a_file_may_be_long() -> None:
    said = json.dumps({"fileName": "f" * 300}).encode()

    found = mended(said, v16.GetDiagnosticsResponse, NOW)

    assert (found.payload.file_name, found.flags) == ("f" * 300, ("mended:too_long",))

"""Every word of a station about its files has a meaning here."""

from datetime import UTC, datetime

import pytest

from ricarica.diagnostics import model as logs
from ricarica.diagnostics.model import LogKind
from ricarica.firmware import updates
from ricarica.kernel.ids import DEFAULT_TENANT, StationId, StationKey
from ricarica.ocpp.v2 import messages as v2
from ricarica.ocpp.v16 import messages as v16
from ricarica.translation.v2 import diagnostics as v2_diagnostics
from ricarica.translation.v16 import diagnostics as v16_diagnostics


def test_all_statuses_of_firmware_are_known() -> None:
    words = {
        *v16.FirmwareStatus,
        *v16.SignedFirmwareStatus,
        *v2.FirmwareStatus,
        *v2.PublishFirmwareStatus,
    }

    assert {str(word) for word in words} == {*updates.STATES, updates.IDLE}


def test_all_statuses_of_uploads_are_known() -> None:
    words = {*v16.DiagnosticsStatus, *v16.UploadLogStatus, *v2.UploadLogStatus}

    assert {str(word) for word in words} == {*logs.STATES, logs.IDLE}


def test_1_6_has_two_kinds_of_log_and_2_1_has_all() -> None:
    assert set(LogKind) - set(v16_diagnostics.LOG_TYPE) == {LogKind.DATA_COLLECTOR}
    assert set(v2_diagnostics.LOG_TYPE) == set(LogKind)


@pytest.mark.parametrize("word", ["Downloading", "Failed", "DownloadFailed", "Installed"])
def test_what_is_over_stays_over(word: str) -> None:
    noon = datetime(2026, 5, 4, 12, tzinfo=UTC)
    key = StationKey(DEFAULT_TENANT, StationId("CP-1"))
    done = updates.Update(
        key, 1, updates.UpdateKind.UPDATE, updates.UpdateState.CONFIRMED, noon, noon
    )

    assert updates.told(done, word, noon) is done

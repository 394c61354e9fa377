import pytest

from ricarica.ocpp.triggers import called_forth


@pytest.mark.parametrize(
    ("action", "payload", "said"),
    [
        ("GetBaseReport", b'{"requestId":1}', {"NotifyReport"}),
        ("GetReport", b"{}", {"NotifyReport"}),
        ("TriggerMessage", b'{"requestedMessage":"Heartbeat"}', {"Heartbeat"}),
        ("TriggerMessage", b'{"requestedMessage":"SignV2GCertificate"}', {"SignCertificate"}),
        (
            "ExtendedTriggerMessage",
            b'{"requestedMessage":"FirmwareStatusNotification"}',
            {"FirmwareStatusNotification", "SignedFirmwareStatusNotification"},
        ),
        ("Reset", b'{"type":"Soft"}', set()),
        ("TriggerMessage", b"nonsense", set()),
        ("TriggerMessage", b'{"requestedMessage":7}', set()),
    ],
)
def test_a_call_calls_forth_what_its_topic_names(
    action: str, payload: bytes, said: set[str]
) -> None:
    assert called_forth(action, payload) == said

"""What a station can be told in its own words, what waits for it, and what it answered in parts."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from ricarica.engine.gathering import State as ReportState
from ricarica.engine.keeping import State as KeptState
from ricarica.kernel.ids import StationId
from ricarica.stations.commands import Outcome, Wait
from ricarica.web.translations import msgid
from ricarica.web.views.schema_forms import Node
from ricarica.web.views.stations import StationHead
from ricarica.web.views.upkeep import StationUpkeep
from ricarica.web.views.visit import Page, Section

REPORT_STATES: Mapping[ReportState, str] = {
    ReportState.WAITING: msgid("More is to come"),
    ReportState.COMPLETE: msgid("Complete"),
    ReportState.PARTIAL: msgid("Not all has come"),
    ReportState.EMPTY: msgid("There is nothing of the kind"),
    ReportState.REFUSED: msgid("Refused"),
}
REPORT_SYMBOLS: Mapping[ReportState, str] = {
    ReportState.WAITING: "preparing",
    ReportState.COMPLETE: "done",
    ReportState.PARTIAL: "faulted",
    ReportState.EMPTY: "available",
    ReportState.REFUSED: "unavailable",
}
KEPT_STATES: Mapping[KeptState, str] = {
    KeptState.WAITING: msgid("Waits for the station"),
    KeptState.SENT: msgid("Sent"),
    KeptState.DONE: msgid("Done"),
    KeptState.CANCELLED: msgid("Cancelled"),
    KeptState.EXPIRED: msgid("Too late"),
}
# For how long a command may wait for a station that is away; the values are durations.
KEEP_CHOICES: Mapping[str, str] = {
    "": msgid("Do not send it"),
    "PT1H": msgid("Keep it for an hour"),
    "PT24H": msgid("Keep it for a day"),
    "P7D": msgid("Keep it for a week"),
}
# Actions by what they are about; what is in none of these comes last.
SUBJECTS: Mapping[str, frozenset[str]] = {
    msgid("Charging"): frozenset(
        {
            "CancelReservation",
            "GetTransactionStatus",
            "RemoteStartTransaction",
            "RemoteStopTransaction",
            "RequestStartTransaction",
            "RequestStopTransaction",
            "ReserveNow",
            "UnlockConnector",
            "UsePriorityCharging",
        }
    ),
    msgid("Operation"): frozenset(
        {"ChangeAvailability", "ExtendedTriggerMessage", "Reset", "TriggerMessage"}
    ),
    msgid("Settings and monitoring"): frozenset(
        {
            "AdjustPeriodicEventStream",
            "ChangeConfiguration",
            "ClearVariableMonitoring",
            "GetBaseReport",
            "GetConfiguration",
            "GetMonitoringReport",
            "GetPeriodicEventStream",
            "GetReport",
            "GetVariables",
            "SetMonitoringBase",
            "SetMonitoringLevel",
            "SetNetworkProfile",
            "SetVariableMonitoring",
            "SetVariables",
        }
    ),
    msgid("Tokens and customers"): frozenset(
        {"ClearCache", "CustomerInformation", "GetLocalListVersion", "SendLocalList"}
    ),
    msgid("Energy"): frozenset(
        {
            "AFRRSignal",
            "ClearChargingProfile",
            "ClearDERControl",
            "GetChargingProfiles",
            "GetCompositeSchedule",
            "GetDERControl",
            "NotifyAllowedEnergyTransfer",
            "SetChargingProfile",
            "SetDERControl",
            "UpdateDynamicSchedule",
        }
    ),
    msgid("Tariffs and displays"): frozenset(
        {
            "ChangeTransactionTariff",
            "ClearDisplayMessage",
            "ClearTariffs",
            "CostUpdated",
            "GetDisplayMessages",
            "GetTariffs",
            "NotifyWebPaymentStarted",
            "SetDefaultTariff",
            "SetDisplayMessage",
        }
    ),
    msgid("Firmware and logs"): frozenset(
        {
            "GetDiagnostics",
            "GetLog",
            "PublishFirmware",
            "SignedUpdateFirmware",
            "UnpublishFirmware",
            "UpdateFirmware",
        }
    ),
    msgid("Certificates"): frozenset(
        {
            "CertificateSigned",
            "DeleteCertificate",
            "GetInstalledCertificateIds",
            "InstallCertificate",
        }
    ),
}
OTHER = msgid("Other")


@dataclass(frozen=True, slots=True)
class ActionLink:
    action: str
    why_not: str | None = None


@dataclass(frozen=True, slots=True)
class ActionGroup:
    label: str
    actions: tuple[ActionLink, ...]


@dataclass(frozen=True, slots=True)
class KeptRow:
    id: str
    name: str
    body_json: str
    made_by: str
    made_at: datetime
    expires_at: datetime
    state: KeptState
    outcome: Outcome | None = None
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class ReportRow:
    number: int
    action: str
    state: ReportState
    pages: int
    asked_by: str
    asked_at: datetime


@dataclass(frozen=True, slots=True)
class CallsPage(Page):
    """GET /stations/{id}/call"""

    template: ClassVar[str] = "stations/calls.html"
    section: ClassVar[Section | None] = Section.STATIONS
    head: StationHead
    groups: tuple[ActionGroup, ...]
    upkeep: StationUpkeep
    kept: tuple[KeptRow, ...] = ()
    reports: tuple[ReportRow, ...] = ()

    @property
    def watches(self) -> tuple[str, ...]:
        return (f"station:{self.head.id}",)


@dataclass(frozen=True, slots=True)
class CallPage(Page):
    """GET /stations/{id}/call/{Action}"""

    template: ClassVar[str] = "stations/call.html"
    section: ClassVar[Section | None] = Section.STATIONS
    head: StationHead
    action: str
    form: Node
    json: str
    """What the payload has to have at least, to begin with."""
    why_not: str | None = None

    @property
    def watches(self) -> tuple[str, ...]:
        return (f"station:{self.head.id}", f"messages:{self.head.id}")


@dataclass(frozen=True, slots=True)
class ReportPart:
    """GET /fragments/stations/{id}/reports/{number}"""

    template: ClassVar[str] = "stations/report.html"
    station: StationId
    number: int
    action: str
    state: ReportState
    pages: int
    missing: tuple[str, ...]
    content_json: str
    heard_at: datetime | None = None
    is_cut: bool = False


@dataclass(frozen=True, slots=True)
class ReportPage(Page):
    """GET /stations/{id}/reports/{number}"""

    template: ClassVar[str] = "stations/report_page.html"
    section: ClassVar[Section | None] = Section.STATIONS
    head: StationHead
    part: ReportPart
    asked_by: str
    asked_at: datetime
    request_json: str

    @property
    def watches(self) -> tuple[str, ...]:
        return (f"station:{self.head.id}", f"messages:{self.head.id}")


@dataclass(frozen=True, slots=True)
class CallOutcome:
    """The answer to POST /stations/{id}/call/{Action}."""

    template: ClassVar[str] = "stations/call_outcome.html"
    sent_json: str
    outcome: Outcome | None = None
    status: str | None = None
    detail: str | None = None
    answer_json: str | None = None
    took_ms: int | None = None
    report: ReportPart | None = None
    kept_until: datetime | None = None
    error: str | None = None
    """Why it was not even sent."""
    waited: Wait | None = None


@dataclass(frozen=True, slots=True)
class JsonText:
    """The answer to the same with `show=json`: what the form says, to be changed by hand."""

    template: ClassVar[str] = "stations/call_json.html"
    json: str

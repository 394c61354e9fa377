"""Settings in 2.0.1 and 2.1: variables of components, in the device model."""

from collections.abc import Iterator, Sequence

from ricarica.configuration.commands import (
    Criterion,
    Extent,
    ReadSettings,
    ReportChosen,
    ReportSettings,
    WriteSetting,
    WriteSettings,
)
from ricarica.configuration.facts import (
    ReportPart,
    ReportRefused,
    SettingsReported,
    SettingWritten,
    Told,
    WriteRefused,
)
from ricarica.configuration.model import Access, SettingName, is_secret, name_from
from ricarica.configuration.names import NEUTRAL
from ricarica.kernel.errors import InvalidError
from ricarica.ocpp.errors import LocalProtocolError
from ricarica.ocpp.v2 import messages as v2
from ricarica.slices import Slices
from ricarica.stations.commands import Outcome, Result
from ricarica.translation.route import Origin, Part, Phrase, Phrases, Route
from ricarica.translation.v2.words import detail_from

VARIABLES = {
    "heartbeat_interval": "OCPPCommCtrlr.HeartbeatInterval",
    "ping_interval": "OCPPCommCtrlr.WebSocketPingInterval",
    "meter_interval": "SampledDataCtrlr.TxUpdatedInterval",
    "meter_measurands": "SampledDataCtrlr.TxUpdatedMeasurands",
    "end_measurands": "SampledDataCtrlr.TxEndedMeasurands",
    "end_aligned_measurands": "AlignedDataCtrlr.TxEndedMeasurands",
    "aligned_interval": "AlignedDataCtrlr.Interval",
    "aligned_measurands": "AlignedDataCtrlr.Measurands",
    "message_attempts": "OCPPCommCtrlr.MessageAttempts#TransactionEvent",
    "message_attempt_interval": "OCPPCommCtrlr.MessageAttemptInterval#TransactionEvent",
    "offline_threshold": "OCPPCommCtrlr.OfflineThreshold",
    "reset_retries": "OCPPCommCtrlr.ResetRetries",
    "connection_timeout": "TxCtrlr.EVConnectionTimeOut",
    "local_authorize_offline": "AuthCtrlr.LocalAuthorizeOffline",
    "local_pre_authorize": "AuthCtrlr.LocalPreAuthorize",
    "authorize_remote_start": "AuthCtrlr.AuthorizeRemoteStart",
    "offline_for_unknown_tokens": "AuthCtrlr.OfflineTxForUnknownIdEnabled",
    "cache_enabled": "AuthCacheCtrlr.Enabled",
    "local_list_enabled": "LocalAuthListCtrlr.Enabled",
    "stop_on_invalid_token": "TxCtrlr.StopTxOnInvalidId",
    "stop_on_unplug": "TxCtrlr.StopTxOnEVSideDisconnect",
    "unlock_on_unplug": "OCPPCommCtrlr.UnlockOnEVSideDisconnect",
    "energy_on_invalid_token": "TxCtrlr.MaxEnergyOnInvalidId",
    "operator_name": "SecurityCtrlr.OrganizationName",
    "security_profile": "SecurityCtrlr.SecurityProfile",
    "file_protocols": "OCPPCommCtrlr.FileTransferProtocols",
    "rate_units": "SmartChargingCtrlr.RateUnit",
    "phase_switching": "SmartChargingCtrlr.Phases3to1",
    "local_list_max": "LocalAuthListCtrlr.Entries",
    "local_list_items_max": "LocalAuthListCtrlr.ItemsPerMessage",
    "local_list_bytes_max": "LocalAuthListCtrlr.BytesPerMessage",
    "profile_stack_max": "SmartChargingCtrlr.ProfileStackLevel",
    "schedule_periods_max": "SmartChargingCtrlr.PeriodsPerSchedule",
    "profiles_max": "SmartChargingCtrlr.Entries#ChargingProfiles",
    "certificates_max": "SecurityCtrlr.CertificateEntries",
    "read_items_max": "DeviceDataCtrlr.ItemsPerMessage#GetVariables",
    "read_bytes_max": "DeviceDataCtrlr.BytesPerMessage#GetVariables",
    "write_items_max": "DeviceDataCtrlr.ItemsPerMessage#SetVariables",
    "write_bytes_max": "DeviceDataCtrlr.BytesPerMessage#SetVariables",
    "report_items_max": "DeviceDataCtrlr.ItemsPerMessage#GetReport",
    "report_bytes_max": "DeviceDataCtrlr.BytesPerMessage#GetReport",
    "monitor_items_max": "MonitoringCtrlr.ItemsPerMessage#SetVariableMonitoring",
    "monitor_bytes_max": "MonitoringCtrlr.BytesPerMessage#SetVariableMonitoring",
    "clear_monitor_items_max": "MonitoringCtrlr.ItemsPerMessage#ClearVariableMonitoring",
    "clear_monitor_bytes_max": "MonitoringCtrlr.BytesPerMessage#ClearVariableMonitoring",
    "streams_max": "MonitoringCtrlr.MaxPeriodicEventStreams",
}
NEUTRAL_OF = {name.casefold(): neutral for neutral, name in VARIABLES.items()}
EXTENT = {
    Extent.ALL: v2.ReportBase.FullInventory,
    Extent.WRITABLE: v2.ReportBase.ConfigurationInventory,
    Extent.SUMMARY: v2.ReportBase.SummaryInventory,
}
CRITERION = {
    Criterion.ACTIVE: v2.ComponentCriterion.Active,
    Criterion.AVAILABLE: v2.ComponentCriterion.Available,
    Criterion.ENABLED: v2.ComponentCriterion.Enabled,
    Criterion.PROBLEM: v2.ComponentCriterion.Problem,
}
ACCESS = {
    v2.Mutability.ReadOnly: Access.READ_ONLY,
    v2.Mutability.WriteOnly: Access.WRITE_ONLY,
    v2.Mutability.ReadWrite: Access.READ_WRITE,
}
UNKNOWN = frozenset(
    {
        v2.SetVariableStatus.UnknownComponent,
        v2.SetVariableStatus.UnknownVariable,
        v2.SetVariableStatus.NotSupportedAttributeType,
    }
)


def place_of(name: str) -> SettingName:
    """Where a setting is, by our word for it or by the station's name."""
    if name in NEUTRAL and name not in VARIABLES:
        raise LocalProtocolError(f"the device model has no variable for {name}")
    place = name_from(VARIABLES.get(name, name))
    if place.component is None:
        raise InvalidError(f"write {name} with its component, as in OCPPCommCtrlr.{name}")
    return place


def component_for(place: SettingName) -> v2.Component:
    evse = None if place.evse is None else v2.EVSE(id=place.evse, connector_id=place.connector)
    return v2.Component(name=place.component or "", instance=place.component_instance, evse=evse)


def variable_for(place: SettingName) -> v2.Variable:
    return v2.Variable(name=place.variable, instance=place.variable_instance)


def attribute_for(place: SettingName) -> v2.Attribute | None:
    return None if place.attribute is None else v2.Attribute(place.attribute)


def place_from(
    component: v2.Component, variable: v2.Variable, attribute: v2.Attribute | None
) -> SettingName:
    evse = component.evse
    return SettingName(
        variable=variable.name,
        variable_instance=variable.instance,
        component=component.name,
        component_instance=component.instance,
        evse=evse.id if evse else None,
        connector=evse.connector_id if evse else None,
        attribute=None if attribute in (None, v2.Attribute.Actual) else str(attribute),
    )


def get_variables_for(command: ReadSettings) -> v2.GetVariablesRequest:
    places = [place_of(name) for name in command.names]
    return v2.GetVariablesRequest(
        get_variable_data=[
            v2.GetVariableData(
                component=component_for(place),
                variable=variable_for(place),
                attribute_type=attribute_for(place),
            )
            for place in places
        ]
    )


def read_result_from(response: v2.GetVariablesResponse) -> Result:
    settings: dict[str, str | None] = {}
    unknown: list[str] = []
    statuses: dict[str, str] = {}
    for result in response.get_variable_result:
        name = str(place_from(result.component, result.variable, result.attribute_type))
        if result.attribute_status is v2.GetVariableStatus.Accepted:
            settings[name] = None if is_secret(name) else result.attribute_value
        else:
            unknown.append(name)
            statuses[name] = result.attribute_status.value
    outcome = Outcome.ACCEPTED if settings else Outcome.REFUSED
    answer = {"settings": settings, "unknown": unknown, "statuses": statuses}
    return Result(outcome, answer=answer)


async def remember_read(
    _command: object, response: v2.GetVariablesResponse, origin: Origin, slices: Slices
) -> None:
    settings = read_result_from(response).answer["settings"]
    told = tuple(
        Told(name, value, neutral=NEUTRAL_OF.get(name.casefold()))
        for name, value in settings.items()
    )
    await slices.configuration.report(SettingsReported(origin.station, told, origin.received_at))


def set_variables_for(command: WriteSetting | WriteSettings) -> v2.SetVariablesRequest:
    places = [(place_of(name), value) for name, value in values_of(command)]
    if len({str(place).casefold() for place, _ in places}) < len(places):
        # B05.FR.13
        raise LocalProtocolError("one of these settings is named twice")
    return v2.SetVariablesRequest(
        set_variable_data=[
            v2.SetVariableData(
                attribute_value=value,
                component=component_for(place),
                variable=variable_for(place),
                attribute_type=attribute_for(place),
            )
            for place, value in places
        ]
    )


def values_of(command: WriteSetting | WriteSettings) -> Sequence[tuple[str, str]]:
    if isinstance(command, WriteSettings):
        return command.values
    return ((command.name, command.value),)


def one_result_from(result: v2.SetVariableResult) -> Result:
    status, detail = result.attribute_status, detail_from(result.attribute_status_info)
    if status in (v2.SetVariableStatus.Accepted, v2.SetVariableStatus.RebootRequired):
        return Result(Outcome.ACCEPTED, status, detail)
    outcome = Outcome.UNSUPPORTED if status in UNKNOWN else Outcome.REFUSED
    return Result(outcome, status, detail)


def write_result_from(response: v2.SetVariablesResponse) -> Result:
    """The first that was not accepted speaks for all of them; each is in the answer."""
    each = {
        str(place_from(result.component, result.variable, result.attribute_type)): one_result_from(
            result
        )
        for result in response.set_variable_result
    }
    results = list(each.values())
    refused = [result for result in results if result.outcome is not Outcome.ACCEPTED]
    reboots = [result for result in results if result.status == v2.SetVariableStatus.RebootRequired]
    said = (refused or reboots or results)[0]
    if len(each) == 1:
        return said
    settings = {
        name: {"outcome": result.outcome, "status": result.status, "detail": result.detail}
        for name, result in each.items()
    }
    return Result(said.outcome, said.status, said.detail, {"settings": settings})


async def remember_written(
    command: WriteSetting | WriteSettings,
    response: v2.SetVariablesResponse,
    origin: Origin,
    slices: Slices,
) -> None:
    values = {str(place_of(name)).casefold(): value for name, value in values_of(command)}
    written: list[SettingWritten] = []
    refused: list[WriteRefused] = []
    for each in response.set_variable_result:
        name = str(place_from(each.component, each.variable, each.attribute_type))
        value, result = values.get(name.casefold()), one_result_from(each)
        if value is None:
            continue  # nobody asked for it
        told = (origin.station, name, value, origin.received_at)
        neutral = NEUTRAL_OF.get(name.casefold())
        if result.outcome is Outcome.ACCEPTED:
            reboots = result.status == v2.SetVariableStatus.RebootRequired
            written.append(SettingWritten(*told, reboots, neutral))
        else:
            refused.append(WriteRefused(*told, result.words, neutral))
    await slices.configuration.written(*written)
    await slices.configuration.refused(*refused)


def report_result_from(
    response: v2.GetBaseReportResponse | v2.GetReportResponse | v2.GetMonitoringReportResponse,
) -> Result:
    match response.status:
        case v2.GenericDeviceModelStatus.Accepted:
            return Result(Outcome.ACCEPTED, response.status, "the report follows")
        case v2.GenericDeviceModelStatus.EmptyResultSet:
            return Result(Outcome.ACCEPTED, response.status, "there is nothing to report")
        case v2.GenericDeviceModelStatus.NotSupported:
            return Result(Outcome.UNSUPPORTED, response.status)
        case _:
            return Result(Outcome.REFUSED, response.status)


async def remember_report(
    command: ReportSettings, response: v2.GetBaseReportResponse, origin: Origin, slices: Slices
) -> None:
    if response.status is not v2.GenericDeviceModelStatus.Accepted:
        refused = ReportRefused(origin.station, command.number, str(response.status))
        await slices.configuration.report_refused(refused)


def get_report_for(command: ReportChosen) -> v2.GetReportRequest:
    return v2.GetReportRequest(
        request_id=command.number,
        component_criteria=[CRITERION[each] for each in command.criteria] or None,
        component_variable=[choice_for(place) for place in command.places] or None,
    )


def choice_for(place: str) -> v2.ComponentVariable:
    """A variable, or with a dot at its end a whole component. B08.FR.20"""
    if place.endswith("."):
        return v2.ComponentVariable(component=component_for(name_from(f"{place}*")))
    named = place_of(place)
    return v2.ComponentVariable(component=component_for(named), variable=variable_for(named))


def told_from(data: v2.ReportData) -> Iterator[Told]:
    traits = data.variable_characteristics
    for attribute in data.variable_attribute:
        name = str(place_from(data.component, data.variable, attribute.type))
        # B07.FR.08, table of VariableAttribute: left out, it may be written
        mutability = attribute.mutability or v2.Mutability.ReadWrite
        yield Told(
            name,
            attribute.value,
            ACCESS[mutability],
            unit=traits.unit if traits else None,
            kind=str(traits.data_type) if traits else None,
            choices=traits.values_list if traits else None,
            neutral=NEUTRAL_OF.get(name.casefold()),
            lowest=traits.min_limit if traits else None,
            highest=traits.max_limit if traits else None,
            elements_max=traits.max_elements if traits else None,
            persistent=bool(attribute.persistent),  # left out, they are false
            constant=bool(attribute.constant),
            monitorable=traits.supports_monitoring if traits else None,
        )


async def notify_report(
    req: v2.NotifyReportRequest, origin: Origin, slices: Slices
) -> v2.NotifyReportResponse:
    told = tuple(each for data in req.report_data or () for each in told_from(data))
    part = ReportPart(req.request_id, req.seq_no, is_last=not req.tbc)
    await slices.configuration.report(
        SettingsReported(origin.station, told, origin.received_at, part)
    )
    return v2.NotifyReportResponse()


def part_of(req: v2.NotifyReportRequest) -> Part:
    return Part("GetReport", req.request_id, req.seq_no, is_last=not req.tbc)


ROUTES = (
    Route(
        "NotifyReport",
        v2.NotifyReportRequest,
        notify_report,
        answer_when_put_aside=lambda _: v2.NotifyReportResponse(),
        part_of=part_of,
    ),
)
WRITING = Phrase("SetVariables", set_variables_for, write_result_from, remember=remember_written)
PHRASES: Phrases = {
    ReadSettings: Phrase(
        "GetVariables", get_variables_for, read_result_from, remember=remember_read
    ),
    ReportSettings: Phrase(
        "GetBaseReport",
        lambda command: v2.GetBaseReportRequest(
            request_id=command.number, report_base=EXTENT[command.extent]
        ),
        report_result_from,
        timeout_s=60,
        remember=remember_report,
    ),
    ReportChosen: Phrase("GetReport", get_report_for, report_result_from, timeout_s=60),
    WriteSetting: WRITING,
    WriteSettings: WRITING,
}

"""Settings in 2.0.1 and 2.1: variables of components, in the device model."""

from collections.abc import Iterator

from ricarica.configuration.commands import ReadSettings, ReportSettings, WriteSetting
from ricarica.configuration.facts import SettingsReported, SettingWritten, Told
from ricarica.configuration.model import Access, SettingName, is_secret, name_from
from ricarica.kernel.errors import InvalidError
from ricarica.ocpp.v2 import messages as v2
from ricarica.slices import Slices
from ricarica.stations.commands import Outcome, Result
from ricarica.translation.route import Origin, Phrase, Phrases, Route

VARIABLES = {
    "heartbeat_interval": "OCPPCommCtrlr.HeartbeatInterval",
    "ping_interval": "OCPPCommCtrlr.WebSocketPingInterval",
    "meter_interval": "SampledDataCtrlr.TxUpdatedInterval",
    "meter_measurands": "SampledDataCtrlr.TxUpdatedMeasurands",
    "end_measurands": "SampledDataCtrlr.TxEndedMeasurands",
    "aligned_interval": "AlignedDataCtrlr.Interval",
    "aligned_measurands": "AlignedDataCtrlr.Measurands",
    "message_attempts": "OCPPCommCtrlr.MessageAttempts#TransactionEvent",
    "message_attempt_interval": "OCPPCommCtrlr.MessageAttemptInterval#TransactionEvent",
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
    "energy_on_invalid_token": "TxCtrlr.MaxEnergyOnInvalidId",
    "operator_name": "SecurityCtrlr.OrganizationName",
    "security_profile": "SecurityCtrlr.SecurityProfile",
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
    for result in response.get_variable_result:
        name = str(place_from(result.component, result.variable, result.attribute_type))
        if result.attribute_status is v2.GetVariableStatus.Accepted:
            settings[name] = None if is_secret(name) else result.attribute_value
        else:
            unknown.append(name)
    outcome = Outcome.ACCEPTED if settings else Outcome.REFUSED
    return Result(outcome, answer={"settings": settings, "unknown": unknown})


async def remember_read(
    _command: object, response: v2.GetVariablesResponse, origin: Origin, slices: Slices
) -> None:
    settings = read_result_from(response).answer["settings"]
    told = tuple(Told(name, value) for name, value in settings.items())
    await slices.configuration.report(SettingsReported(origin.station, told, origin.received_at))


def set_variables_for(command: WriteSetting) -> v2.SetVariablesRequest:
    place = place_of(command.name)
    return v2.SetVariablesRequest(
        set_variable_data=[
            v2.SetVariableData(
                attribute_value=command.value,
                component=component_for(place),
                variable=variable_for(place),
                attribute_type=attribute_for(place),
            )
        ]
    )


def write_result_from(response: v2.SetVariablesResponse) -> Result:
    result = response.set_variable_result[0]
    status, info = result.attribute_status, result.attribute_status_info
    detail = info.reason_code if info else None
    if status in (v2.SetVariableStatus.Accepted, v2.SetVariableStatus.RebootRequired):
        return Result(Outcome.ACCEPTED, status, detail)
    outcome = Outcome.UNSUPPORTED if status in UNKNOWN else Outcome.REFUSED
    return Result(outcome, status, detail)


async def remember_written(
    command: WriteSetting, response: v2.SetVariablesResponse, origin: Origin, slices: Slices
) -> None:
    result = write_result_from(response)
    if result.outcome is not Outcome.ACCEPTED:
        return
    await slices.configuration.written(
        SettingWritten(
            origin.station,
            str(place_of(command.name)),
            command.value,
            origin.received_at,
            needs_reboot=result.status == v2.SetVariableStatus.RebootRequired,
        )
    )


def report_result_from(response: v2.GetBaseReportResponse) -> Result:
    match response.status:
        case v2.GenericDeviceModelStatus.Accepted:
            return Result(Outcome.ACCEPTED, response.status, "the settings follow")
        case v2.GenericDeviceModelStatus.NotSupported:
            return Result(Outcome.UNSUPPORTED, response.status)
        case _:
            return Result(Outcome.REFUSED, response.status)


def told_from(data: v2.ReportData) -> Iterator[Told]:
    traits = data.variable_characteristics
    for attribute in data.variable_attribute:
        # B07.FR.08, table of VariableAttribute: left out, it may be written
        mutability = attribute.mutability or v2.Mutability.ReadWrite
        yield Told(
            str(place_from(data.component, data.variable, attribute.type)),
            attribute.value,
            ACCESS[mutability],
            unit=traits.unit if traits else None,
            kind=str(traits.data_type) if traits else None,
            choices=traits.values_list if traits else None,
        )


async def notify_report(
    req: v2.NotifyReportRequest, origin: Origin, slices: Slices
) -> v2.NotifyReportResponse:
    told = tuple(each for data in req.report_data or () for each in told_from(data))
    await slices.configuration.report(SettingsReported(origin.station, told, origin.received_at))
    return v2.NotifyReportResponse()


ROUTES = (
    # B02.FR.09, B07: a pending station may be asked for its report
    Route("NotifyReport", v2.NotifyReportRequest, notify_report, before_acceptance=True),
)
PHRASES: Phrases = {
    ReadSettings: Phrase(
        "GetVariables", get_variables_for, read_result_from, remember=remember_read
    ),
    ReportSettings: Phrase(
        "GetBaseReport",
        lambda command: v2.GetBaseReportRequest(
            request_id=command.number, report_base=v2.ReportBase.FullInventory
        ),
        report_result_from,
        timeout_s=60,
    ),
    WriteSetting: Phrase(
        "SetVariables", set_variables_for, write_result_from, remember=remember_written
    ),
}

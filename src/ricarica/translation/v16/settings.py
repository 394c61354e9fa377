"""Settings in 1.6: a flat list of keys."""

from ricarica.configuration.commands import ReadSettings, ReportSettings, WriteSetting
from ricarica.configuration.facts import SettingsReported, SettingWritten, Told
from ricarica.configuration.model import Access, is_secret
from ricarica.ocpp.v16 import messages as v16
from ricarica.slices import Slices
from ricarica.stations.commands import Outcome, Result
from ricarica.translation.route import Origin, Phrase, Phrases

KEYS = {
    "heartbeat_interval": "HeartbeatInterval",
    "ping_interval": "WebSocketPingInterval",
    "meter_interval": "MeterValueSampleInterval",
    "meter_measurands": "MeterValuesSampledData",
    "end_measurands": "StopTxnSampledData",
    "aligned_interval": "ClockAlignedDataInterval",
    "aligned_measurands": "MeterValuesAlignedData",
    "message_attempts": "TransactionMessageAttempts",
    "message_attempt_interval": "TransactionMessageRetryInterval",
    "reset_retries": "ResetRetries",
    "connection_timeout": "ConnectionTimeOut",
    "local_authorize_offline": "LocalAuthorizeOffline",
    "local_pre_authorize": "LocalPreAuthorize",
    "authorize_remote_start": "AuthorizeRemoteTxRequests",
    "offline_for_unknown_tokens": "AllowOfflineTxForUnknownId",
    "cache_enabled": "AuthorizationCacheEnabled",
    "local_list_enabled": "LocalAuthListEnabled",
    "stop_on_invalid_token": "StopTransactionOnInvalidId",
    "stop_on_unplug": "StopTransactionOnEVSideDisconnect",
    "energy_on_invalid_token": "MaxEnergyOnInvalidId",
    "operator_name": "CpoName",
    "security_profile": "SecurityProfile",
}


def key_for(name: str) -> str:
    return KEYS.get(name, name)


def told_from(response: v16.GetConfigurationResponse) -> tuple[Told, ...]:
    return tuple(
        Told(key.key, key.value, Access.READ_ONLY if key.readonly else Access.READ_WRITE)
        for key in response.configuration_key or ()
    )


def read_result_from(response: v16.GetConfigurationResponse) -> Result:
    settings = {
        told.name: None if is_secret(told.name) else told.value for told in told_from(response)
    }
    unknown = list(response.unknown_key or ())
    outcome = Outcome.REFUSED if unknown and not settings else Outcome.ACCEPTED
    return Result(outcome, answer={"settings": settings, "unknown": unknown})


async def remember_read(
    _command: object, response: v16.GetConfigurationResponse, origin: Origin, slices: Slices
) -> None:
    await slices.configuration.report(
        SettingsReported(origin.station, told_from(response), origin.received_at)
    )


def write_result_from(response: v16.ChangeConfigurationResponse) -> Result:
    match response.status:
        case v16.ConfigurationStatus.Accepted | v16.ConfigurationStatus.RebootRequired:
            return Result(Outcome.ACCEPTED, response.status)
        case v16.ConfigurationStatus.NotSupported:
            return Result(Outcome.UNSUPPORTED, response.status)
        case _:
            return Result(Outcome.REFUSED, response.status)


async def remember_written(
    command: WriteSetting,
    response: v16.ChangeConfigurationResponse,
    origin: Origin,
    slices: Slices,
) -> None:
    if write_result_from(response).outcome is not Outcome.ACCEPTED:
        return
    await slices.configuration.written(
        SettingWritten(
            origin.station,
            key_for(command.name),
            command.value,
            origin.received_at,
            needs_reboot=response.status is v16.ConfigurationStatus.RebootRequired,
        )
    )


PHRASES: Phrases = {
    ReadSettings: Phrase(
        "GetConfiguration",
        lambda command: v16.GetConfigurationRequest(key=[key_for(n) for n in command.names]),
        read_result_from,
        remember=remember_read,
    ),
    ReportSettings: Phrase(
        "GetConfiguration",
        lambda _: v16.GetConfigurationRequest(),
        read_result_from,
        timeout_s=60,
        remember=remember_read,
    ),
    WriteSetting: Phrase(
        "ChangeConfiguration",
        lambda command: v16.ChangeConfigurationRequest(
            key=key_for(command.name), value=command.value
        ),
        write_result_from,
        remember=remember_written,
    ),
}

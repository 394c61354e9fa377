"""Settings in 1.6: a flat list of keys."""

from ricarica.configuration.commands import ReadSettings, ReportSettings, WriteSetting
from ricarica.configuration.facts import (
    ReportPart,
    SettingsReported,
    SettingWritten,
    Told,
    WriteRefused,
)
from ricarica.configuration.model import Access, is_hidden
from ricarica.configuration.names import NEUTRAL
from ricarica.ocpp.errors import LocalProtocolError
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
    "end_aligned_measurands": "StopTxnAlignedData",
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
    "unlock_on_unplug": "UnlockConnectorOnEVSideDisconnect",
    "energy_on_invalid_token": "MaxEnergyOnInvalidId",
    "light_intensity": "LightIntensity",
    "operator_name": "CpoName",
    "security_profile": "SecurityProfile",
    "file_protocols": "SupportedFileTransferProtocols",
    "rate_units": "ChargingScheduleAllowedChargingRateUnit",
    "phase_switching": "ConnectorSwitch3to1PhaseSupported",
    "local_list_max": "LocalAuthListMaxLength",
    "local_list_items_max": "SendLocalListMaxLength",
    "profile_stack_max": "ChargeProfileMaxStackLevel",
    "schedule_periods_max": "ChargingScheduleMaxPeriods",
    "profiles_max": "MaxChargingProfilesInstalled",
    "certificates_max": "CertificateStoreMaxLength",
    "read_items_max": "GetConfigurationMaxKeys",
}
NEUTRAL_OF = {key.casefold(): name for name, key in KEYS.items()}


def key_for(name: str) -> str:
    """The key for one of our words, or the key itself."""
    if name in NEUTRAL and name not in KEYS:
        raise LocalProtocolError(f"1.6 has no key for {name}")
    return KEYS.get(name, name)


def neutral_of(key: str) -> str | None:
    """Keys are compared in any case. 1.6 §5.7"""
    return NEUTRAL_OF.get(key.casefold())


def told_from(response: v16.GetConfigurationResponse) -> tuple[Told, ...]:
    return tuple(
        Told(
            key.key,
            key.value,
            Access.READ_ONLY if key.readonly else Access.READ_WRITE,
            neutral=neutral_of(key.key),
        )
        for key in response.configuration_key or ()
    )


def read_result_from(response: v16.GetConfigurationResponse) -> Result:
    settings = {
        told.name: None if is_hidden(told.name, told.access) else told.value
        for told in told_from(response)
    }
    unknown = list(response.unknown_key or ())
    outcome = Outcome.REFUSED if unknown and not settings else Outcome.ACCEPTED
    return Result(outcome, answer={"settings": settings, "unknown": unknown})


async def remember_read(
    command: ReadSettings | ReportSettings,
    response: v16.GetConfigurationResponse,
    origin: Origin,
    slices: Slices,
) -> None:
    # Here the whole report is in the answer.
    part = None
    if isinstance(command, ReportSettings):
        part = ReportPart(command.number, 0, is_last=True)
    await slices.configuration.report(
        SettingsReported(origin.station, told_from(response), origin.received_at, part)
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
    key, value, neutral = key_for(command.name), command.value, neutral_of(key_for(command.name))
    station, at, status = origin.station, origin.received_at, response.status
    if write_result_from(response).outcome is not Outcome.ACCEPTED:
        refused = WriteRefused(station, key, value, at, str(status), neutral)
        await slices.configuration.refused(refused)
        return
    needs_reboot = status is v16.ConfigurationStatus.RebootRequired
    await slices.configuration.written(
        SettingWritten(station, key, value, at, needs_reboot, neutral)
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

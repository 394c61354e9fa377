"""Our own words for settings that every station has under some name of its own."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class NeutralSetting:
    name: str
    kind: str
    unit: str | None = None


NEUTRAL = {
    setting.name: setting
    for setting in (
        NeutralSetting("heartbeat_interval", "integer", "s"),
        NeutralSetting("ping_interval", "integer", "s"),
        NeutralSetting("meter_interval", "integer", "s"),
        NeutralSetting("meter_measurands", "list"),
        NeutralSetting("end_measurands", "list"),
        NeutralSetting("aligned_interval", "integer", "s"),
        NeutralSetting("aligned_measurands", "list"),
        NeutralSetting("message_attempts", "integer"),
        NeutralSetting("message_attempt_interval", "integer", "s"),
        NeutralSetting("reset_retries", "integer"),
        NeutralSetting("connection_timeout", "integer", "s"),
        NeutralSetting("local_authorize_offline", "boolean"),
        NeutralSetting("local_pre_authorize", "boolean"),
        NeutralSetting("authorize_remote_start", "boolean"),
        NeutralSetting("offline_for_unknown_tokens", "boolean"),
        NeutralSetting("cache_enabled", "boolean"),
        NeutralSetting("local_list_enabled", "boolean"),
        NeutralSetting("stop_on_invalid_token", "boolean"),
        NeutralSetting("stop_on_unplug", "boolean"),
        NeutralSetting("energy_on_invalid_token", "integer", "Wh"),
        NeutralSetting("operator_name", "string"),
        NeutralSetting("security_profile", "integer"),
    )
}

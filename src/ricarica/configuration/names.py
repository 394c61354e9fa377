"""Our own words for settings that most stations have under some name of their own."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class NeutralSetting:
    name: str
    kind: str
    unit: str | None = None
    is_fixed: bool = False  # the maker decided it; nobody writes it


def _limit(name: str, unit: str | None = None) -> NeutralSetting:
    return NeutralSetting(name, "integer", unit, is_fixed=True)


NEUTRAL = {
    setting.name: setting
    for setting in (
        NeutralSetting("heartbeat_interval", "integer", "s"),
        NeutralSetting("ping_interval", "integer", "s"),
        NeutralSetting("meter_interval", "integer", "s"),
        NeutralSetting("meter_measurands", "list"),
        NeutralSetting("end_measurands", "list"),
        NeutralSetting("end_aligned_measurands", "list"),
        NeutralSetting("aligned_interval", "integer", "s"),
        NeutralSetting("aligned_measurands", "list"),
        NeutralSetting("message_attempts", "integer"),
        NeutralSetting("message_attempt_interval", "integer", "s"),
        NeutralSetting("offline_threshold", "integer", "s"),
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
        NeutralSetting("unlock_on_unplug", "boolean"),
        NeutralSetting("energy_on_invalid_token", "integer", "Wh"),
        NeutralSetting("light_intensity", "integer", "%"),
        NeutralSetting("operator_name", "string"),
        NeutralSetting("security_profile", "integer"),
        NeutralSetting("file_protocols", "list", is_fixed=True),
        NeutralSetting("rate_units", "list", is_fixed=True),
        NeutralSetting("phase_switching", "boolean", is_fixed=True),
        _limit("local_list_max"),
        _limit("local_list_items_max"),
        _limit("local_list_bytes_max", "B"),
        _limit("profile_stack_max"),
        _limit("schedule_periods_max"),
        _limit("profiles_max"),
        _limit("certificates_max"),
        _limit("read_items_max"),
        _limit("read_bytes_max", "B"),
        _limit("write_items_max"),
        _limit("write_bytes_max", "B"),
        _limit("report_items_max"),
        _limit("report_bytes_max", "B"),
        _limit("monitor_items_max"),
        _limit("monitor_bytes_max", "B"),
        _limit("clear_monitor_items_max"),
        _limit("clear_monitor_bytes_max", "B"),
        _limit("streams_max"),
    )
}

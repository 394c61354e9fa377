"""What can be set on a simulated station, with the word of each family for it."""

from ricarica.simulator.settings import Access, Kind, Place, Setting

READ_ONLY = Access.READ_ONLY
MEASURANDS = (
    "Energy.Active.Import.Register",
    "Power.Active.Import",
    "Power.Offered",
    "Current.Import",
    "Current.Offered",
    "Voltage",
    "Frequency",
    "Temperature",
    "SoC",
)
USUAL_MEASURANDS = (
    "Energy.Active.Import.Register,Power.Active.Import,Current.Import,Voltage,Power.Offered,SoC"
)
TX_POINTS = ("ParkingBayOccupancy", "EVConnected", "Authorized", "PowerPathClosed")
YEAR_S = 31_536_000


def _place(path: str | None) -> Place | None:
    """`Component.Variable`, or `Component.Variable[instance]`."""
    if path is None:
        return None
    component, _, rest = path.partition(".")
    variable, _, instance = rest.rstrip("]").partition("[")
    return Place(component, variable, instance or None)


def _seconds(name: str, value: int, key: str | None, path: str | None, lowest: int = 0) -> Setting:
    return Setting(
        name, str(value), Kind.INTEGER, key, _place(path), unit="s", lowest=lowest, highest=YEAR_S
    )


def number(name: str, value: int, key: str | None, path: str | None) -> Setting:
    return Setting(name, str(value), Kind.INTEGER, key, _place(path), lowest=0, highest=1_000_000)


def limit(name: str, value: int, key: str | None, path: str | None) -> Setting:
    """A number that the maker fixed."""
    return Setting(name, str(value), Kind.INTEGER, key, _place(path), READ_ONLY)


def _flag(name: str, value: bool, key: str | None, path: str | None) -> Setting:
    return Setting(name, str(value).lower(), Kind.BOOLEAN, key, _place(path))


def _fixed(name: str, value: str, key: str | None, path: str | None) -> Setting:
    return Setting(name, value, Kind.STRING, key, _place(path), READ_ONLY)


def _measurands(name: str, value: str, key: str | None, path: str | None) -> Setting:
    return Setting(name, value, Kind.MEMBERS, key, _place(path), choices=MEASURANDS)


COMMUNICATION = (
    _seconds("heartbeat_interval", 300, "HeartbeatInterval", "OCPPCommCtrlr.HeartbeatInterval"),
    _seconds("ping_interval", 60, "WebSocketPingInterval", "OCPPCommCtrlr.WebSocketPingInterval"),
    number(
        "message_attempts",
        3,
        "TransactionMessageAttempts",
        "OCPPCommCtrlr.MessageAttempts[TransactionEvent]",
    ),
    _seconds(
        "message_attempt_interval",
        60,
        "TransactionMessageRetryInterval",
        "OCPPCommCtrlr.MessageAttemptInterval[TransactionEvent]",
    ),
    _seconds("message_timeout", 30, None, "OCPPCommCtrlr.MessageTimeout[Default]", lowest=1),
    _seconds("back_off_wait", 5, None, "OCPPCommCtrlr.RetryBackOffWaitMinimum"),
    _seconds("back_off_range", 5, None, "OCPPCommCtrlr.RetryBackOffRandomRange"),
    number("back_off_repeats", 5, None, "OCPPCommCtrlr.RetryBackOffRepeatTimes"),
    _seconds("offline_threshold", 60, None, "OCPPCommCtrlr.OfflineThreshold"),
    number("reset_retries", 1, "ResetRetries", "OCPPCommCtrlr.ResetRetries"),
    _flag(
        "unlock_on_unplug",
        True,
        "UnlockConnectorOnEVSideDisconnect",
        "OCPPCommCtrlr.UnlockOnEVSideDisconnect",
    ),
    number("profile_attempts", 3, None, "OCPPCommCtrlr.NetworkProfileConnectionAttempts"),
    Setting(
        "network_priority",
        "1",
        Kind.SEQUENCE,
        None,
        _place("OCPPCommCtrlr.NetworkConfigurationPriority"),
        choices=("0", "1", "2"),
    ),
    Setting(
        "file_transfer_protocols",
        "HTTP,HTTPS",
        Kind.MEMBERS,
        "SupportedFileTransferProtocols",
        _place("OCPPCommCtrlr.FileTransferProtocols"),
        READ_ONLY,
        choices=("HTTP", "HTTPS", "FTP", "SFTP"),
    ),
)

AUTHORIZATION = (
    _flag("authorization_enabled", True, None, "AuthCtrlr.Enabled"),
    _flag(
        "local_authorize_offline", True, "LocalAuthorizeOffline", "AuthCtrlr.LocalAuthorizeOffline"
    ),
    _flag("local_pre_authorize", False, "LocalPreAuthorize", "AuthCtrlr.LocalPreAuthorize"),
    _flag("authorize_remote", False, "AuthorizeRemoteTxRequests", "AuthCtrlr.AuthorizeRemoteStart"),
    _flag(
        "offline_unknown_allowed",
        False,
        "AllowOfflineTxForUnknownId",
        "AuthCtrlr.OfflineTxForUnknownIdEnabled",
    ),
    _flag("cache_enabled", True, "AuthorizationCacheEnabled", "AuthCacheCtrlr.Enabled"),
    _flag("local_list_enabled", True, "LocalAuthListEnabled", "LocalAuthListCtrlr.Enabled"),
    limit("local_list_max", 1000, "LocalAuthListMaxLength", "LocalAuthListCtrlr.Entries"),
    limit("local_list_items", 100, "SendLocalListMaxLength", "LocalAuthListCtrlr.ItemsPerMessage"),
    limit("local_list_bytes", 64_000, None, "LocalAuthListCtrlr.BytesPerMessage"),
    _flag("stop_on_invalid", True, "StopTransactionOnInvalidId", "TxCtrlr.StopTxOnInvalidId"),
)

TRANSACTIONS = (
    _seconds("connection_timeout", 60, "ConnectionTimeOut", "TxCtrlr.EVConnectionTimeOut"),
    _flag(
        "stop_on_unplug",
        True,
        "StopTransactionOnEVSideDisconnect",
        "TxCtrlr.StopTxOnEVSideDisconnect",
    ),
    Setting(
        "start_point",
        "PowerPathClosed",
        Kind.MEMBERS,
        None,
        _place("TxCtrlr.TxStartPoint"),
        choices=TX_POINTS,
    ),
    Setting(
        "stop_point",
        "PowerPathClosed",
        Kind.MEMBERS,
        None,
        _place("TxCtrlr.TxStopPoint"),
        choices=TX_POINTS,
    ),
)

METERING = (
    _seconds(
        "sample_interval", 60, "MeterValueSampleInterval", "SampledDataCtrlr.TxUpdatedInterval"
    ),
    _measurands(
        "sampled",
        USUAL_MEASURANDS,
        "MeterValuesSampledData",
        "SampledDataCtrlr.TxUpdatedMeasurands",
    ),
    _measurands(
        "sampled_at_start",
        "Energy.Active.Import.Register",
        None,
        "SampledDataCtrlr.TxStartedMeasurands",
    ),
    _measurands(
        "sampled_at_end",
        "Energy.Active.Import.Register",
        "StopTxnSampledData",
        "SampledDataCtrlr.TxEndedMeasurands",
    ),
    _seconds("sample_interval_at_end", 0, None, "SampledDataCtrlr.TxEndedInterval"),
    _seconds("aligned_interval", 0, "ClockAlignedDataInterval", "AlignedDataCtrlr.Interval"),
    _measurands(
        "aligned",
        "Energy.Active.Import.Register",
        "MeterValuesAlignedData",
        "AlignedDataCtrlr.Measurands",
    ),
    _measurands(
        "aligned_at_end",
        "Energy.Active.Import.Register",
        "StopTxnAlignedData",
        "AlignedDataCtrlr.TxEndedMeasurands",
    ),
    _seconds("aligned_interval_at_end", 0, None, "AlignedDataCtrlr.TxEndedInterval"),
    Setting("phase_rotation", "0.RST", Kind.STRING, "ConnectorPhaseRotation", None, highest=500),
)

SMART_CHARGING = (
    limit(
        "stack_level_max", 99, "ChargeProfileMaxStackLevel", "SmartChargingCtrlr.ProfileStackLevel"
    ),
    limit("periods_max", 96, "ChargingScheduleMaxPeriods", "SmartChargingCtrlr.PeriodsPerSchedule"),
    limit("profiles_max", 100, "MaxChargingProfilesInstalled", "SmartChargingCtrlr.Entries"),
    Setting(
        "rate_unit",
        "A,W",
        Kind.MEMBERS,
        None,
        _place("SmartChargingCtrlr.RateUnit"),
        READ_ONLY,
        choices=("A", "W"),
    ),
    _fixed("rate_unit_words", "Current,Power", "ChargingScheduleAllowedChargingRateUnit", None),
    _flag("smart_charging_enabled", True, None, "SmartChargingCtrlr.Enabled"),
    _flag(
        "switches_phases",
        False,
        "ConnectorSwitch3to1PhaseSupported",
        "SmartChargingCtrlr.Phases3to1",
    ),
)

SECURITY = (
    Setting(
        "password",
        "",
        Kind.STRING,
        "AuthorizationKey",
        _place("SecurityCtrlr.BasicAuthPassword"),
        Access.WRITE_ONLY,
        lowest=16,
        highest=64,
    ),
    Setting(
        "security_profile",
        "0",
        Kind.INTEGER,
        "SecurityProfile",
        None,
        lowest=0,
        highest=3,
    ),
    Setting(
        "organization",
        "Ricarica",
        Kind.STRING,
        "CpoName",
        _place("SecurityCtrlr.OrganizationName"),
        highest=255,
    ),
    limit("certificates_max", 20, "CertificateStoreMaxLength", "SecurityCtrlr.CertificateEntries"),
)

ONLY_V16 = (
    limit("connectors", 1, "NumberOfConnectors", None),
    limit("keys_max", 50, "GetConfigurationMaxKeys", None),
    _fixed(
        "feature_profiles",
        "Core,FirmwareManagement,LocalAuthListManagement,Reservation,SmartCharging,RemoteTrigger",
        "SupportedFeatureProfiles",
        None,
    ),
    _seconds("status_duration", 0, "MinimumStatusDuration", None),
    number("blink_repeat", 3, "BlinkRepeat", None),
    Setting("light", "60", Kind.INTEGER, "LightIntensity", None, lowest=0, highest=100),
)

ONLY_V2 = (
    Setting("date_time", "", Kind.DATE_TIME, None, _place("ClockCtrlr.DateTime"), READ_ONLY),
    Setting(
        "time_source",
        "Heartbeat",
        Kind.SEQUENCE,
        None,
        _place("ClockCtrlr.TimeSource"),
        choices=("Heartbeat", "NTP"),
    ),
    limit("report_items", 20, None, "DeviceDataCtrlr.ItemsPerMessage[GetReport]"),
    limit("report_bytes", 16_000, None, "DeviceDataCtrlr.BytesPerMessage[GetReport]"),
    limit("get_items", 50, None, "DeviceDataCtrlr.ItemsPerMessage[GetVariables]"),
    limit("get_bytes", 16_000, None, "DeviceDataCtrlr.BytesPerMessage[GetVariables]"),
    limit("set_items", 50, None, "DeviceDataCtrlr.ItemsPerMessage[SetVariables]"),
    limit("set_bytes", 16_000, None, "DeviceDataCtrlr.BytesPerMessage[SetVariables]"),
    _flag("reservation_enabled", True, None, "ReservationCtrlr.Enabled"),
    Setting(
        "master_group",
        "",
        Kind.STRING,
        None,
        _place("AuthCtrlr.MasterPassGroupId"),
        highest=36,
    ),
    _flag("cost_enabled", True, None, "TariffCostCtrlr.Enabled[Cost]"),
    _flag("tariff_enabled", True, None, "TariffCostCtrlr.Enabled[Tariff]"),
    Setting(
        "currency",
        "EUR",
        Kind.STRING,
        None,
        _place("TariffCostCtrlr.Currency"),
        lowest=3,
        highest=3,
    ),
    Setting(
        "offline_cost_message",
        "The price will be on your receipt",
        Kind.STRING,
        None,
        _place("TariffCostCtrlr.TotalCostFallbackMessage"),
        highest=255,
    ),
)

CATALOGUE: tuple[Setting, ...] = (
    *COMMUNICATION,
    *AUTHORIZATION,
    *TRANSACTIONS,
    *METERING,
    *SMART_CHARGING,
    *SECURITY,
    *ONLY_V16,
    *ONLY_V2,
)

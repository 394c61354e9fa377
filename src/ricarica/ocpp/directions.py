"""Who may say what, which the schemas leave out."""

BOTH = frozenset({"DataTransfer"})

FROM_STATION_16 = BOTH | frozenset(
    {
        "Authorize",
        "BootNotification",
        "DiagnosticsStatusNotification",
        "FirmwareStatusNotification",
        "Heartbeat",
        "LogStatusNotification",
        "MeterValues",
        "SecurityEventNotification",
        "SignCertificate",
        "SignedFirmwareStatusNotification",
        "StartTransaction",
        "StatusNotification",
        "StopTransaction",
    }
)
FROM_STATION_2 = BOTH | frozenset(
    {
        "Authorize",
        "BatterySwap",
        "BootNotification",
        "ClearedChargingLimit",
        "ClosePeriodicEventStream",
        "FirmwareStatusNotification",
        "Get15118EVCertificate",
        "GetCertificateChainStatus",
        "GetCertificateStatus",
        "Heartbeat",
        "LogStatusNotification",
        "MeterValues",
        "NotifyChargingLimit",
        "NotifyCustomerInformation",
        "NotifyDERAlarm",
        "NotifyDERStartStop",
        "NotifyDisplayMessages",
        "NotifyEVChargingNeeds",
        "NotifyEVChargingSchedule",
        "NotifyEvent",
        "NotifyMonitoringReport",
        "NotifyPeriodicEventStream",
        "NotifyPriorityCharging",
        "NotifyReport",
        "NotifySettlement",
        "OpenPeriodicEventStream",
        "PublishFirmwareStatusNotification",
        "PullDynamicScheduleUpdate",
        "ReportChargingProfiles",
        "ReportDERControl",
        "ReservationStatusUpdate",
        "SecurityEventNotification",
        "SignCertificate",
        "StatusNotification",
        "TransactionEvent",
        "VatNumberValidation",
    }
)
"""Of 2.0.1 and 2.1: no message changed its direction between them."""

"""Errors that 1.6 tells with a connector's status, as events like those of 2.x."""

from ricarica.monitoring.facts import EventsNoticed, Noticed
from ricarica.monitoring.model import Origin as Source
from ricarica.monitoring.model import Trigger
from ricarica.ocpp.v16 import messages as v16
from ricarica.stations.facts import ErrorChange, StatusReported

# 1.6 has no severities. These are ours: 0 is danger, 9 is for programmers.
SEVERITY = {
    v16.ChargePointErrorCode.ConnectorLockFailure: 4,
    v16.ChargePointErrorCode.EVCommunicationError: 6,
    v16.ChargePointErrorCode.GroundFailure: 0,
    v16.ChargePointErrorCode.HighTemperature: 1,
    v16.ChargePointErrorCode.InternalError: 2,
    v16.ChargePointErrorCode.LocalListConflict: 6,
    v16.ChargePointErrorCode.NoError: 8,
    v16.ChargePointErrorCode.OtherError: 4,
    v16.ChargePointErrorCode.OverCurrentFailure: 1,
    v16.ChargePointErrorCode.OverVoltage: 3,
    v16.ChargePointErrorCode.PowerMeterFailure: 3,
    v16.ChargePointErrorCode.PowerSwitchFailure: 1,
    v16.ChargePointErrorCode.ReaderFailure: 4,
    v16.ChargePointErrorCode.ResetFailure: 4,
    v16.ChargePointErrorCode.UnderVoltage: 4,
    v16.ChargePointErrorCode.WeakSignal: 7,
}


def noticed_from(
    req: v16.StatusNotificationRequest, reported: StatusReported, change: ErrorChange
) -> EventsNoticed:
    place = f"Connector@{reported.evse}" if reported.evse else "ChargingStation"
    is_over = change.after is None
    event = Noticed(
        f"{place}.Problem",
        (change.before or "") if is_over else str(req.error_code),
        reported.at,
        SEVERITY[req.error_code],
        cleared=is_over,
        trigger=Trigger.ALERTING,
        origin=Source.NOTIFICATION,
        code=req.vendor_error_code,
        info=req.info,
    )
    return EventsNoticed(reported.station, (event,), reported.received_at)

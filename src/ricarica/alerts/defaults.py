"""The rules that hold until somebody changes them."""

from datetime import timedelta

from ricarica.alerts.model import OFFLINE, Level, Matches, Rule
from ricarica.kernel.ids import TenantId

NOTICED = "StationNoticed"
HOUR = timedelta(hours=1)
ALERT_MAX = 3  # 0 danger, 1 hardware, 2 system, 3 critical; 4 and above leave the rest at work


def default_rules(tenant: TenantId) -> tuple[Rule, ...]:
    """What is known by name comes first: of these, the first that fits an event has it."""

    def rule(id_: str, name: str, kind: str, level: Level, matches: Matches) -> Rule:
        return Rule(tenant, id_, name, kind, level, matches, cool_down=HOUR, is_default=True)

    def noticed(id_: str, name: str, level: Level, value: str, variable: str = "") -> Rule:
        return rule(id_, name, NOTICED, level, Matches(variable, value=value))

    return (
        noticed("ground-failure", "Ground failure", Level.CRITICAL, "GroundFailure"),
        noticed("temperature", "High temperature", Level.CRITICAL, "HighTemperature"),
        noticed("lock", "Connector lock failure", Level.WARNING, "ConnectorLockFailure"),
        noticed(  # G05.FR.02
            "retention-lock",
            "Connector lock failure",
            Level.WARNING,
            "true",
            "ConnectorPlugRetentionLock*.Problem",
        ),
        noticed("meter", "Meter failure", Level.WARNING, "PowerMeterFailure"),
        rule("severe", "Severe failure", NOTICED, Level.CRITICAL, Matches(severity_max=ALERT_MAX)),
        rule(
            "problem",
            "A component has a problem",
            NOTICED,
            Level.WARNING,
            Matches(name="*.Problem", value="true"),
        ),
        Rule(tenant, "offline", "Station offline", OFFLINE, lasting=HOUR / 2, is_default=True),
        rule(
            "security",
            "Critical security event",
            "SecurityEventReported",
            Level.WARNING,
            Matches(members={"is_critical": "true"}),
        ),
        rule(
            "put-aside",
            "Message put aside",
            "MessagePutAside",
            Level.WARNING,
            Matches(),
        ),
        rule(  # R05
            "grid",
            "Alarm of the grid",
            "DerAlarmChanged",
            Level.WARNING,
            Matches(members={"ended": "false"}),
        ),
        rule(
            "campaign",
            "Firmware campaign halted",
            "CampaignHalted",
            Level.WARNING,
            Matches(),
        ),
    )

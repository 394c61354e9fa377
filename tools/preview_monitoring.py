"""Events, alerts, templates and monitors for the preview, with texts that stations made up."""

import json
from dataclasses import replace
from decimal import Decimal

from ricarica.alerts.model import AlertState, Level
from ricarica.configuration.templates import MonitorType, Standing
from ricarica.monitoring.model import ActiveMonitors, MonitorStanding, Origin, Trigger
from ricarica.stations.commands import Outcome
from ricarica.web.views.alerts import (
    AlertItem,
    AlertList,
    EventList,
    EventRow,
    EventsPage,
    RuleForm,
    RuleRow,
    RulesPage,
    StationEventsPage,
)
from ricarica.web.views.device_model import (
    DifferenceRow,
    DriftRow,
    MonitorDriftRow,
    MonitoringPage,
    MonitorRow,
    StreamRow,
    Streams,
    TemplateForm,
    TemplatePage,
    TemplateRow,
    TemplatesPage,
)
from ricarica.web.views.stations import StationRow
from ricarica.web.views.visit import Page
from tools.preview_samples import Network
from tools.preview_texts import HOSTILE


def monitoring_pages(net: Network, station: StationRow) -> dict[str, tuple[str, Page]]:
    """By name of the scene: its path, and the page."""
    return {
        "events": ("/events", EventsPage(_alerts(net), _events(net))),
        "events-none": ("/events?q=x", EventsPage(AlertList(()), EventList(()))),
        "station-events": (
            "/stations/one/events",
            StationEventsPage(
                net.head(station),
                replace(_alerts(net), of_station=station.id),
                replace(_events(net), of_station=station.id),
            ),
        ),
        "rules": ("/events/rules", RulesPage(_rules())),
        "rule": ("/events/rules/new", RuleForm(errors={"": "name: 1 to 100 characters"})),
        "rule-edit": ("/events/rules/x/edit", RuleForm("x", is_new=False, name=HOSTILE)),
        "monitoring": ("/stations/one/monitoring", _monitoring(net, station)),
        "monitoring-none": (
            "/stations/old/monitoring",
            replace(_monitoring(net, station), is_sayable=False),
        ),
        "templates": ("/templates", TemplatesPage((_template(net),))),
        "templates-none": ("/templates?none", TemplatesPage(())),
        "template": ("/templates/x", _template_page(net)),
        "template-form": ("/templates/new", TemplateForm(neutral=("meter_interval",))),
        "template-edit": (
            "/templates/x/edit",
            TemplateForm("x", is_new=False, name=HOSTILE, settings=f"{HOSTILE} = 1"),
        ),
    }


def _alerts(net: Network) -> AlertList:
    alert = AlertItem(
        "1",
        net.stations[0].id,
        "Ground failure",
        Level.CRITICAL,
        AlertState.OPEN,
        f"Connector@1.Problem {HOSTILE}",
        3,
        net.ago(hours=2),
        net.ago(minutes=4),
    )
    taken = replace(
        alert,
        id="2",
        name=HOSTILE,
        level=Level.WARNING,
        state=AlertState.ACKNOWLEDGED,
        by="ada",
        note=HOSTILE,
    )
    return AlertList((alert, taken, replace(alert, id="3", station=None, level=Level.NOTICE)))


def _events(net: Network) -> EventList:
    event = EventRow(
        "11",
        net.stations[0].id,
        net.ago(minutes=3),
        "ChargingStation.Temperature",
        "81.5",
        2,
        cleared=False,
        trigger=Trigger.ALERTING,
        origin=Origin.CUSTOM,
    )
    odd = replace(
        event,
        id="12",
        name=HOSTILE,
        value=HOSTILE,
        severity=None,
        code=HOSTILE,
        info=HOSTILE,
        acknowledged_by="ada",
        note=HOSTILE,
    )
    return EventList((event, odd, replace(event, id="13", cleared=True, transaction="T-1")))


def _rules() -> tuple[RuleRow, ...]:
    ours = RuleRow(
        "severe", "Severe failure", "StationNoticed", Level.CRITICAL, "≤ 3", 1, 60, True, True
    )
    away = replace(ours, id="offline", name="Station offline", kind="offline", minutes=30)
    mine = replace(ours, id="x", name=HOSTILE, what=HOSTILE, is_active=False, is_default=False)
    return (ours, away, mine)


def _monitoring(net: Network, station: StationRow) -> MonitoringPage:
    monitor = MonitorRow(
        7,
        "EVSE@1.Power",
        MonitorType.UPPER,
        Decimal(20_000),
        5,
        during_transaction=True,
        origin=Origin.CUSTOM,
        rate="10 s × 60",
    )
    fixed = replace(monitor, number=1, name=HOSTILE, origin=Origin.HARD_WIRED, rate=None)
    wanted = MonitorDriftRow(
        "EVSE@1.Power", MonitorType.UPPER, Decimal(1), 5, MonitorStanding.REFUSED, HOSTILE
    )
    curve = {"measure": "power", "label": "EVSE@1.Power", "unit": "W", "values": [1.0, 7000.0]}
    series = json.dumps({"times": [1_770_000_000, 1_770_000_060], "curves": [curve]})
    stream = StreamRow(3, "EVSE@1.Power", "10 s", 40, 2, net.ago(seconds=5), "7000", "W", series)
    return MonitoringPage(
        net.head(station),
        (monitor, fixed),
        (wanted,),
        Streams(station.id, (stream, replace(stream, number=4, name=HOSTILE, series=""))),
        net.ago(hours=3),
        ActiveMonitors.ALL,
        8,
        can_tell=True,
        is_sayable=True,
        variables=("EVSE@1.Power", HOSTILE),
        outcome=Outcome.REFUSED,
        detail=HOSTILE,
    )


def _template(net: Network) -> TemplateRow:
    return TemplateRow("x", HOSTILE, "Stella*", 3, 1, True, 0, net.ago(hours=30))


def _template_page(net: Network) -> TemplatePage:
    differences = tuple(
        DifferenceRow(f"setting_{standing}", "60", None, standing, HOSTILE) for standing in Standing
    )
    return TemplatePage(
        _template(net),
        (("meter_interval", "60"), (HOSTILE, HOSTILE)),
        ("EVSE@1.Power upper 20000 5",),
        (DriftRow(net.stations[0].id, False, differences),),
        12,
    )

"""Events, alerts and rules as pages show them, and forms as they are read."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from ricarica.alerts.model import OFFLINE, Alert, Level, Matches, Rule, check
from ricarica.configuration.templates import Applies
from ricarica.kernel.errors import InvalidError
from ricarica.kernel.ids import StationId, TenantId
from ricarica.monitoring.model import StationEvent
from ricarica.monitoring.queries import EventFilter as Which
from ricarica.web.typed import Form, count_in, names_in
from ricarica.web.views.alerts import AlertItem, EventFilter, EventRow, RuleForm, RuleRow

SEVERITIES = frozenset("0123456789")
MINUTE = timedelta(minutes=1)


def event_row(event: StationEvent) -> EventRow:
    return EventRow(
        str(event.id),
        event.station.station,
        event.placed_at,
        event.name,
        event.value,
        event.severity,
        event.cleared,
        event.trigger,
        event.origin,
        event.code,
        event.info,
        event.transaction,
        event.acknowledged_by,
        event.acknowledged_at,
        event.note,
    )


def alert_item(alert: Alert) -> AlertItem:
    return AlertItem(
        str(alert.id),
        alert.station or None,
        alert.name,
        alert.level,
        alert.state,
        alert.text,
        alert.count,
        alert.first_at,
        alert.last_at,
        alert.by,
        alert.note,
    )


def filter_from(query: Mapping[str, str]) -> EventFilter:
    return EventFilter(
        query.get("q", "").strip(),
        query.get("severity", ""),
        query.get("seen", ""),
        query.get("station", "").strip(),
    )


def which_from(typed: EventFilter, station: StationId | None = None) -> Which:
    named = station or (StationId(typed.station) if typed.station else None)
    return Which(
        named,
        int(typed.severity) if typed.severity in SEVERITIES and typed.severity else None,
        typed.q or None,
        {"yes": True, "no": False}.get(typed.seen),
    )


# -- rules


def rule_row(rule: Rule) -> RuleRow:
    lasting = rule.lasting if rule.kind == OFFLINE else rule.window
    return RuleRow(
        rule.id,
        rule.name,
        rule.kind,
        rule.level,
        _what(rule),
        rule.threshold,
        round(lasting / MINUTE),
        rule.is_active,
        rule.is_default,
    )


def _what(rule: Rule) -> str:
    matches, applies = rule.matches, rule.applies
    severity = matches.severity_max
    words = [
        matches.name,
        matches.value,
        matches.code,
        "" if severity is None else f"≤ {severity}",
        *(f"{name}={value}" for name, value in matches.members.items()),
        applies.vendor,
        applies.model,
        applies.label,
        ", ".join(applies.stations[:5]),
    ]
    return " · ".join(filter(None, words))


def rule_form(rule: Rule) -> RuleForm:
    matches, applies = rule.matches, rule.applies
    severity = matches.severity_max
    return RuleForm(
        rule.id,
        is_new=False,
        is_default=rule.is_default,
        name=rule.name,
        kind=rule.kind,
        level=rule.level.value,
        variable=matches.name,
        value=matches.value,
        code=matches.code,
        severity="" if severity is None else str(severity),
        vendor=applies.vendor,
        model=applies.model,
        label=applies.label,
        stations=" ".join(applies.stations),
        threshold=str(rule.threshold),
        window_minutes=_minutes(rule.window),
        cool_down_minutes=_minutes(rule.cool_down),
        lasting_minutes=_minutes(rule.lasting),
        is_active=rule.is_active,
    )


def typed_rule_form(form: Form, id_: str, errors: Mapping[str, str]) -> RuleForm:
    """The form as it was typed, with what is wrong."""
    names = ("name", "kind", "level", "variable", "value", "code", "severity", "vendor", "model")
    more = (
        "label",
        "stations",
        "threshold",
        "window_minutes",
        "cool_down_minutes",
        "lasting_minutes",
    )
    typed: dict[str, Any] = {name: form.get(name, "") for name in (*names, *more)}
    is_active = form.get("is_active") == "true"
    return RuleForm(id_, is_new=not id_, is_active=is_active, errors=errors, **typed)


def rule_from(form: Form, tenant: TenantId, id_: str, known: Rule | None) -> Rule:
    """
    Raises:
        InvalidError: a value makes no sense; the text says which.
    """
    level, severity = form.get("level", ""), form.get("severity", "")
    if level not in set(Level):
        raise InvalidError("choose how urgent it is")
    rule = Rule(
        tenant,
        id_,
        form.get("name", "").strip(),
        form.get("kind", "").strip(),
        Level(level),
        Matches(
            form.get("variable", "").strip(),
            int(severity) if severity in SEVERITIES and severity else None,
            form.get("value", "").strip(),
            form.get("code", "").strip(),
            known.matches.members if known else {},
        ),
        replace(  # what only the API says of it stays
            known.applies if known else Applies(),
            vendor=form.get("vendor", "").strip(),
            model=form.get("model", "").strip(),
            label=form.get("label", "").strip(),
            stations=tuple(map(StationId, names_in(form, "stations"))),
        ),
        count_in(form, "threshold", least=0) or 0,
        (count_in(form, "window_minutes", least=0) or 0) * MINUTE,
        (count_in(form, "cool_down_minutes", least=0) or 0) * MINUTE,
        (count_in(form, "lasting_minutes", least=0) or 0) * MINUTE,
        form.get("is_active") == "true",
    )
    check(rule)
    return rule


def _minutes(span: timedelta) -> str:
    return str(round(span / MINUTE))

"""Turns view models into HTML, in the language of whoever looks."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any
from urllib.parse import quote

from babel.support import Translations
from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context

from ricarica.access.model import Role
from ricarica.billing.model import Channel, PaymentState
from ricarica.diagnostics.model import LogKind, LogState
from ricarica.energy.der import DerKind
from ricarica.energy.facts import NeedsAnswer
from ricarica.energy.model import Purpose
from ricarica.engine.forwarding import Line, Mode
from ricarica.firmware.campaigns import CampaignState, TargetState
from ricarica.firmware.updates import UpdateState
from ricarica.stations.commands import Outcome
from ricarica.stations.model import Acceptance
from ricarica.swaps.model import SwapState
from ricarica.tariffs.model import LineKind
from ricarica.transactions.model import ChargingState, EntryKind, Flag
from ricarica.transactions.terms import LimitKind
from ricarica.web.assets import Assets
from ricarica.web.builders.quirks import HABITS
from ricarica.web.formats import Formats, zone_named
from ricarica.web.pretty import pretty_json
from ricarica.web.translations import LANGUAGES, Words, load_translations
from ricarica.web.views import (
    alerts,
    bulk,
    calls,
    commands,
    device_model,
    energy,
    files,
    messages,
    money,
    network,
    overview,
    stations,
    status,
    swaps,
    terms,
    tokens,
    transactions,
    upkeep,
)
from ricarica.web.views.charts import MEASURE_LABELS, MEASURE_UNITS, THOUSANDTHS, Chart, Measure
from ricarica.web.views.lists import Choice
from ricarica.web.views.status import Status
from ricarica.web.views.visit import (
    GROUPS,
    NAVIGATION,
    NOTICE_TEXTS,
    ROLE_LABELS,
    THEME_LABELS,
    Notice,
    Theme,
    View,
    Visit,
)

TEMPLATES = Path(__file__).parent / "templates"

LABELS: Mapping[type[StrEnum], Mapping[Any, str]] = {
    Acceptance: stations.ACCEPTANCE_LABELS,
    ChargingState: transactions.CHARGING_STATE_LABELS,
    EntryKind: transactions.ENTRY_LABELS,
    DerKind: energy.DER_LABELS,
    Flag: transactions.FLAG_LABELS,
    LineKind: transactions.LINE_LABELS,
    Measure: MEASURE_LABELS,
    NeedsAnswer: energy.ANSWER_LABELS,
    Notice: NOTICE_TEXTS,
    Outcome: commands.OUTCOME_LABELS,
    Purpose: energy.PURPOSE_LABELS,
    Role: ROLE_LABELS,
    energy.Standing: energy.STANDING_LABELS,
    Status: status.STATUS_LABELS,
    Theme: THEME_LABELS,
    messages.Direction: messages.DIRECTION_LABELS,
    messages.MessageKind: messages.MESSAGE_KIND_LABELS,
    overview.Concern: overview.CONCERN_LABELS,
    **alerts.LABELS,
    **device_model.LABELS,
    CampaignState: files.CAMPAIGN_LABELS,
    Line: files.LINE_LABELS,
    LogKind: files.LOG_KIND_LABELS,
    LogState: files.LOG_LABELS,
    Mode: files.MODE_LABELS,
    TargetState: files.TARGET_LABELS,
    UpdateState: files.UPDATE_LABELS,
    Channel: money.CHANNEL_LABELS,
    LimitKind: terms.LIMIT_LABELS,
    PaymentState: money.PAYMENT_LABELS,
    SwapState: swaps.SWAP_LABELS,
}


class Pages:
    """Renders any view. One environment per language, made once."""

    def __init__(self, assets: Assets, templates: Path = TEMPLATES) -> None:
        self._environments = {
            language: _environment(language, assets, templates) for language in LANGUAGES
        }

    def render(self, view: View, visit: Visit) -> str:
        template = self._environments[visit.language].get_template(view.template)
        return template.render(view=view, visit=visit)


def _environment(language: str, assets: Assets, templates: Path) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(templates),
        autoescape=True,
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n", "jinja2.ext.do"],
        trim_blocks=True,
        lstrip_blocks=True,
    )
    translations = load_translations(language)
    environment.install_gettext_translations(translations, newstyle=True)  # type: ignore[attr-defined]  # added by the extension
    environment.filters.update(_filters(Formats(language), translations, Words(language)))
    environment.globals.update(_globals(assets))
    return environment


def _globals(assets: Assets) -> dict[str, Any]:
    return {
        "asset": assets.url,
        "navigation": NAVIGATION,
        "navigation_groups": GROUPS,
        "languages": LANGUAGES,
        "themes": tuple(Theme),
        "roles": tuple(Role),
        **alerts.GLOBALS,
        **device_model.GLOBALS,
        "statuses": tuple(Status),
        "dialects": stations.DIALECTS,
        "acceptances": tuple(Acceptance),
        "habits": tuple(HABITS.items()),
        "directions": tuple(messages.Direction),
        "age_labels": network.AGE_LABELS,
        "forward_modes": tuple(Mode),
        "state_symbols": files.STATE_SYMBOLS,
        "concern_symbols": overview.CONCERN_SYMBOLS,
        "outcome_symbols": commands.OUTCOME_SYMBOLS,
        "outcome_texts": commands.OUTCOME_TEXTS,
        "charging_state_symbols": transactions.CHARGING_STATE_SYMBOLS,
        "state_labels": transactions.STATE_LABELS,
        "token_kinds": tokens.TOKEN_KINDS,
        "token_status_labels": tokens.TOKEN_STATUS_LABELS,
        "token_status_symbols": tokens.TOKEN_STATUS_SYMBOLS,
        "report_states": calls.REPORT_STATES,
        "report_symbols": calls.REPORT_SYMBOLS,
        "kept_states": calls.KEPT_STATES,
        "keep_choices": calls.KEEP_CHOICES,
        "upkeep_states": upkeep.UPKEEP_STATES,
        "upkeep_symbols": upkeep.UPKEEP_SYMBOLS,
        "commands_for_many": bulk.COMMANDS,
        "job_states": bulk.JOB_STATES,
        "job_symbols": bulk.JOB_SYMBOLS,
        "target_states": bulk.TARGET_STATES,
        "target_symbols": bulk.TARGET_SYMBOLS,
        "topic_labels": commands.TOPIC_LABELS,
        "payment_symbols": money.PAYMENT_SYMBOLS,
        "swap_symbols": swaps.SWAP_SYMBOLS,
    }


def _filters(
    formats: Formats, translations: Translations, words: Words
) -> dict[str, Callable[..., Any]]:
    def label(value: StrEnum) -> str:
        return translations.ugettext(LABELS[type(value)][value])

    def translated(text: str | None) -> str:
        return words.of(text or "")

    def choice(option: Choice) -> str:
        return translations.ugettext(option.msg) if option.msg else option.label

    def chart(value: Chart) -> str:
        return _chart_json(value, translations)

    return {
        **_plain_filters(formats),
        **_time_filters(formats),
        "label": label,
        "translated": translated,
        "choice": choice,
        "chart": chart,
    }


def _plain_filters(formats: Formats) -> dict[str, Callable[..., Any]]:
    return {
        "number": formats.number,
        "typed": formats.typed,
        "energy": formats.energy,
        "power": formats.power,
        "percent": formats.percent,
        "money": formats.money,
        "amount": formats.amount,
        "price": formats.price,
        "duration": formats.duration,
        "pretty_json": pretty_json,
        "path": lambda text: quote(text, safe=""),
        "filled": lambda text, values: text % values,
        "spark": _spark,
        "zip": zip,
    }


def _time_filters(formats: Formats) -> dict[str, Callable[..., Any]]:
    @pass_context
    def moment(context: Context, at: datetime | None) -> str:
        visit: Visit = context["visit"]
        return formats.moment(at, zone_named(visit.time_zone), visit.now)

    @pass_context
    def clock(context: Context, at: datetime | None) -> str:
        return formats.clock(at, zone_named(context["visit"].time_zone))

    @pass_context
    def day(context: Context, at: datetime | None) -> str:
        return formats.day(at, zone_named(context["visit"].time_zone))

    @pass_context
    def dated(context: Context, at: datetime | None) -> str:
        return formats.dated(at, zone_named(context["visit"].time_zone))

    @pass_context
    def in_full(context: Context, at: datetime) -> str:
        return formats.in_full(at, zone_named(context["visit"].time_zone))

    @pass_context
    def ago(context: Context, at: datetime | None) -> str:
        return formats.ago(at, context["visit"].now)

    return {
        "moment": moment,
        "clock": clock,
        "day": day,
        "dated": dated,
        "in_full": in_full,
        "ago": ago,
    }


def _chart_json(chart: Chart, translations: Translations) -> str:
    """What the island reads: instants in Unix seconds, values in the unit that is shown."""
    return json.dumps(
        {
            "times": [round(at.timestamp()) for at in chart.times],
            "curves": [
                {
                    "measure": curve.measure.value,
                    "label": translations.ugettext(MEASURE_LABELS[curve.measure]),
                    "unit": MEASURE_UNITS[curve.measure],
                    "values": [_shown(value, curve.measure) for value in curve.values],
                }
                for curve in chart.curves
            ],
        },
        separators=(",", ":"),
    )


def _shown(value: Decimal | None, measure: Measure) -> float | None:
    if value is None:
        return None
    return round(float(value / 1000 if measure in THOUSANDTHS else value), 3)


def _spark(values: tuple[Decimal, ...], width: int = 64, height: int = 16) -> str:
    """Points of a small curve for an SVG polyline, from zero to the largest value."""
    if len(values) < 2:
        return ""
    largest = max(*values, Decimal(1))
    step = Decimal(width) / (len(values) - 1)
    return " ".join(
        f"{index * step:.1f},{height - 1 - value / largest * (height - 2):.1f}"
        for index, value in enumerate(values)
    )

"""Which stations a template of settings, or a rule for alerts, is about."""

from msgspec import Struct, field

from ricarica.api.replies import ShortText
from ricarica.configuration.templates import Applies
from ricarica.kernel.ids import SiteId, StationId


class AppliesBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Which stations; left out: any. Texts may have * in them, and any case."""

    vendor: ShortText = ""
    model: ShortText = ""
    firmware: ShortText = ""
    site: str | None = None
    stations: list[str] = field(default_factory=list)
    label: ShortText = ""


def applies_from(body: AppliesBody) -> Applies:
    return Applies(
        body.vendor,
        body.model,
        body.firmware,
        SiteId(body.site) if body.site else None,
        tuple(map(StationId, body.stations)),
        body.label,
    )


def applies_body(applies: Applies) -> AppliesBody:
    return AppliesBody(
        applies.vendor,
        applies.model,
        applies.firmware,
        applies.site,
        list(applies.stations),
        applies.label,
    )

"""/settings/audit: what people and programs did."""

from collections.abc import Mapping

import msgspec
from litestar import get

from ricarica.access.model import ActorKind, AuditEntry, Permission
from ricarica.access.queries import AccessQueries, AuditFilter
from ricarica.storage.pages import Wanted
from ricarica.web.builders.lists import pager_of
from ricarica.web.sessions import needs
from ricarica.web.translations import msgid
from ricarica.web.views.settings import AuditPage, AuditRow
from ricarica.web.visitor import Html, Visiting

ON_A_PAGE = 50
SHOWN_MAX = 200  # characters of a detail
ASKED = ("actor", "action", "subject")
KINDS: Mapping[ActorKind, str] = {
    ActorKind.API_KEY: msgid("by API key"),
    ActorKind.SYSTEM: msgid("by itself"),
}


@get("/settings/audit", opt=needs(Permission.ADMINISTER))
async def audit_page(visitor: Visiting) -> Html:
    typed = {name: visitor.query.get(name, "").strip() for name in ASKED}
    which = AuditFilter(**{name: text or None for name, text in typed.items()})
    wanted = Wanted(ON_A_PAGE, visitor.query.get("after") or None)
    found = await AccessQueries(visitor.database).audit(visitor.tenant, which, wanted)
    pager = pager_of("/settings/audit", visitor.query, found.next)
    return await visitor.show(AuditPage(tuple(map(_row, found.items)), typed, pager))


HANDLERS = (audit_page,)


def _row(entry: AuditEntry) -> AuditRow:
    detail = tuple((name, _shown(value)) for name, value in entry.detail.items())
    return AuditRow(
        entry.at,
        entry.actor,
        KINDS.get(entry.actor_kind),
        entry.action,
        entry.subject,
        entry.outcome,
        detail,
    )


def _shown(value: object) -> str:
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return text if len(text) <= SHOWN_MAX else f"{text[:SHOWN_MAX]}…"

"""/access-rules, /token-groups, /local-lists, /authorization-attempts: who may charge where."""

from datetime import datetime, time
from typing import Annotated

from litestar import delete, get, post, put
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from msgspec import Meta, Struct

from ricarica.access.model import Permission
from ricarica.api.caller import Asking, Caller, OfStation, once_only
from ricarica.api.gate import needs
from ricarica.api.replies import Instant, Page, PageWanted, ShortText, in_utc, page_from, page_of
from ricarica.authorization.book import AccessBook, ListDefinition, TokenGroup
from ricarica.authorization.lists import LocalList
from ricarica.authorization.model import Attempt, TokenKind, Verdict
from ricarica.authorization.queries import (
    AccessQueries,
    AttemptFilter,
    AttemptQueries,
    without_codes,
)
from ricarica.authorization.reports import masked
from ricarica.authorization.rules import AccessRule, Current, Effect, When, Where, Whom
from ricarica.kernel.ids import EvseNumber, SiteId, StationId
from ricarica.slices import Slices

TAGS = ["Tokens"]
EDIT = needs(Permission.EDIT_TOKENS)

Weekday = Annotated[int, Meta(ge=0, le=6, description="0 is Monday.")]
Number = Annotated[int, Meta(ge=1)]


class AccessRuleBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Whom: one token, a group, or (neither) everybody. Where: what is left out is any.

    `confine`: whom it names may charge only where and when such a rule says; for everybody these
    are the hours of a place. `keep`: where and when it says, nobody else may charge.
    """

    label: ShortText = ""
    token: ShortText | None = None
    group: ShortText | None = None
    effect: Effect = Effect.CONFINE
    site: ShortText | None = None
    station: ShortText | None = None
    evse: Number | None = None
    current: Current | None = None
    weekdays: list[Weekday] = []
    begins: time | None = None
    ends: time | None = None
    zone: ShortText = "UTC"
    since: Instant | None = None
    until: Instant | None = None
    concurrent_max: Number | None = None
    is_on: bool = True


class AccessRuleReply(AccessRuleBody, frozen=True, kw_only=True):
    id: str


class GroupBody(Struct, frozen=True, forbid_unknown_fields=True):
    """`is_master`: its tokens stop any transaction, and start none."""

    label: ShortText = ""
    is_master: bool = False


class GroupReply(Struct, frozen=True):
    id: str
    label: str
    is_master: bool
    tokens: int


class ListBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Tokens (all, of a group, of a kind) on the lists of stations (all, of a site, one)."""

    label: ShortText = ""
    group: ShortText | None = None
    kind: TokenKind | None = None
    site: ShortText | None = None
    station: ShortText | None = None
    is_on: bool = True


class ListReply(ListBody, frozen=True, kw_only=True):
    id: str


class LocalListReply(Struct, frozen=True):
    """`version` is ours, `told_version` the station's. `left_out`: tokens that did not fit."""

    version: int
    told_version: int | None
    told_at: datetime | None
    sent_at: datetime | None
    tokens: list[str]
    left_out: int
    trouble: str | None


class AttemptReply(Struct, frozen=True):
    """`uid` is masked for whom may not edit tokens, and empty for a code that was typed in."""

    id: int
    station: str
    at: datetime
    uid: str
    kind: TokenKind | None
    verdict: Verdict


class OpenKinds(Struct, frozen=True, forbid_unknown_fields=True):
    """Kinds of tokens that may charge though nobody has registered them."""

    kinds: list[TokenKind]


@get("/access-rules", opt=needs(Permission.READ), tags=TAGS)
async def list_rules(caller: Asking) -> Page[AccessRuleReply]:
    """All rules about who may charge where and when."""
    rules = (await _book(caller)).rules
    if not caller.actor.may(Permission.EDIT_TOKENS):
        rules = await without_codes(caller.database, caller.tenant, rules)
    return page_of(map(rule_reply, rules))


@post("/access-rules", opt=EDIT, tags=TAGS)
async def add_rule(caller: Asking, data: JSONBody[AccessRuleBody]) -> AccessRuleReply:
    """Add a rule. It holds from the next token on."""

    async def add(slices: Slices) -> AccessRuleReply:
        rule = rule_from(slices.ids.new(), data)
        return await _put(slices, caller, rule)

    return await caller.once(AccessRuleReply, add)


@put("/access-rules/{rule:str}", opt=EDIT, tags=TAGS)
async def change_rule(
    caller: Asking, rule: FromPath[str], data: JSONBody[AccessRuleBody]
) -> AccessRuleReply:
    """Change a rule as a whole, or add it by this id."""
    return await caller.carry_out(lambda slices: _put(slices, caller, rule_from(rule, data)))


@delete("/access-rules/{rule:str}", opt=EDIT, tags=TAGS)
async def remove_rule(caller: Asking, rule: FromPath[str]) -> None:
    """Take a rule away; what it kept out may charge again."""

    async def remove(slices: Slices) -> None:
        await slices.access_rules.remove_rule(caller.tenant, rule)
        caller.audit(slices, "access-rule.remove", f"access-rule:{rule}")

    await caller.carry_out(remove)


@get("/token-groups", opt=needs(Permission.READ), tags=TAGS)
async def list_groups(caller: Asking) -> Page[GroupReply]:
    """Groups that tokens are in, and those of which more is known."""
    counts = await AccessQueries(caller.database).groups(caller.tenant)
    return page_of(
        GroupReply(group.id, group.label, group.is_master, counts.get(group.id, 0))
        for group in (await _book(caller)).all_groups(counts)
    )


@put("/token-groups/{group:str}", opt=EDIT, tags=TAGS)
async def change_group(caller: Asking, group: FromPath[str], data: JSONBody[GroupBody]) -> None:
    """Say what a group is; tokens are put into it one by one."""

    async def change(slices: Slices) -> None:
        known = TokenGroup(group, data.label, data.is_master)
        await slices.access_rules.put_group(caller.tenant, known)
        detail = {"is_master": data.is_master}
        caller.audit(slices, "token-group.change", f"token-group:{group}", **detail)

    await caller.carry_out(change)


@delete("/token-groups/{group:str}", opt=EDIT, tags=TAGS)
async def remove_group(caller: Asking, group: FromPath[str]) -> None:
    """Forget what is known of a group; its tokens stay in it."""

    async def remove(slices: Slices) -> None:
        await slices.access_rules.remove_group(caller.tenant, group)
        caller.audit(slices, "token-group.remove", f"token-group:{group}")

    await caller.carry_out(remove)


@get("/local-lists", opt=needs(Permission.READ), tags=TAGS)
async def list_definitions(caller: Asking) -> Page[ListReply]:
    """Which tokens shall be on the local lists of which stations."""
    return page_of(map(list_reply, (await _book(caller)).lists))


@post("/local-lists", opt=EDIT, tags=TAGS)
async def add_definition(caller: Asking, data: JSONBody[ListBody]) -> ListReply:
    """Have tokens on local lists; stations that are there are told at once."""

    async def add(slices: Slices) -> ListReply:
        return await _define(slices, caller, list_from(slices.ids.new(), data))

    return await caller.once(ListReply, add)


@put("/local-lists/{definition:str}", opt=EDIT, tags=TAGS)
async def change_definition(
    caller: Asking, definition: FromPath[str], data: JSONBody[ListBody]
) -> ListReply:
    """Change which tokens are on which stations' lists."""
    changed = list_from(definition, data)
    return await caller.carry_out(lambda slices: _define(slices, caller, changed))


@delete("/local-lists/{definition:str}", opt=EDIT, tags=TAGS)
async def remove_definition(caller: Asking, definition: FromPath[str]) -> None:
    """What only this one wanted is taken off the lists again."""

    async def remove(slices: Slices) -> None:
        await slices.access_rules.remove_list(caller.tenant, definition)
        caller.audit(slices, "local-list.remove", f"local-list:{definition}")

    await caller.carry_out(remove)


@get("/stations/{identity:str}/local-list", opt=needs(Permission.READ), tags=TAGS)
async def get_local_list(caller: Asking, identity: FromPath[str]) -> LocalListReply:
    """What a station's list has, as far as is known."""
    key = await caller.station(identity)
    found = await AccessQueries(caller.database).local_list(key)
    return local_list_reply(found or LocalList(key))


@post(
    "/stations/{identity:str}/local-list/send",
    status_code=202,
    opt=needs(Permission.COMMAND),
    tags=TAGS,
)
@once_only
async def send_local_list(caller: Asking, identity: FromPath[str]) -> None:
    """Send the whole list anew, whatever the station is believed to have."""
    key = await caller.station(identity)

    async def send(slices: Slices) -> None:
        await slices.local_lists.send_anew(key)
        caller.audit(slices, "station.local-list", f"station:{key.station}")

    await caller.carry_out(send)


def attempt_filter(
    of_station: OfStation,
    verdict: FromQuery[Verdict | None] = None,
    refused: Annotated[bool, QueryParameter(description="All but the accepted.")] = False,
) -> AttemptFilter:
    return AttemptFilter(station=of_station, verdict=verdict, refused=refused)


@get(
    "/authorization-attempts",
    opt=needs(Permission.READ),
    tags=TAGS,
    dependencies={"which": Provide(attempt_filter, sync_to_thread=False)},
)
async def list_attempts(
    caller: Asking, which: NamedDependency[AttemptFilter], page: PageWanted
) -> Page[AttemptReply]:
    """Who identified at which station, and what was said; the latest first."""
    rows = await AttemptQueries(caller.database).attempts(caller.tenant, which, page)
    in_full = caller.actor.may(Permission.EDIT_TOKENS)
    return page_from(rows, lambda attempt: attempt_reply(attempt, in_full=in_full))


@get("/open-token-kinds", opt=needs(Permission.READ), tags=TAGS)
async def get_open_kinds(caller: Asking) -> OpenKinds:
    """The kinds of tokens that may charge though nobody knows them."""
    return OpenKinds(sorted((await _book(caller)).open_kinds))


@put("/open-token-kinds", opt=EDIT, tags=TAGS)
async def change_open_kinds(caller: Asking, data: JSONBody[OpenKinds]) -> OpenKinds:
    """Let unknown tokens of some kinds charge, e.g. tickets that a station gives out itself."""

    async def change(slices: Slices) -> OpenKinds:
        await slices.access_rules.open_to(caller.tenant, frozenset(data.kinds))
        caller.audit(slices, "token-kinds.open", "tokens", kinds=list(data.kinds))
        return data

    return await caller.carry_out(change)


HANDLERS = (
    list_rules,
    add_rule,
    change_rule,
    remove_rule,
    list_groups,
    change_group,
    remove_group,
    list_definitions,
    add_definition,
    change_definition,
    remove_definition,
    get_local_list,
    send_local_list,
    list_attempts,
    get_open_kinds,
    change_open_kinds,
)


async def _book(caller: Caller) -> AccessBook:
    return await AccessQueries(caller.database).book(caller.tenant)


async def _put(slices: Slices, caller: Caller, rule: AccessRule) -> AccessRuleReply:
    saved = await slices.access_rules.put_rule(caller.tenant, rule)
    caller.audit(slices, "access-rule.change", f"access-rule:{saved.id}", effect=saved.effect)
    return rule_reply(saved)


async def _define(slices: Slices, caller: Caller, definition: ListDefinition) -> ListReply:
    saved = await slices.access_rules.put_list(caller.tenant, definition)
    caller.audit(slices, "local-list.change", f"local-list:{saved.id}")
    return list_reply(saved)


def rule_from(id: str, body: AccessRuleBody) -> AccessRule:
    return AccessRule(
        id,
        Whom(body.token or None, body.group or None),
        Where(
            SiteId(body.site) if body.site else None,
            StationId(body.station) if body.station else None,
            None if body.evse is None else EvseNumber(body.evse),
            body.current,
        ),
        When(
            frozenset(body.weekdays),
            body.begins,
            body.ends,
            body.zone,
            in_utc(body.since),
            in_utc(body.until),
        ),
        body.effect,
        body.label,
        body.concurrent_max,
        body.is_on,
    )


def rule_reply(rule: AccessRule) -> AccessRuleReply:
    where, when = rule.where, rule.when
    return AccessRuleReply(
        id=rule.id,
        label=rule.label,
        token=rule.whom.uid,
        group=rule.whom.group,
        effect=rule.effect,
        site=where.site,
        station=where.station,
        evse=where.evse,
        current=where.current,
        weekdays=sorted(when.weekdays),
        begins=when.begins,
        ends=when.ends,
        zone=when.zone,
        since=when.since,
        until=when.until,
        concurrent_max=rule.concurrent_max,
        is_on=rule.is_on,
    )


def list_from(id: str, body: ListBody) -> ListDefinition:
    return ListDefinition(
        id,
        body.label,
        body.group or None,
        body.kind,
        SiteId(body.site) if body.site else None,
        StationId(body.station) if body.station else None,
        body.is_on,
    )


def list_reply(definition: ListDefinition) -> ListReply:
    return ListReply(
        id=definition.id,
        label=definition.label,
        group=definition.group,
        kind=definition.kind,
        site=definition.site,
        station=definition.station,
        is_on=definition.is_on,
    )


def local_list_reply(known: LocalList) -> LocalListReply:
    return LocalListReply(
        known.version,
        known.told_version,
        known.told_at,
        known.sent_at,
        [held.uid for held in known.held],
        known.left_out,
        known.trouble,
    )


def attempt_reply(attempt: Attempt, *, in_full: bool) -> AttemptReply:
    return AttemptReply(
        attempt.number,
        attempt.station.station,
        attempt.at,
        attempt.uid if in_full or not attempt.uid else masked(attempt.uid),
        attempt.kind,
        attempt.verdict,
    )

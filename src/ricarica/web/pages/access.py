"""/tokens/rules, /groups, /lists, /attempts: who may charge where and when."""

from collections.abc import Mapping

from litestar import get, post
from litestar.params import FromPath

from ricarica.access.model import Permission
from ricarica.authorization.book import ListDefinition, TokenGroup
from ricarica.authorization.model import Attempt, TokenKind, Verdict
from ricarica.authorization.queries import (
    AccessQueries,
    AttemptFilter,
    AttemptQueries,
    without_codes,
)
from ricarica.authorization.reports import masked
from ricarica.authorization.rules import AccessRule, Current, Effect, When, Where, Whom
from ricarica.kernel.errors import InvalidError, NotFoundError
from ricarica.kernel.ids import EvseNumber
from ricarica.kernel.slashes import name_in
from ricarica.slices import Slices
from ricarica.storage.pages import Wanted
from ricarica.web.builders.lists import pager_of
from ricarica.web.pages.choices import sites_of
from ricarica.web.sessions import needs
from ricarica.web.typed import Form, count_in, instant_in, place_in, shown_instant, text_in, time_in
from ricarica.web.views.access import (
    AttemptRow,
    AttemptsPage,
    GroupRow,
    GroupsPage,
    ListForm,
    ListRow,
    ListsPage,
    RuleForm,
    RuleRow,
    RulesPage,
    StationListRow,
)
from ricarica.web.views.visit import Notice
from ricarica.web.visitor import Html, Visiting, Visitor

ON_A_PAGE = 50
DAYS = 7
EDIT = needs(Permission.EDIT_TOKENS)
ALWAYS = When()


# -- rules


@get("/tokens/rules", opt=needs(Permission.READ))
async def rules_page(visitor: Visiting) -> Html:
    book = await AccessQueries(visitor.database).book(visitor.tenant)
    names = {choice.value: choice.label for choice in await sites_of(visitor)}
    rules = book.rules
    if not visitor.may(Permission.EDIT_TOKENS):
        rules = await without_codes(visitor.database, visitor.tenant, rules)
    return await visitor.show(RulesPage(tuple(_rule_row(rule, names) for rule in rules)))


@get("/tokens/rules/new", opt=EDIT)
async def new_rule(visitor: Visiting) -> Html:
    return await _rule_form(visitor, "", {"is_on": "true"})


@post("/tokens/rules/new", opt=EDIT)
async def add_rule(visitor: Visiting) -> Html:
    return await _save_rule(visitor, "")


@get("/tokens/rules/{rule:str}/edit", opt=EDIT)
async def edit_rule(visitor: Visiting, rule: FromPath[str]) -> Html:
    known = await _known_rule(visitor, rule)
    zone = visitor.house.choices.time_zone
    return await _rule_form(visitor, known.id, _rule_values(known, zone))


@post("/tokens/rules/{rule:str}/edit", opt=EDIT)
async def change_rule(visitor: Visiting, rule: FromPath[str]) -> Html:
    known = await _known_rule(visitor, rule)
    visitor.edits(_rule_values(known, visitor.house.choices.time_zone))
    return await _save_rule(visitor, known.id, known.when)


@post("/tokens/rules/{rule:str}/remove", opt=EDIT)
async def remove_rule(visitor: Visiting, rule: FromPath[str]) -> Html:
    id = name_in(rule)

    async def work(slices: Slices) -> None:
        await slices.access_rules.remove_rule(visitor.tenant, id)
        visitor.audit(slices, "access-rule.remove", f"access-rule:{id}")

    await visitor.carry_out(work)
    return visitor.lead_to("/tokens/rules", Notice.ACCESS_SAVED)


async def _known_rule(visitor: Visitor, part: str) -> AccessRule:
    book = await AccessQueries(visitor.database).book(visitor.tenant)
    known = next((each for each in book.rules if each.id == name_in(part)), None)
    if known is None:
        raise NotFoundError("there is no such rule")
    return known


async def _save_rule(visitor: Visitor, id: str, known: When = ALWAYS) -> Html:
    zone = visitor.house.choices.time_zone

    async def work(slices: Slices) -> None:
        rule = _rule_from(id or slices.ids.new(), visitor.form, zone, known)
        await slices.access_rules.put_rule(visitor.tenant, rule)
        visitor.audit(slices, "access-rule.change", f"access-rule:{rule.id}", effect=rule.effect)

    try:
        await visitor.carry_out(work)
    except (InvalidError, ValueError) as error:
        return await _rule_form(visitor, id, visitor.form, str(error))
    return visitor.lead_to("/tokens/rules", Notice.ACCESS_SAVED)


async def _rule_form(visitor: Visitor, id: str, values: Form, problem: str = "") -> Html:
    form = RuleForm(id, values, await sites_of(visitor), await _group_names(visitor), problem)
    return await visitor.show(form, 422 if problem else 200)


def _rule_from(id: str, form: Form, zone: str, known: When) -> AccessRule:
    days = frozenset(day for day in range(DAYS) if form.get(f"day{day}"))
    return AccessRule(
        id,
        Whom(text_in(form, "token"), text_in(form, "group")),
        Where(
            *place_in(form),
            evse=None if (evse := count_in(form, "evse")) is None else EvseNumber(evse),
            current=Current(form["current"]) if form.get("current") else None,
        ),
        When(
            days,
            time_in(form, "begins"),
            time_in(form, "ends"),
            text_in(form, "zone") or zone,
            instant_in(form, "since", zone, known.since),
            instant_in(form, "until", zone, known.until),
        ),
        Effect(form.get("effect", Effect.CONFINE)),
        form.get("label", "").strip(),
        count_in(form, "concurrent_max"),
        bool(form.get("is_on")),
    )


def _rule_values(rule: AccessRule, zone: str) -> dict[str, str]:
    where, when = rule.where, rule.when
    given = {
        "label": rule.label,
        "token": rule.whom.uid,
        "group": rule.whom.group,
        "effect": rule.effect,
        "site": where.site,
        "station": where.station,
        "evse": where.evse,
        "current": where.current,
        "begins": when.begins and f"{when.begins:%H:%M}",
        "ends": when.ends and f"{when.ends:%H:%M}",
        "zone": when.zone,
        "since": shown_instant(when.since, zone),
        "until": shown_instant(when.until, zone),
        "concurrent_max": rule.concurrent_max,
        "is_on": "true" if rule.is_on else "",
        **{f"day{day}": "true" for day in when.weekdays},
    }
    return {name: str(value) for name, value in given.items() if value}


def _rule_row(rule: AccessRule, sites: Mapping[str, str]) -> RuleRow:
    where, when = rule.where, rule.when
    return RuleRow(
        rule.id,
        rule.label,
        rule.whom.uid,
        rule.whom.group,
        rule.effect,
        sites.get(where.site, where.site) if where.site else None,
        where.station,
        where.evse,
        where.current,
        tuple(sorted(when.weekdays)),
        f"{when.begins:%H:%M}" if when.begins else "",
        f"{when.ends:%H:%M}" if when.ends else "",
        when.zone,
        when.since,
        when.until,
        rule.concurrent_max,
        rule.is_on,
    )


# -- groups


@get("/tokens/groups", opt=needs(Permission.READ))
async def groups_page(visitor: Visiting) -> Html:
    return await _groups(visitor)


@post("/tokens/groups", opt=EDIT)
async def save_group(visitor: Visiting) -> Html:
    form = visitor.form
    is_master = bool(form.get("is_master"))
    group = TokenGroup(form.get("id", "").strip(), form.get("label", "").strip(), is_master)

    async def work(slices: Slices) -> None:
        await slices.access_rules.put_group(visitor.tenant, group)
        subject = f"token-group:{group.id}"
        visitor.audit(slices, "token-group.change", subject, is_master=is_master)

    try:
        await visitor.carry_out(work)
    except InvalidError as error:
        return await _groups(visitor, str(error))
    return visitor.lead_to("/tokens/groups", Notice.ACCESS_SAVED)


@post("/tokens/open-kinds", opt=EDIT)
async def open_kinds(visitor: Visiting) -> Html:
    kinds = frozenset(kind for kind in GroupsPage.openable if visitor.form.get(kind))

    async def work(slices: Slices) -> None:
        await slices.access_rules.open_to(visitor.tenant, frozenset(map(TokenKind, kinds)))
        visitor.audit(slices, "token-kinds.open", "tokens", kinds=sorted(kinds))

    await visitor.carry_out(work)
    return visitor.lead_to("/tokens/groups", Notice.ACCESS_SAVED)


async def _groups(visitor: Visitor, problem: str = "") -> Html:
    queries = AccessQueries(visitor.database)
    book, counts = await queries.book(visitor.tenant), await queries.groups(visitor.tenant)
    rows = tuple(
        GroupRow(each.id, each.label, each.is_master, counts.get(each.id, 0))
        for each in book.all_groups(counts)
    )
    page = GroupsPage(rows, tuple(book.open_kinds), problem)
    return await visitor.show(page, 422 if problem else 200)


# -- local lists


@get("/tokens/lists", opt=needs(Permission.READ))
async def lists_page(visitor: Visiting) -> Html:
    queries = AccessQueries(visitor.database)
    book = await queries.book(visitor.tenant)
    names = {choice.value: choice.label for choice in await sites_of(visitor)}
    rows = tuple(
        ListRow(
            each.id,
            each.label,
            each.group,
            each.kind,
            names.get(each.site, each.site) if each.site else None,
            each.station,
            each.is_on,
        )
        for each in book.lists
    )
    stations = tuple(
        StationListRow(
            each.station, each.version, each.entries, each.told_at, each.left_out, each.trouble
        )
        for each in await queries.local_lists(visitor.tenant)
    )
    return await visitor.show(ListsPage(rows, stations))


@get("/tokens/lists/new", opt=EDIT)
async def new_list(visitor: Visiting) -> Html:
    return await _list_form(visitor, "", {"is_on": "true"})


@post("/tokens/lists/new", opt=EDIT)
async def add_list(visitor: Visiting) -> Html:
    return await _save_list(visitor, "")


@get("/tokens/lists/{definition:str}/edit", opt=EDIT)
async def edit_list(visitor: Visiting, definition: FromPath[str]) -> Html:
    known = await _known_list(visitor, definition)
    return await _list_form(visitor, known.id, _list_values(known))


@post("/tokens/lists/{definition:str}/edit", opt=EDIT)
async def change_list(visitor: Visiting, definition: FromPath[str]) -> Html:
    known = await _known_list(visitor, definition)
    visitor.edits(_list_values(known))
    return await _save_list(visitor, known.id)


@post("/tokens/lists/{definition:str}/remove", opt=EDIT)
async def remove_list(visitor: Visiting, definition: FromPath[str]) -> Html:
    id = name_in(definition)

    async def work(slices: Slices) -> None:
        await slices.access_rules.remove_list(visitor.tenant, id)
        visitor.audit(slices, "local-list.remove", f"local-list:{id}")

    await visitor.carry_out(work)
    return visitor.lead_to("/tokens/lists", Notice.ACCESS_SAVED)


async def _known_list(visitor: Visitor, part: str) -> ListDefinition:
    book = await AccessQueries(visitor.database).book(visitor.tenant)
    known = next((each for each in book.lists if each.id == name_in(part)), None)
    if known is None:
        raise NotFoundError("there is no such list")
    return known


def _list_values(known: ListDefinition) -> dict[str, str]:
    given = {
        "label": known.label,
        "group": known.group,
        "kind": known.kind,
        "site": known.site,
        "station": known.station,
        "is_on": "true" if known.is_on else "",
    }
    return {name: str(value) for name, value in given.items() if value}


async def _save_list(visitor: Visitor, id: str) -> Html:
    form = visitor.form

    async def work(slices: Slices) -> None:
        definition = ListDefinition(
            id or slices.ids.new(),
            form.get("label", "").strip(),
            text_in(form, "group"),
            TokenKind(form["kind"]) if form.get("kind") else None,
            *place_in(form),
            is_on=bool(form.get("is_on")),
        )
        await slices.access_rules.put_list(visitor.tenant, definition)
        visitor.audit(slices, "local-list.change", f"local-list:{definition.id}")

    try:
        await visitor.carry_out(work)
    except (InvalidError, ValueError) as error:
        return await _list_form(visitor, id, form, str(error))
    return visitor.lead_to("/tokens/lists", Notice.ACCESS_SAVED)


async def _list_form(visitor: Visitor, id: str, values: Form, problem: str = "") -> Html:
    form = ListForm(id, values, await sites_of(visitor), await _group_names(visitor), problem)
    return await visitor.show(form, 422 if problem else 200)


# -- attempts


@get("/tokens/attempts", opt=needs(Permission.READ))
async def attempts_page(visitor: Visiting) -> Html:
    q, verdict = visitor.query.get("q", "").strip(), visitor.query.get("verdict", "").strip()
    in_full = visitor.may(Permission.EDIT_TOKENS)
    which = AttemptFilter(
        text=(q or None) if in_full else None,  # who sees no uids cannot search for them
        verdict=Verdict(verdict) if verdict in set(Verdict) else None,
        refused=verdict == "refused",
    )
    wanted = Wanted(ON_A_PAGE, visitor.query.get("after") or None)
    found = await AttemptQueries(visitor.database).attempts(visitor.tenant, which, wanted)
    rows = tuple(attempt_row(each, in_full=in_full) for each in found.items)
    pager = pager_of("/tokens/attempts", visitor.query, found.next)
    return await visitor.show(AttemptsPage(rows, q, verdict, pager))


HANDLERS = (
    rules_page,
    new_rule,
    add_rule,
    edit_rule,
    change_rule,
    remove_rule,
    groups_page,
    save_group,
    open_kinds,
    lists_page,
    new_list,
    add_list,
    edit_list,
    change_list,
    remove_list,
    attempts_page,
)


def attempt_row(attempt: Attempt, *, in_full: bool) -> AttemptRow:
    uid = attempt.uid if in_full or not attempt.uid else masked(attempt.uid)
    is_new = attempt.verdict is Verdict.UNKNOWN
    kind = attempt.kind
    is_known_kind = kind is not None and kind is not TokenKind.UNKNOWN
    return AttemptRow(
        attempt.at,
        attempt.station.station,
        uid,
        kind.value if kind and is_known_kind else None,
        attempt.verdict,
        make=attempt.uid if in_full and is_new else "",
    )


async def _group_names(visitor: Visitor) -> tuple[str, ...]:
    return tuple(await AccessQueries(visitor.database).groups(visitor.tenant))

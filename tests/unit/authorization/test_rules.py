"""Where and when a token may charge."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ricarica.authorization.book import AccessBook, TokenGroup, checked_rule
from ricarica.authorization.judging import of_stranger, of_token, with_contract
from ricarica.authorization.model import (
    Occasion,
    Token,
    TokenKind,
    TokenRef,
    TokenStatus,
    Verdict,
)
from ricarica.authorization.rules import (
    AccessRule,
    Current,
    Effect,
    Permit,
    Place,
    Span,
    When,
    Where,
    Whom,
    choose,
    concurrent_max,
    is_always_permitted,
    permit,
    span_at,
)
from ricarica.certificates.model import ContractStatus
from ricarica.kernel.errors import InvalidError
from ricarica.kernel.ids import DEFAULT_TENANT, EvseNumber, SiteId, StationId, StationKey

MONDAY_NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
CP_1 = StationId("CP-1")
HERE = Place(CP_1, SiteId("depot"), EvseNumber(1))
CARD = Token(DEFAULT_TENANT, "AbCd", TokenKind.ISO14443, TokenStatus.ACTIVE, MONDAY_NOON, "Fleet")
MINE, ALL = Whom(uid="ABCD"), Whom()
ALWAYS, ANYWHERE = When(), Where()
BY_DAY = When(begins=time(8), ends=time(18))
BY_NIGHT = When(begins=time(22), ends=time(6))


def rule(whom: Whom = MINE, where: Where = ANYWHERE, when: When = ALWAYS) -> AccessRule:
    return AccessRule("r", whom, where, when)


def verdict(*rules: AccessRule, place: Place = HERE, at: datetime = MONDAY_NOON) -> Verdict:
    return permit(rules, CARD, place, at).verdict


def test_without_a_rule_everybody_may_charge_everywhere() -> None:
    assert permit((), CARD, HERE, MONDAY_NOON) == Permit(Verdict.ACCEPTED)


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        (Where(station=CP_1), Verdict.ACCEPTED),
        (Where(station=StationId("CP-2")), Verdict.NOT_HERE),
        (Where(site=SiteId("depot")), Verdict.ACCEPTED),
        (Where(site=SiteId("mall")), Verdict.NOT_HERE),
        (Where(station=CP_1, evse=EvseNumber(1)), Verdict.ACCEPTED),
        (Where(station=CP_1, evse=EvseNumber(2)), Verdict.NOT_HERE),
    ],
)
def test_whom_a_rule_confines_charges_there_only(where: Where, expected: Verdict) -> None:
    assert verdict(rule(where=where)) is expected


def test_one_rule_of_several_is_enough() -> None:
    elsewhere = rule(where=Where(station=StationId("CP-2")))

    assert verdict(elsewhere, rule(Whom(group="fleet"), Where(station=CP_1))) is Verdict.ACCEPTED


def test_a_rule_that_is_off_says_nothing() -> None:
    assert verdict(replace(rule(where=Where(station=StationId("X"))), is_on=False)) == "accepted"


@pytest.mark.parametrize(
    ("hour", "expected"),
    [(7, Verdict.NOT_NOW), (8, Verdict.ACCEPTED), (17, Verdict.ACCEPTED), (18, Verdict.NOT_NOW)],
)
def test_a_time_of_day_begins_and_ends(hour: int, expected: Verdict) -> None:
    assert verdict(rule(when=BY_DAY), at=MONDAY_NOON.replace(hour=hour)) is expected


def test_a_night_belongs_to_the_day_on_which_it_began() -> None:
    mondays = replace(BY_NIGHT, weekdays=frozenset({0}))
    tuesday_3 = MONDAY_NOON.replace(day=5, hour=3)

    assert span_at(mondays, tuesday_3) == Span(MONDAY_NOON.replace(day=5, hour=6))
    assert span_at(mondays, tuesday_3 - timedelta(days=1)) is None


def test_times_are_those_of_the_clocks_at_the_place() -> None:
    in_rome = replace(BY_DAY, zone="Europe/Rome")

    assert span_at(in_rome, MONDAY_NOON.replace(hour=6)) == Span(MONDAY_NOON.replace(hour=16))
    assert span_at(in_rome, MONDAY_NOON.replace(hour=17)) is None


def test_a_rule_holds_from_its_first_to_its_last_moment() -> None:
    when = When(since=MONDAY_NOON, until=MONDAY_NOON + timedelta(hours=1))

    assert span_at(when, MONDAY_NOON - timedelta(seconds=1)) is None
    assert span_at(when, MONDAY_NOON) == Span(when.until)
    assert span_at(when, MONDAY_NOON + timedelta(hours=1)) is None


def test_what_may_charge_now_is_permitted_until_the_last_of_its_rules_ends() -> None:
    until_16 = rule(when=When(begins=time(8), ends=time(16)))

    both = permit((rule(when=BY_DAY), until_16), CARD, HERE, MONDAY_NOON)

    assert both == Permit(Verdict.ACCEPTED, MONDAY_NOON.replace(hour=18))


def test_the_hours_of_a_place_hold_for_everybody() -> None:
    hours = rule(ALL, Where(station=CP_1), BY_DAY)

    assert verdict(hours) is Verdict.ACCEPTED
    assert verdict(hours, at=MONDAY_NOON.replace(hour=20)) is Verdict.NOT_NOW
    elsewhere = Place(StationId("CP-2"), None)
    assert verdict(hours, place=elsewhere, at=MONDAY_NOON.replace(hour=20)) is Verdict.ACCEPTED


def test_a_place_that_is_kept_for_others_is_shut_while_it_is() -> None:
    kept = AccessRule("k", Whom(group="staff"), Where(station=CP_1), BY_DAY, Effect.KEEP)
    for_us = replace(kept, id="u", whom=Whom(group="FLEET"))

    assert verdict(kept) is Verdict.NOT_HERE
    assert verdict(kept, for_us) is Verdict.ACCEPTED
    assert verdict(kept, at=MONDAY_NOON.replace(hour=20)) is Verdict.ACCEPTED
    elsewhere = Place(StationId("CP-2"), None)
    assert permit((for_us,), CARD, elsewhere, MONDAY_NOON).verdict is Verdict.ACCEPTED


def test_who_may_only_charge_with_alternating_current_is_at_the_wrong_outlet() -> None:
    slow = rule(where=Where(current=Current.AC))

    assert verdict(slow, place=replace(HERE, current=Current.DC)) is Verdict.WRONG_EVSE_TYPE
    assert verdict(slow, place=replace(HERE, current=Current.AC)) is Verdict.ACCEPTED
    assert verdict(slow) is Verdict.ACCEPTED  # the station could not say


def test_of_evses_that_differ_those_that_accept_are_told() -> None:
    yes, no = Permit(Verdict.ACCEPTED), Permit(Verdict.NOT_HERE)
    one, two = EvseNumber(1), EvseNumber(2)

    assert choose([(one, yes), (two, no)]) == (yes, (one,))
    assert choose([(one, yes), (two, yes)]) == (yes, ())
    assert choose([(one, no), (two, Permit(Verdict.NOT_NOW))]) == (Permit(Verdict.NOT_NOW), ())


def test_the_least_number_of_transactions_counts() -> None:
    two = replace(rule(Whom(group="fleet")), concurrent_max=2)

    assert concurrent_max((two,), CARD, HERE) == 2
    assert concurrent_max((two,), replace(CARD, concurrent_max=1), HERE) == 1
    assert concurrent_max((), CARD, HERE) is None


def test_a_list_says_nothing_of_who_may_charge_at_some_times_or_at_some_evses() -> None:
    assert is_always_permitted((rule(where=Where(station=CP_1)),), CARD, HERE)
    assert not is_always_permitted((rule(when=BY_DAY),), CARD, HERE)
    assert not is_always_permitted((rule(ALL, Where(station=CP_1), BY_DAY),), CARD, HERE)
    at_one = rule(where=Where(station=CP_1, evse=EvseNumber(1)))
    assert not is_always_permitted((at_one,), CARD, HERE)
    of_others = rule(Whom(group="staff"), when=BY_DAY)
    assert is_always_permitted((of_others,), CARD, HERE)
    assert not is_always_permitted((replace(of_others, effect=Effect.KEEP),), CARD, HERE)


def test_a_pass_stops_and_does_not_begin() -> None:
    book = AccessBook(DEFAULT_TENANT, groups=(TokenGroup("FLEET", is_master=True),))
    key = StationKey(DEFAULT_TENANT, CP_1)
    ref = TokenRef("AbCd")

    shown = of_token(CARD, ref, book, Occasion(key, MONDAY_NOON), (HERE,))
    begins = of_token(CARD, ref, book, Occasion(key, MONDAY_NOON, begins=True), (HERE,))

    assert (shown.verdict, shown.is_master) == (Verdict.ACCEPTED, True)
    assert begins.verdict is Verdict.INVALID  # C16.FR.03


def test_a_stranger_is_unknown_unless_its_kind_is_let_in() -> None:
    closed, open_ = AccessBook(DEFAULT_TENANT), AccessBook(DEFAULT_TENANT)
    open_ = replace(open_, open_kinds=frozenset({TokenKind.LOCAL}))
    ticket = TokenRef("T-1", TokenKind.LOCAL)

    assert of_stranger(ticket, closed).verdict is Verdict.UNKNOWN
    assert of_stranger(ticket, open_).verdict is Verdict.ACCEPTED
    assert of_stranger(TokenRef("1", TokenKind.KEY_CODE), open_).verdict is Verdict.INVALID


def test_a_code_is_no_card_and_a_card_no_code() -> None:
    code = replace(CARD, kind=TokenKind.KEY_CODE)

    assert code.is_meant(TokenRef("abcd", TokenKind.KEY_CODE))
    assert not code.is_meant(TokenRef("abcd", TokenKind.ISO14443))
    assert not CARD.is_meant(TokenRef("abcd", TokenKind.KEY_CODE))
    assert CARD.is_meant(TokenRef("abcd", TokenKind.CENTRAL))
    assert CARD.is_meant(TokenRef("abcd"))


def test_a_token_of_ours_is_never_what_a_reader_reads() -> None:
    ours = replace(CARD, kind=TokenKind.CENTRAL)

    assert ours.is_meant(TokenRef("abcd", TokenKind.CENTRAL))
    assert not ours.is_meant(TokenRef("abcd", TokenKind.ISO14443))
    assert ours.is_meant(TokenRef("abcd")), "1.6 cannot say that it is the one that we told it"


@pytest.mark.parametrize("kind", [TokenKind.KEY_CODE, TokenKind.DIRECT_PAYMENT])
def test_an_id_tag_of_1_6_is_neither_a_code_nor_a_payment(kind: TokenKind) -> None:
    assert not replace(CARD, kind=kind).is_meant(TokenRef("abcd"))


@pytest.mark.parametrize(
    ("contract", "expected"),
    [
        (ContractStatus.ACCEPTED, Verdict.ACCEPTED),
        (ContractStatus.EXPIRED, Verdict.EXPIRED),
        (ContractStatus.REVOKED, Verdict.INVALID),
        (ContractStatus.CHAIN_ERROR, Verdict.INVALID),
    ],
)
def test_a_contract_is_worth_what_its_certificates_are(
    contract: ContractStatus, expected: Verdict
) -> None:
    key = StationKey(DEFAULT_TENANT, CP_1)
    book = AccessBook(DEFAULT_TENANT)
    shown = of_token(CARD, TokenRef("AbCd"), book, Occasion(key, MONDAY_NOON), (HERE,))

    assert with_contract(shown, contract).verdict is expected


@pytest.mark.parametrize(
    "wrong",
    [
        rule(Whom("a", "b")),
        rule(where=Where(evse=EvseNumber(1))),
        rule(when=When(weekdays=frozenset({7}))),
        rule(when=When(zone="Nowhere/Land")),
        AccessRule("k", Whom(), Where(station=CP_1), ALWAYS, Effect.KEEP),
        AccessRule("k", MINE, ANYWHERE, ALWAYS, Effect.KEEP),
        AccessRule("k", MINE, ANYWHERE, ALWAYS, concurrent_max=0),
        AccessRule("k", ALL, ANYWHERE, ALWAYS, concurrent_max=1),
    ],
)
def test_a_rule_that_cannot_be_is_refused(wrong: AccessRule) -> None:
    with pytest.raises(InvalidError):
        checked_rule(wrong)


times = st.times().map(lambda at: at.replace(microsecond=0))


@given(
    begins=times,
    ends=times,
    zone=st.sampled_from(["UTC", "Europe/Rome", "Australia/Lord_Howe"]),
    at=st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)),  # noqa: DTZ001 - made aware below
)
def test_a_span_holds_at_its_moment_and_ends_after_it(
    begins: time, ends: time, zone: str, at: datetime
) -> None:
    moment = at.replace(tzinfo=UTC)

    span = span_at(When(begins=begins, ends=ends, zone=zone), moment)

    assert span is None or (span.ends is not None and span.ends > moment)

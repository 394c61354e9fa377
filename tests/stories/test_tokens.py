"""Who may charge: tokens of every kind, groups, passes, codes, and where and when they hold."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from ricarica.authorization.book import TokenGroup
from ricarica.authorization.commands import ClearCache
from ricarica.authorization.model import (
    Attempt,
    EnergyTransfer,
    TokenKind,
    TokenStatus,
    Treatment,
    Verdict,
)
from ricarica.authorization.queries import AttemptQueries
from ricarica.authorization.rules import AccessRule, Effect, When, Where, Whom
from ricarica.authorization.service import TokenChanges
from ricarica.engine.orders import start_order
from ricarica.kernel.ids import DEFAULT_TENANT, EvseNumber, StationId
from ricarica.ocpp.dialects import V16, V21, V201, Dialect
from ricarica.simulator.transaction import Token
from ricarica.stations.commands import Outcome
from ricarica.testing.lines import Line, LocalLine
from ricarica.testing.world import World, key_of
from ricarica.transactions.commands import StartCharging

IN_2X = pytest.mark.parametrize("dialect", [V201, V21], ids=str)
CARD = "04A1B2C3"


@pytest.fixture
def make_line() -> Callable[[], Line]:
    """A verdict is the same wherever it is given."""
    return LocalLine


async def authorize(network: World, dialect: Dialect, token: Token) -> dict[str, Any]:
    """What the station is answered, in its own words."""
    station = await network.station("PISA-1", dialect)
    told = network.teller(station)
    if dialect is V16:
        answer = await told.call("Authorize", {"idTag": token.uid})
        return dict(answer["idTagInfo"])
    body = {"idToken": {"idToken": token.uid, "type": token.kind}}
    answer = await told.call("Authorize", body)
    return dict(answer["idTokenInfo"])


async def attempts(network: World) -> list[Attempt]:
    page = await AttemptQueries(network.database).attempts(DEFAULT_TENANT)
    return list(page.items)


async def lay_down(network: World, **fields: Any) -> None:
    usual = AccessRule("rule", Whom(uid=CARD), Where(), When())
    rule = replace(usual, **fields)
    await network.carry_out(lambda slices: slices.access_rules.put_rule(DEFAULT_TENANT, rule))


@pytest.mark.usecase("C01", "C08")
async def test_a_known_card_charges(network: World, dialect: Dialect) -> None:
    await network.add_token(CARD)
    station = await network.station("PISA-1", dialect)
    station.plug_in(1)

    station.present(CARD.lower(), 1)
    await network.settle()

    [transaction] = await network.transactions(station)
    assert transaction.is_running
    assert transaction.verdict == Verdict.ACCEPTED


@pytest.mark.usecase("C01")
async def test_every_attempt_is_kept_with_its_verdict(network: World, dialect: Dialect) -> None:
    await authorize(network, dialect, Token("STRANGER"))

    [attempt] = await attempts(network)
    assert (attempt.uid, attempt.verdict) == ("STRANGER", Verdict.UNKNOWN)
    assert attempt.station.station == "PISA-1"


@IN_2X
@pytest.mark.usecase("C02")
async def test_a_start_button_needs_no_token(network: World, dialect: Dialect) -> None:
    station = await network.station("PISA-1", dialect)
    station.plug_in(1)

    station.present(Token("", TokenKind.NO_AUTHORIZATION), 1)
    await network.settle()

    [transaction] = await network.transactions(station)
    assert transaction.is_running
    assert transaction.verdict == Verdict.ACCEPTED


@pytest.mark.usecase("C03", "C05")
async def test_a_start_from_afar_by_a_token_of_ours_charges(
    network: World, dialect: Dialect
) -> None:
    station = await network.station("PISA-1", dialect)
    station.plug_in(1)
    key = key_of(station)
    command: StartCharging = await network.carry_out(
        lambda slices: start_order(slices, key, None, EvseNumber(1))
    )

    result = await network.tell(station, command)
    await network.settle()

    assert result.outcome is Outcome.ACCEPTED
    [transaction] = await network.transactions(station)
    assert (transaction.token, transaction.verdict) == (command.token.uid, Verdict.ACCEPTED)


@IN_2X
@pytest.mark.usecase("C04")
async def test_a_code_is_right_or_invalid_and_never_kept(network: World, dialect: Dialect) -> None:
    await network.add_token("4711", kind=TokenKind.KEY_CODE)

    right = await authorize(network, dialect, Token("4711", TokenKind.KEY_CODE))
    wrong = await network.teller(network._stations[0]).call(
        "Authorize", {"idToken": {"idToken": "0815", "type": "KeyCode"}}
    )

    assert (right["status"], wrong["idTokenInfo"]["status"]) == ("Accepted", "Invalid")
    assert {attempt.uid for attempt in await attempts(network)} == {""}  # C04.FR.04


@IN_2X
@pytest.mark.usecase("C04")
async def test_who_tries_codes_one_after_the_other_has_to_wait(
    network: World, dialect: Dialect
) -> None:
    await network.add_token("4711", kind=TokenKind.KEY_CODE)
    station = await network.station("PISA-1", dialect)
    told = network.teller(station)

    async def status(code: str) -> str:
        body = {"idToken": {"idToken": code, "type": "KeyCode"}}
        return str((await told.call("Authorize", body))["idTokenInfo"]["status"])

    for code in ("0001", "0002", "0003"):
        await status(code)
    shut = await status("4711")
    await network.pass_time(timedelta(seconds=10))

    assert (shut, await status("4711")) == ("Invalid", "Accepted")


@IN_2X
@pytest.mark.usecase("C06")
async def test_tickets_that_the_station_made_charge_where_they_are_let(
    network: World, dialect: Dialect
) -> None:
    before = await authorize(network, dialect, Token("TICKET-7", TokenKind.LOCAL))

    kinds = frozenset({TokenKind.LOCAL})
    await network.carry_out(lambda slices: slices.access_rules.open_to(DEFAULT_TENANT, kinds))

    after = await authorize(network, dialect, Token("TICKET-7", TokenKind.LOCAL))
    assert (before["status"], after["status"]) == ("Unknown", "Accepted")


@pytest.mark.usecase("C09")
async def test_a_member_of_the_group_ends_what_another_began(
    network: World, dialect: Dialect
) -> None:
    await network.add_token(CARD, group="FAMILY")
    await network.add_token("OTHER", group="FAMILY")
    station = await network.station("PISA-1", dialect)
    station.plug_in(1)
    station.present(CARD, 1)
    await network.pass_time(timedelta(minutes=5))

    station.present("OTHER", 1)
    await network.settle()

    [transaction] = await network.transactions(station)
    assert not transaction.is_running


@pytest.mark.usecase("C10", "C12")
async def test_a_station_does_not_remember_beyond_the_end_of_a_token(
    network: World, dialect: Dialect
) -> None:
    ends = network.clock.now() + timedelta(hours=1)
    await network.add_token(CARD, expires_at=ends)
    station = await network.station("PISA-1", dialect)

    station.present(CARD, 1)
    await network.settle()

    known = station.core.tokens.cache[CARD.casefold()]
    assert (known.status, known.expires_at) == ("Accepted", ends)


@pytest.mark.usecase("C11")
async def test_a_cleared_cache_knows_nobody(network: World, dialect: Dialect) -> None:
    await network.add_token(CARD)
    station = await network.station("PISA-1", dialect)
    station.present(CARD, 1)
    await network.settle()

    result = await network.tell(station, ClearCache())

    assert result.outcome is Outcome.ACCEPTED
    assert station.core.tokens.cache == {}


@pytest.mark.usecase("C12")
async def test_who_was_remembered_and_is_blocked_since_is_stopped(
    network: World, dialect: Dialect
) -> None:
    await network.add_token(CARD)
    station = await network.station("PISA-1", dialect)
    station.settings.override({"local_pre_authorize": "true"})
    station.present(CARD, 1)
    await network.settle()
    await network.pass_time(timedelta(minutes=5))  # nobody plugged in, but the cache remembers
    await network.carry_out(
        lambda slices: slices.authorization.change(
            DEFAULT_TENANT, CARD, TokenChanges(status=TokenStatus.BLOCKED)
        )
    )

    station.plug_in(1)
    station.present(CARD, 1)
    await network.settle()

    [transaction] = await network.transactions(station)
    assert transaction.verdict == Verdict.BLOCKED
    assert not transaction.is_running


@pytest.mark.usecase("C15")
async def test_who_charged_unknown_while_nobody_could_be_asked_is_told_the_truth(
    network: World, dialect: Dialect
) -> None:
    station = await network.station("PISA-1", dialect)
    station.settings.override({"offline_unknown_allowed": "true"})
    await network.cut(station)
    station.plug_in(1)
    station.present("STRANGER", 1)
    await network.pass_time(timedelta(minutes=10))

    await network.connect(station)

    [transaction] = await network.transactions(station)
    assert transaction.verdict == Verdict.UNKNOWN
    assert not transaction.is_running  # C15.FR.04
    assert transaction.energy.energy_wh > 0  # it is known what nobody paid for


@IN_2X
@pytest.mark.usecase("C16")
async def test_a_master_pass_stops_what_others_began(network: World, dialect: Dialect) -> None:
    await network.add_token(CARD)
    await network.add_token("JANITOR", group="MASTERS")
    await make_masters(network)
    station = await network.station("PISA-1", dialect)
    station.settings.override({"master_group": "MASTERS"})
    station.plug_in(1)
    station.present(CARD, 1)
    await network.pass_time(timedelta(minutes=5))

    station.present("JANITOR", 1)
    await network.settle()

    [transaction] = await network.transactions(station)
    assert transaction.end_reason == "MasterPass"


@IN_2X
@pytest.mark.usecase("C16")
async def test_a_master_pass_begins_nothing(network: World, dialect: Dialect) -> None:
    await network.add_token("JANITOR", group="MASTERS")
    await make_masters(network)
    station = await network.station("PISA-1", dialect)  # which knows nothing of such passes
    station.plug_in(1)

    station.present("JANITOR", 1)
    await network.settle()

    [transaction] = await network.transactions(station)
    assert transaction.verdict == Verdict.INVALID  # C16.FR.03
    assert not transaction.is_running


async def test_in_1_6_a_master_pass_is_of_no_use(network: World) -> None:
    await network.add_token("JANITOR", group="MASTERS")
    await make_masters(network)

    assert (await authorize(network, V16, Token("JANITOR")))["status"] == "Blocked"


async def make_masters(network: World) -> None:
    group = TokenGroup("masters", is_master=True)
    await network.carry_out(lambda slices: slices.access_rules.put_group(DEFAULT_TENANT, group))


# -- where and when

WORDS = {
    V16: {"here": "Blocked", "now": "Blocked"},
    V201: {"here": "NotAtThisLocation", "now": "NotAtThisTime"},
    V21: {"here": "NotAtThisLocation", "now": "NotAtThisTime"},
}


@pytest.mark.usecase("C01")
async def test_who_may_charge_elsewhere_may_not_charge_here(
    network: World, dialect: Dialect
) -> None:
    await network.add_token(CARD)
    await lay_down(network, where=Where(station=StationId("LUCCA-1")))

    info = await authorize(network, dialect, Token(CARD))

    assert info["status"] == WORDS[dialect]["here"]  # C01.FR.22


@pytest.mark.usecase("C01", "C10")
async def test_who_may_charge_by_day_is_remembered_until_the_evening(
    network: World, dialect: Dialect
) -> None:
    now: datetime = network.clock.now()
    await network.add_token(CARD)
    day = When(begins=(now - timedelta(hours=1)).time(), ends=(now + timedelta(hours=1)).time())
    await lay_down(network, when=day)

    by_day = await authorize(network, dialect, Token(CARD))
    await network.pass_time(timedelta(hours=2), timedelta(minutes=30))
    by_night = await network.teller(network._stations[0]).call(
        "Authorize",
        {"idTag": CARD} if dialect is V16 else {"idToken": {"idToken": CARD, "type": "ISO14443"}},
    )

    until = by_day.get("expiryDate") or by_day["cacheExpiryDateTime"]
    assert until == (now + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    [info] = by_night.values()
    assert info["status"] == WORDS[dialect]["now"]


@IN_2X
@pytest.mark.usecase("C01")
async def test_who_may_charge_at_one_evse_is_told_which(network: World, dialect: Dialect) -> None:
    await network.add_token(CARD)
    await lay_down(network, where=Where(station=StationId("PISA-1"), evse=EvseNumber(2)))
    station = await network.station("PISA-1", dialect)

    station.plug_in(1)
    station.present(CARD, 1)
    await network.settle()
    station.plug_in(2)
    station.present(CARD, 2)
    await network.settle()

    assert station.shown(1) == "Rejected"  # C01.FR.20, C01.FR.21
    assert [each.evse for each in await network.transactions(station)] == [2]


async def test_what_is_kept_for_some_is_shut_for_others(network: World, dialect: Dialect) -> None:
    await network.add_token(CARD)
    place = Where(station=StationId("PISA-1"))
    await lay_down(network, whom=Whom(group="STAFF"), where=place, effect=Effect.KEEP)

    info = await authorize(network, dialect, Token(CARD))

    assert info["status"] == WORDS[dialect]["here"]


@IN_2X
async def test_a_driver_is_treated_as_the_token_says(network: World, dialect: Dialect) -> None:
    treatment = Treatment("it", "de", "Benvenuta, Ada", 5, (EnergyTransfer.DC,))
    await network.add_token(CARD, treatment=treatment)
    station = await network.station("PISA-1", dialect)

    answer = await network.teller(station).call(
        "Authorize", {"idToken": {"idToken": CARD, "type": "ISO14443"}}
    )

    info = answer["idTokenInfo"]
    assert (info["language1"], info["language2"], info["chargingPriority"]) == ("it", "de", 5)
    assert info["personalMessage"]["content"] == "Benvenuta, Ada"
    assert answer.get("allowedEnergyTransfer") == (["DC"] if dialect is V21 else None)


@IN_2X
@pytest.mark.usecase("C07")
async def test_a_contract_whose_certificates_lead_nowhere_does_not_charge(
    network: World, dialect: Dialect
) -> None:
    await network.add_token("DE8AAC12E23456", kind=TokenKind.EMAID)
    station = await network.station("PISA-1", dialect)
    pem = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"

    answer = await network.teller(station).call(
        "Authorize",
        {"idToken": {"idToken": "DE8AAC12E23456", "type": "eMAID"}, "certificate": pem},
    )

    assert answer["certificateStatus"] == "CertChainError"  # C07.FR.17
    assert answer["idTokenInfo"]["status"] == "Invalid"

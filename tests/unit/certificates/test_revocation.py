"""What answers to questions of revocation mean, and which of them count."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509

from ricarica.certificates.inquiries import Inquiries, Trust
from ricarica.certificates.model import HashAlgorithm, Inquiry, Source, Standing
from ricarica.certificates.ports import UnreachableError
from ricarica.certificates.revocation import finding_from, ocsp_request
from ricarica.kernel.ids import DEFAULT_TENANT, TenantId
from ricarica.testing.authorities import Issuer, root_authority
from ricarica.testing.strangers import Strangers

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
URL = "http://ocsp.example.com/"
OURS = Trust(DEFAULT_TENANT)


@pytest.fixture
def issuer() -> Issuer:
    return root_authority("Sub-CA", NOW)


@pytest.fixture
def leaf(issuer: Issuer) -> x509.Certificate:
    return issuer.leaf("EMAID")[0]


def about(
    issuer: Issuer,
    leaf: x509.Certificate,
    source: Source = Source.OCSP,
    algorithm: HashAlgorithm = HashAlgorithm.SHA256,
) -> Inquiry:
    return Inquiry(issuer.hashes(leaf, algorithm), source, (URL,), issuer.pem)


@pytest.mark.parametrize("algorithm", list(HashAlgorithm))
def test_the_responder_says_good_revoked_or_unknown(
    issuer: Issuer, leaf: x509.Certificate, algorithm: HashAlgorithm
) -> None:
    inquiry = about(issuer, leaf, algorithm=algorithm)
    request = ocsp_request(inquiry.hashes)

    good = finding_from(inquiry, issuer.answer(request), NOW)
    issuer.unknown.add(leaf.serial_number)
    unknown = finding_from(inquiry, issuer.answer(request), NOW)
    issuer.revoked.add(leaf.serial_number)
    revoked = finding_from(inquiry, issuer.answer(request), NOW)

    found = [each.standing for each in (good, unknown, revoked)]
    assert found == [Standing.GOOD, Standing.UNKNOWN, Standing.REVOKED]
    assert good.next_update == NOW + timedelta(days=2)


def test_the_issuer_may_let_another_answer_for_it(issuer: Issuer, leaf: x509.Certificate) -> None:
    issuer.let_answer()
    inquiry = about(issuer, leaf)

    finding = finding_from(inquiry, issuer.answer(ocsp_request(inquiry.hashes)), NOW)

    assert finding.standing is Standing.GOOD


def test_nobody_else_answers_for_the_issuer(issuer: Issuer, leaf: x509.Certificate) -> None:
    liar = root_authority("Sub-CA", NOW)  # the same name, and another key
    inquiry = about(issuer, leaf)

    with pytest.raises(UnreachableError, match="not signed by the issuer"):
        finding_from(inquiry, liar.answer(ocsp_request(inquiry.hashes)), NOW)


def test_an_answer_about_another_certificate_is_none(
    issuer: Issuer, leaf: x509.Certificate
) -> None:
    other = ocsp_request(issuer.hashes(issuer.leaf("another")[0]))

    with pytest.raises(UnreachableError, match="another certificate"):
        finding_from(about(issuer, leaf), issuer.answer(other), NOW)


@pytest.mark.parametrize("late", [timedelta(days=3), -timedelta(hours=2)])
def test_an_answer_of_another_time_is_none(
    issuer: Issuer, leaf: x509.Certificate, late: timedelta
) -> None:
    inquiry = about(issuer, leaf)
    answer = issuer.answer(ocsp_request(inquiry.hashes))

    with pytest.raises(UnreachableError, match=r"too old|future"):
        finding_from(inquiry, answer, NOW + late)


def test_an_answer_is_not_believed_where_nobody_knows_the_issuer(
    issuer: Issuer, leaf: x509.Certificate
) -> None:
    by_hash_alone = about(issuer, leaf)._replace(issuer=None)
    answer = issuer.answer(ocsp_request(by_hash_alone.hashes))

    with pytest.raises(UnreachableError, match="not known here"):
        finding_from(by_hash_alone, answer, NOW)


def test_the_issuer_may_be_one_that_is_known_here(issuer: Issuer, leaf: x509.Certificate) -> None:
    by_hash_alone = about(issuer, leaf)._replace(issuer=None)
    answer = issuer.answer(ocsp_request(by_hash_alone.hashes))

    finding = finding_from(by_hash_alone, answer, NOW, [issuer.pem])

    assert finding.standing is Standing.GOOD


def test_an_issuer_that_comes_with_its_answer_stands_under_one_of_ours() -> None:
    root = root_authority("Root", NOW)
    below = root.subordinate("Sub-CA")
    leaf, _ = below.leaf("EMAID")
    inquiry = Inquiry(below.hashes(leaf), Source.OCSP, (URL,))
    answer = below.answer(ocsp_request(inquiry.hashes))

    assert finding_from(inquiry, answer, NOW, [root.pem]).standing is Standing.GOOD
    with pytest.raises(UnreachableError, match="not known here"):
        finding_from(inquiry, answer, NOW, [root_authority("Root", NOW).pem])


def test_who_may_answer_for_the_issuer_may_not_for_ever(
    issuer: Issuer, leaf: x509.Certificate
) -> None:
    issuer.let_answer()
    inquiry = about(issuer, leaf)
    answer = issuer.answer(ocsp_request(inquiry.hashes))
    issuer.at = NOW - timedelta(days=366)  # its certificate lasts for a year
    issuer.let_answer()
    issuer.at = NOW
    of_old = issuer.answer(ocsp_request(inquiry.hashes))

    assert finding_from(inquiry, answer, NOW).standing is Standing.GOOD
    with pytest.raises(UnreachableError, match="not signed by the issuer"):
        finding_from(inquiry, of_old, NOW)


def test_a_list_is_not_believed_where_nobody_knows_the_issuer(
    issuer: Issuer, leaf: x509.Certificate
) -> None:
    by_hash_alone = about(issuer, leaf, Source.CRL)._replace(issuer=None)

    with pytest.raises(UnreachableError, match="not known here"):
        finding_from(by_hash_alone, issuer.list_of_revoked(), NOW)


def test_what_is_on_the_list_was_revoked(issuer: Issuer, leaf: x509.Certificate) -> None:
    inquiry = about(issuer, leaf, Source.CRL)
    good = finding_from(inquiry, issuer.list_of_revoked(), NOW)
    issuer.revoked.add(leaf.serial_number)
    revoked = finding_from(inquiry, issuer.list_of_revoked(), NOW)

    assert (good.standing, revoked.standing) == (Standing.GOOD, Standing.REVOKED)


def test_a_list_that_somebody_else_signed_is_none(issuer: Issuer, leaf: x509.Certificate) -> None:
    liar = root_authority("Sub-CA", NOW)

    with pytest.raises(UnreachableError, match="not signed"):
        finding_from(about(issuer, leaf, Source.CRL), liar.list_of_revoked(), NOW)


@pytest.mark.parametrize("answer", [b"", b"<html>", b"\x30\x03\x0a\x01\x06"])
@pytest.mark.parametrize("source", list(Source))
def test_what_is_no_answer_is_said_to_be_none(
    issuer: Issuer, leaf: x509.Certificate, source: Source, answer: bytes
) -> None:
    with pytest.raises(UnreachableError):
        finding_from(about(issuer, leaf, source), answer, NOW)


# -- asking


async def ask(strangers: Strangers, *inquiries: Inquiry, trust: Trust = OURS) -> Inquiries:
    asking = Inquiries(strangers)
    await asking.ask(inquiries, lambda: NOW, trust)
    return asking


def at(answer: Callable[[bytes | None], bytes]) -> Strangers:
    return Strangers({URL: answer})


async def test_one_question_is_asked_once(issuer: Issuer, leaf: x509.Certificate) -> None:
    strangers, inquiry = at(issuer.answer), about(issuer, leaf)

    asking = await ask(strangers, inquiry, inquiry)
    await asking.ask([inquiry], lambda: NOW + timedelta(days=1), OURS)
    asked_before = len(strangers.asked)
    await asking.ask([inquiry], lambda: NOW + timedelta(days=2, minutes=1), OURS)

    assert asked_before == 1
    assert len(strangers.asked) == 2  # its answer was good until then


async def test_where_nobody_answered_is_not_asked_again_at_once(
    issuer: Issuer, leaf: x509.Certificate
) -> None:
    strangers, inquiry = Strangers(), about(issuer, leaf)

    asking = await ask(strangers, inquiry)
    await asking.ask([inquiry], lambda: NOW + timedelta(seconds=30), OURS)
    before = len(strangers.asked)
    await asking.ask([inquiry], lambda: NOW + timedelta(seconds=90), OURS)

    assert asking.finding(DEFAULT_TENANT, inquiry, NOW).standing is Standing.FAILED
    assert (before, len(strangers.asked)) == (1, 2)


async def test_what_one_responder_says_is_not_believed_for_another(
    issuer: Issuer, leaf: x509.Certificate
) -> None:
    liar = root_authority("Liar", NOW)
    named = issuer.hashes(leaf)
    by_liar = Inquiry(named, Source.OCSP, ("http://liar.example.com/",))
    by_issuer = Inquiry(named, Source.OCSP, (URL,))
    issuer.revoked.add(leaf.serial_number)
    strangers = Strangers({URL: issuer.answer, "http://liar.example.com/": liar.answer})

    known = Trust(DEFAULT_TENANT, (issuer.pem,))
    asking = await ask(strangers, by_liar, by_issuer, trust=known)

    assert asking.finding(DEFAULT_TENANT, by_issuer, NOW).standing is Standing.REVOKED


async def test_what_one_tenant_believes_is_no_others_business(
    issuer: Issuer, leaf: x509.Certificate
) -> None:
    inquiry = about(issuer, leaf)._replace(issuer=None)

    asking = await ask(at(issuer.answer), inquiry, trust=Trust(DEFAULT_TENANT, (issuer.pem,)))
    await asking.ask([inquiry], lambda: NOW, Trust(TenantId("other")))

    assert asking.finding(DEFAULT_TENANT, inquiry, NOW).standing is Standing.GOOD
    assert asking.finding(TenantId("other"), inquiry, NOW).standing is Standing.FAILED


async def test_the_next_address_is_asked_when_one_is_silent(
    issuer: Issuer, leaf: x509.Certificate
) -> None:
    inquiry = about(issuer, leaf)._replace(urls=("http://dead.example.com/", URL))

    asking = await ask(at(issuer.answer), inquiry)

    assert asking.finding(DEFAULT_TENANT, inquiry, NOW).standing is Standing.GOOD


async def test_hashes_that_are_none_are_nobodys_question() -> None:
    named = about(issuer := root_authority("CA", NOW), issuer.certificate).hashes
    broken = Inquiry(named._replace(issuer_key="no hex"), Source.OCSP, (URL,))

    asking = await ask(Strangers(), broken)

    assert asking.finding(DEFAULT_TENANT, broken, NOW).standing is Standing.FAILED

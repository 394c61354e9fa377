"""Is a contract certificate good? Its chain, up to a root that we trust. C07"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

from ricarica.certificates.model import (
    ContractShown,
    ContractStatus,
    HashAlgorithm,
    Inquiry,
    Source,
)
from ricarica.certificates.reading import (
    certificates_in,
    common_name,
    hashes_of,
    in_pairs,
    pem_of,
    responders_of,
    revocation_lists_of,
)
from ricarica.kernel.errors import InvalidError

ASKED_MAX = 4  # certificates of one chain; a contract has two authorities above it


def inquiries_about(shown: ContractShown) -> tuple[Inquiry, ...]:
    """What has to be asked of others before a contract can be judged. C07.FR.05"""
    if shown.hashes:
        return tuple(
            Inquiry(hashes, Source.OCSP, (url,)) for hashes, url in shown.hashes[:ASKED_MAX]
        )
    try:
        chain = ordered(certificates_in(shown.chain or ""))
    except InvalidError:
        return ()
    asked = (_inquiry(one, above) for one, above in in_pairs(chain[: ASKED_MAX + 1]))
    return tuple(inquiry for inquiry in asked if inquiry is not None)


def _inquiry(certificate: x509.Certificate, issuer: x509.Certificate) -> Inquiry | None:
    hashes = hashes_of(certificate, issuer, HashAlgorithm.SHA256)
    if responders := responders_of(certificate):
        return Inquiry(hashes, Source.OCSP, responders, pem_of([issuer]))
    if lists := revocation_lists_of(certificate):
        return Inquiry(hashes, Source.CRL, lists, pem_of([issuer]))
    return None


def judged_chain(shown: ContractShown, roots: Iterable[str], at: datetime) -> ContractStatus:
    """What the chain alone says, whether or not something in it was revoked."""
    assert shown.chain is not None, "a chain is there to be judged"
    try:
        chain = ordered(certificates_in(shown.chain))
        anchors = [root for pem in roots for root in certificates_in(pem)]
    except InvalidError:
        return ContractStatus.CHAIN_ERROR
    if not _holds_together(chain) or not _ends_at(chain[-1], anchors):
        return ContractStatus.CHAIN_ERROR
    if not is_of(shown.emaid, chain[0]):
        return ContractStatus.CHAIN_ERROR
    if any(at > each.not_valid_after_utc for each in chain):
        return ContractStatus.EXPIRED  # C07.FR.15
    if any(at < each.not_valid_before_utc for each in chain):
        return ContractStatus.CHAIN_ERROR
    return ContractStatus.ACCEPTED


def is_of(emaid: str, leaf: x509.Certificate) -> bool:
    """The contract's name, with or without the hyphens that ISO 15118 lets one leave out."""
    named = common_name(leaf)
    return named is not None and _plain(named) == _plain(emaid)


def _plain(emaid: str) -> str:
    """Without hyphens and without the check digit, which is optional."""
    return emaid.replace("-", "").strip().casefold()[:14]


def ordered(certificates: Sequence[x509.Certificate]) -> list[x509.Certificate]:
    """The leaf first, then whoever signed it, and so on: some send them in another order."""
    issuers = {each.issuer for each in certificates if each.issuer != each.subject}
    leaves = [each for each in certificates if each.subject not in issuers]
    chain = leaves[:1] or list(certificates[:1])
    while len(chain) < len(certificates):
        above = [each for each in certificates if each.subject == chain[-1].issuer]
        if not above or above[0] in chain:
            break
        chain.append(above[0])
    return chain


def _holds_together(chain: Sequence[x509.Certificate]) -> bool:
    return all(is_issued_by(one, above) for one, above in in_pairs(chain))


def _ends_at(last: x509.Certificate, anchors: Iterable[x509.Certificate]) -> bool:
    return any(last == anchor or is_issued_by(last, anchor) for anchor in anchors)


def is_issued_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
        constraints = issuer.extensions.get_extension_for_class(x509.BasicConstraints)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm, x509.ExtensionNotFound):
        return False
    return constraints.value.ca

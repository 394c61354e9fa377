"""Was a certificate revoked? What is asked of those who issued it, and what their answers mean.

An answer counts only if it is signed by who issued the certificate, or by whom they let answer
for them. Who that is, is known by the hash of the issuer's key: a certificate that is known here,
or that comes with the answer, has that key or has it not. Where none has, nothing is believed.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from ricarica.certificates.chains import is_issued_by
from ricarica.certificates.model import Finding, HashAlgorithm, HashData, Inquiry, Source, Standing
from ricarica.certificates.ports import UnreachableError
from ricarica.certificates.reading import (
    CHAIN_MAX,
    certificates_in,
    digest,
    is_issuer,
    key_digest,
    public_key_of,
)
from ricarica.kernel.errors import InvalidError

KEPT_MAX = timedelta(days=7)  # ISO 15118-20 allows no answer to serve longer. M07
KEPT = timedelta(days=1)  # where the answer does not say
FAST_CLOCK = timedelta(minutes=5)  # a responder's may be ahead of ours
ALGORITHMS: dict[HashAlgorithm, type[hashes.HashAlgorithm]] = {
    HashAlgorithm.SHA256: hashes.SHA256,
    HashAlgorithm.SHA384: hashes.SHA384,
    HashAlgorithm.SHA512: hashes.SHA512,
}
STANDINGS = {
    ocsp.OCSPCertStatus.GOOD: Standing.GOOD,
    ocsp.OCSPCertStatus.REVOKED: Standing.REVOKED,
    ocsp.OCSPCertStatus.UNKNOWN: Standing.UNKNOWN,
}


def ocsp_request(named: HashData) -> bytes:
    """DER.

    Raises:
        InvalidError: the hashes are none.
    """
    try:
        builder = ocsp.OCSPRequestBuilder().add_certificate_by_hash(
            bytes.fromhex(named.issuer_name),
            bytes.fromhex(named.issuer_key),
            int(named.serial, 16),
            ALGORITHMS[named.algorithm](),
        )
        return builder.build().public_bytes(serialization.Encoding.DER)
    except ValueError as error:
        raise InvalidError(f"these are no hashes of a certificate: {error}") from error


def finding_from(
    inquiry: Inquiry, answer: bytes, at: datetime, authorities: Sequence[str] = ()
) -> Finding:
    """
    Args:
        authorities: Certificates in PEM, one of which may have issued what is asked about.

    Raises:
        UnreachableError: it is no answer to this, or nobody knows whether it is true.
    """
    try:
        if inquiry.source is Source.OCSP:
            return _from_ocsp(inquiry, answer, at, authorities)
        return _from_list(inquiry, answer, at, authorities)
    except (ValueError, TypeError, UnsupportedAlgorithm, InvalidError) as error:
        raise UnreachableError(f"what came back cannot be read: {error}") from error


def _from_ocsp(
    inquiry: Inquiry, answer: bytes, at: datetime, authorities: Sequence[str]
) -> Finding:
    response = ocsp.load_der_ocsp_response(answer)
    if response.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
        raise UnreachableError(f"the responder says {response.response_status.name.lower()}")
    sent = list(response.certificates)
    issuer = _issuer(inquiry, _known(inquiry, authorities), sent)
    about = (each for each in response.responses if _is_about(each, inquiry.hashes, issuer))
    single = next(about, None)
    if single is None:
        raise UnreachableError("the responder speaks of another certificate")
    _check_current(single.this_update_utc, single.next_update_utc, at)
    if not any(_is_signed(response, signer) for signer in _signers(issuer, sent, at)):
        raise UnreachableError("the answer is not signed by the issuer")
    standing = STANDINGS[single.certificate_status]
    return Finding(standing, _good_until(single.next_update_utc, at), answer)


def _is_about(single: ocsp.OCSPSingleResponse, named: HashData, issuer: x509.Certificate) -> bool:
    """It may speak of the issuer by another algorithm than the one that it was asked in."""
    if single.serial_number != int(named.serial, 16):
        return False
    return single.issuer_key_hash.hex() == key_digest(single.hash_algorithm.name, issuer)


def _from_list(
    inquiry: Inquiry, answer: bytes, at: datetime, authorities: Sequence[str]
) -> Finding:
    revoked = _list_in(answer)
    named = inquiry.hashes
    if digest(named.algorithm, revoked.issuer.public_bytes()) != named.issuer_name:
        raise UnreachableError("the list is of another issuer")
    _check_current(revoked.last_update_utc, revoked.next_update_utc, at)
    issuer = _issuer(inquiry, _known(inquiry, authorities))
    if not revoked.is_signature_valid(public_key_of(issuer)):
        raise UnreachableError("the list is not signed by the issuer")
    entry = revoked.get_revoked_certificate_by_serial_number(int(named.serial, 16))
    standing = Standing.GOOD if entry is None else Standing.REVOKED  # M07.FR.06, FR.07
    return Finding(standing, _good_until(revoked.next_update_utc, at))


def _list_in(answer: bytes) -> x509.CertificateRevocationList:
    if answer.lstrip().startswith(b"-----BEGIN"):
        return x509.load_pem_x509_crl(answer)
    return x509.load_der_x509_crl(answer)


def _check_current(since: datetime, until: datetime | None, at: datetime) -> None:
    if since > at + FAST_CLOCK:
        raise UnreachableError("the answer is of the future")
    if (until or since + KEPT_MAX) < at:
        raise UnreachableError("the answer is too old")


def _good_until(until: datetime | None, at: datetime) -> datetime:
    return min(until or at + KEPT, at + KEPT_MAX)


# -- who signed


def _known(inquiry: Inquiry, authorities: Sequence[str]) -> list[x509.Certificate]:
    pems = filter(None, (inquiry.issuer, *authorities))
    return [each for pem in pems for each in certificates_in(pem)]


def _issuer(
    inquiry: Inquiry, known: Sequence[x509.Certificate], sent: Sequence[x509.Certificate] = ()
) -> x509.Certificate:
    """Who has the key that the hash is of. One that is only sent has to stand under one of ours,
    for whoever asks names hash and responder alike."""
    for each in (*known, *sent):
        if is_issuer(each, inquiry.hashes) and (each in known or _is_under(each, known, sent)):
            return each
    raise UnreachableError("who issued the certificate is not known here; add it to the roots")


def _is_under(
    certificate: x509.Certificate,
    known: Sequence[x509.Certificate],
    sent: Sequence[x509.Certificate],
) -> bool:
    below = certificate
    for _ in range(CHAIN_MAX):
        if any(is_issued_by(below, each) for each in known):
            return True
        above = [each for each in sent if each != below and is_issued_by(below, each)]
        if not above:
            return False
        below = above[0]
    return False


def _signers(
    issuer: x509.Certificate, sent: Iterable[x509.Certificate], at: datetime
) -> Iterator[x509.Certificate]:
    """The issuer itself, and those it lets answer for it. RFC 6960 §4.2.2.2"""
    yield issuer
    yield from (each for each in sent if _answers_for(each, issuer, at))


def _answers_for(delegate: x509.Certificate, issuer: x509.Certificate, at: datetime) -> bool:
    if not delegate.not_valid_before_utc - FAST_CLOCK <= at <= delegate.not_valid_after_utc:
        return False
    try:
        delegate.verify_directly_issued_by(issuer)
        usage = delegate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    except (ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound):
        return False
    return ExtendedKeyUsageOID.OCSP_SIGNING in usage.value


def _is_signed(response: ocsp.OCSPResponse, signer: x509.Certificate) -> bool:
    signature, content = response.signature, response.tbs_response_bytes
    algorithm = response.signature_hash_algorithm
    try:
        match public_key_of(signer):
            case rsa.RSAPublicKey() as key if algorithm is not None:
                key.verify(signature, content, padding.PKCS1v15(), algorithm)
            case ec.EllipticCurvePublicKey() as key if algorithm is not None:
                key.verify(signature, content, ec.ECDSA(algorithm))
            case ed25519.Ed25519PublicKey() | ed448.Ed448PublicKey() as key:
                key.verify(signature, content)
            case _:
                return False
    except InvalidSignature:
        return False
    return True

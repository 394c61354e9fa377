"""Was a certificate revoked? What is asked of those who issued it, and what their answers mean.

An answer counts only if it is of who issued the certificate, as far as that can be known: OCSP
names the issuer by the hash of its key, and a certificate that comes with the answer, or that is
known here, may have that key. Where none has, the answer is believed as it came; it then says
what TLS to the responder, if any, lets it say.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from ricarica.certificates.model import Finding, HashAlgorithm, HashData, Inquiry, Source, Standing
from ricarica.certificates.ports import UnreachableError
from ricarica.certificates.reading import (
    certificates_in,
    digest,
    is_issuer,
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


def finding_from(inquiry: Inquiry, answer: bytes, at: datetime) -> Finding:
    """
    Raises:
        UnreachableError: it is no answer to this.
    """
    try:
        if inquiry.source is Source.OCSP:
            return _from_ocsp(inquiry, answer, at)
        return _from_list(inquiry, answer, at)
    except (ValueError, TypeError, UnsupportedAlgorithm, InvalidError) as error:
        raise UnreachableError(f"what came back cannot be read: {error}") from error


def _from_ocsp(inquiry: Inquiry, answer: bytes, at: datetime) -> Finding:
    response = ocsp.load_der_ocsp_response(answer)
    if response.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
        raise UnreachableError(f"the responder says {response.response_status.name.lower()}")
    single = next((each for each in response.responses if _is_about(each, inquiry.hashes)), None)
    if single is None:
        raise UnreachableError("the responder speaks of another certificate")
    _check_current(single.this_update_utc, single.next_update_utc, at)
    _check_signed(response, inquiry)
    standing = STANDINGS[single.certificate_status]
    return Finding(standing, _good_until(single.next_update_utc, at), answer)


def _is_about(single: ocsp.OCSPSingleResponse, named: HashData) -> bool:
    if single.serial_number != int(named.serial, 16):
        return False
    if not isinstance(single.hash_algorithm, ALGORITHMS[named.algorithm]):
        return True  # it speaks of issuers in another way; the serial number has to do
    return single.issuer_key_hash.hex() == named.issuer_key


def _from_list(inquiry: Inquiry, answer: bytes, at: datetime) -> Finding:
    revoked = _list_in(answer)
    named = inquiry.hashes
    if digest(named.algorithm, revoked.issuer.public_bytes()) != named.issuer_name:
        raise UnreachableError("the list is of another issuer")
    _check_current(revoked.last_update_utc, revoked.next_update_utc, at)
    for issuer in _issuers(inquiry):
        if not revoked.is_signature_valid(_list_key(issuer)):
            raise UnreachableError("the list is not signed by the issuer")
    entry = revoked.get_revoked_certificate_by_serial_number(int(named.serial, 16))
    standing = Standing.GOOD if entry is None else Standing.REVOKED  # M07.FR.06, FR.07
    return Finding(standing, _good_until(revoked.next_update_utc, at))


def _list_in(answer: bytes) -> x509.CertificateRevocationList:
    if answer.lstrip().startswith(b"-----BEGIN"):
        return x509.load_pem_x509_crl(answer)
    return x509.load_der_x509_crl(answer)


def _list_key(
    issuer: x509.Certificate,
) -> rsa.RSAPublicKey | ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey | ed448.Ed448PublicKey:
    return public_key_of(issuer)


def _check_current(since: datetime, until: datetime | None, at: datetime) -> None:
    if since > at + FAST_CLOCK:
        raise UnreachableError("the answer is of the future")
    if until is not None and until < at:
        raise UnreachableError("the answer is too old")


def _good_until(until: datetime | None, at: datetime) -> datetime:
    return min(until or at + KEPT, at + KEPT_MAX)


# -- who signed


def _check_signed(response: ocsp.OCSPResponse, inquiry: Inquiry) -> None:
    sent = list(response.certificates)
    issuers = [
        *_issuers(inquiry),
        *(each for each in sent if is_issuer(each, inquiry.hashes)),
    ]
    if not issuers:
        return
    if not any(_is_signed(response, signer) for signer in _signers(issuers, sent)):
        raise UnreachableError("the answer is not signed by the issuer")


def _issuers(inquiry: Inquiry) -> list[x509.Certificate]:
    known = certificates_in(inquiry.issuer) if inquiry.issuer else []
    return [each for each in known if is_issuer(each, inquiry.hashes)]


def _signers(
    issuers: Iterable[x509.Certificate], sent: Iterable[x509.Certificate]
) -> Iterable[x509.Certificate]:
    """The issuers themselves, and those they let answer for them. RFC 6960 §4.2.2.2"""
    for issuer in issuers:
        yield issuer
        yield from (each for each in sent if _answers_for(each, issuer))


def _answers_for(delegate: x509.Certificate, issuer: x509.Certificate) -> bool:
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

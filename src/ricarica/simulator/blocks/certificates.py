"""A02, A03, M03–M05: keys and certificates of a station, and the roots that it trusts.

Keys, requests and certificates are real. What only a car could ask for, a story says by `ask`.
"""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from ricarica.ocpp.payload import Payload
from ricarica.ocpp.v2 import messages as v2
from ricarica.ocpp.v16 import messages as v16
from ricarica.simulator.blocks.security import tell_security_event
from ricarica.simulator.core import Answered, Block, Station, Trigger

STATION = "ChargingStationCertificate"
V2G = "V2GCertificate"
V2G20 = "V2G20Certificate"
CURVES: dict[str, Callable[[], ec.EllipticCurve]] = {
    STATION: ec.SECP256R1,
    V2G: ec.SECP256R1,
    V2G20: ec.SECP521R1,
}
ROOTS_MAX = 10
REFUSED, FULL = "Rejected", "Failed"

Key = ec.EllipticCurvePrivateKey


@dataclass(slots=True)
class Certificates:
    """`refuses`: does not take what it is given next. `algorithm`: by which it names others."""

    waiting: dict[str, Key] = field(default_factory=dict)  # keys whose certificates are to come
    numbers: dict[int, str] = field(default_factory=dict)  # what was asked for by which number
    own: dict[str, tuple[x509.Certificate, ...]] = field(default_factory=dict)
    roots: list[tuple[str, x509.Certificate]] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)  # what the server said to its requests
    last_request: Payload | None = None
    refuses: bool = False
    algorithm: str = "SHA256"


def held_by(station: Station) -> Certificates:
    return station.memory(Certificates)


# -- asking


def ask_for_certificate(
    station: Station,
    kind: str = STATION,
    *,
    typed: bool = True,
    request_id: int | None = None,
    name: str | None = None,
) -> None:
    """With a new key."""
    held = held_by(station)
    key = ec.generate_private_key(CURVES[kind]())
    held.waiting[kind] = key
    pem = csr_pem(key, name or station.make.serial, station.settings["organization"])
    if station.dialect.family == "v16":
        say(station, v16.SignCertificateRequest(csr=pem))
        return
    if request_id is not None:
        held.numbers[request_id] = kind
    use = v2.CertificateSigningUse(kind) if typed else None
    say(station, v2.SignCertificateRequest(csr=pem, certificate_type=use, request_id=request_id))


def say(station: Station, request: Payload) -> None:
    held = held_by(station)
    held.last_request = request

    def answered(answer: object) -> None:
        if isinstance(answer, Answered):
            held.answers.append(str(getattr(answer.payload, "status", "")))

    station.ask(request, answered)


def ask_again(station: Station) -> None:
    """A02.FR.17: for the same key, as nothing has come."""
    request = held_by(station).last_request
    assert request is not None, "nothing was asked for yet"
    say(station, request)


def csr_pem(key: Key, name: str, organization: str) -> str:
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, name),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization),
        ]
    )
    csr = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
    return csr.public_bytes(serialization.Encoding.PEM).decode()


def trigger_of(kind: str) -> Trigger:
    def trigger(station: Station, _evses: object) -> bool:
        ask_for_certificate(station, kind)
        return True

    return trigger


# -- being given


def _take(station: Station, pem: str, kind: str | None, number: int | None) -> bool:
    """A02.FR.06, FR.26"""
    held = held_by(station)
    if number is not None and number not in held.numbers:
        return False
    try:
        chain = tuple(x509.load_pem_x509_certificates(pem.encode()))
    except ValueError:
        return False
    wanted = kind or held.numbers.get(number or 0, STATION)
    key, leaf, now = held.waiting.get(wanted), chain[0], station.now
    is_mine = key is not None and leaf.public_key() == key.public_key()
    is_current = leaf.not_valid_before_utc <= now <= leaf.not_valid_after_utc
    if held.refuses or not is_mine or not is_current:
        return False
    held.own[wanted] = chain
    del held.waiting[wanted]
    return True


def _signed_v16(station: Station, request: v16.CertificateSignedRequest) -> Payload:
    is_taken = _take(station, request.certificate_chain, None, None)
    if not is_taken:
        tell_security_event(station, "InvalidChargePointCertificate")
    status = v16.CertificateSignedStatus
    return v16.CertificateSignedResponse(status=status.Accepted if is_taken else status.Rejected)


def _signed_v2(station: Station, request: v2.CertificateSignedRequest) -> Payload:
    kind = request.certificate_type
    number = request.request_id
    is_taken = _take(station, request.certificate_chain, kind and kind.value, number)
    if not is_taken:
        tell_security_event(station, "InvalidChargingStationCertificate")
    status = v2.CertificateSignedStatus
    return v2.CertificateSignedResponse(status=status.Accepted if is_taken else status.Rejected)


# -- roots


def _install(station: Station, kind: str, pem: str) -> str:
    """M05.FR.01–06, FR.17"""
    held = held_by(station)
    try:
        root = x509.load_pem_x509_certificate(pem.encode())
    except ValueError:
        return REFUSED
    if held.refuses:
        return REFUSED
    if (kind, root) not in held.roots:
        if len(held.roots) >= ROOTS_MAX:
            return FULL
        held.roots.append((kind, root))
    return "Accepted"


def _install_v16(station: Station, request: v16.InstallCertificateRequest) -> Payload:
    status = _install(station, request.certificate_type.value, request.certificate)
    return v16.InstallCertificateResponse(status=v16.InstallCertificateStatus(status))


def _install_v2(station: Station, request: v2.InstallCertificateRequest) -> Payload:
    status = _install(station, request.certificate_type.value, request.certificate)
    return v2.InstallCertificateResponse(status=v2.InstallCertificateStatus(status))


Named = tuple[str, str, str, str]
"""Algorithm, hash of the issuer's name, hash of its key, serial number."""


def named(algorithm: str, certificate: x509.Certificate, issuer: x509.Certificate) -> Named:
    key = issuer.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey), "simulated roots are on curves"
    bits = key.public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
    )
    return (
        algorithm,
        hashlib.new(algorithm, certificate.issuer.public_bytes()).hexdigest().upper(),
        hashlib.new(algorithm, bits).hexdigest().upper(),
        f"{certificate.serial_number:040X}",
    )


def _listed(station: Station, kinds: Iterable[str]) -> list[tuple[str, Named]]:
    held, wanted = held_by(station), set(kinds)
    return [
        (kind, named(held.algorithm, root, root)) for kind, root in held.roots if kind in wanted
    ]


def _hash_data_v16(name: Named) -> v16.CertificateHashData:
    algorithm, issuer_name, issuer_key, serial = name
    return v16.CertificateHashData(
        hash_algorithm=v16.HashAlgorithm(algorithm),
        issuer_name_hash=issuer_name,
        issuer_key_hash=issuer_key,
        serial_number=serial,
    )


def _hash_data_v2(name: Named) -> v2.CertificateHashData:
    algorithm, issuer_name, issuer_key, serial = name
    return v2.CertificateHashData(
        hash_algorithm=v2.HashAlgorithm(algorithm),
        issuer_name_hash=issuer_name,
        issuer_key_hash=issuer_key,
        serial_number=serial,
    )


def _list_v16(station: Station, request: v16.GetInstalledCertificateIdsRequest) -> Payload:
    found = [_hash_data_v16(name) for _, name in _listed(station, [request.certificate_type.value])]
    status = v16.GetInstalledCertificateStatus
    return v16.GetInstalledCertificateIdsResponse(
        status=status.Accepted if found else status.NotFound, certificate_hash_data=found or None
    )


def _list_v2(station: Station, request: v2.GetInstalledCertificateIdsRequest) -> Payload:
    kinds = [kind.value for kind in request.certificate_type or v2.GetCertificateIdUse]
    found = [
        v2.CertificateHashDataChain(
            certificate_type=v2.GetCertificateIdUse(kind),
            certificate_hash_data=_hash_data_v2(name),
        )
        for kind, name in _listed(station, kinds)
    ]
    status = v2.GetInstalledCertificateStatus
    return v2.GetInstalledCertificateIdsResponse(
        status=status.Accepted if found else status.NotFound,
        certificate_hash_data_chain=found or None,
    )


def _delete(station: Station, name: Named) -> str:
    """M04.FR.02–04"""
    held = held_by(station)
    wanted = tuple(part.casefold().lstrip("0") for part in name)
    for kind, root in held.roots:
        known = named(name[0], root, root)
        if tuple(part.casefold().lstrip("0") for part in known) == wanted:
            held.roots.remove((kind, root))
            return "Accepted"
    return "NotFound"


def _delete_v16(station: Station, request: v16.DeleteCertificateRequest) -> Payload:
    data = request.certificate_hash_data
    name = (
        data.hash_algorithm.value,
        data.issuer_name_hash,
        data.issuer_key_hash,
        data.serial_number,
    )
    return v16.DeleteCertificateResponse(status=v16.DeleteCertificateStatus(_delete(station, name)))


def _delete_v2(station: Station, request: v2.DeleteCertificateRequest) -> Payload:
    data = request.certificate_hash_data
    name = (
        data.hash_algorithm.value,
        data.issuer_name_hash,
        data.issuer_key_hash,
        data.serial_number,
    )
    return v2.DeleteCertificateResponse(status=v2.DeleteCertificateStatus(_delete(station, name)))


BLOCK = Block(
    "certificates",
    commands={
        v16.CertificateSignedRequest: _signed_v16,
        v16.InstallCertificateRequest: _install_v16,
        v16.GetInstalledCertificateIdsRequest: _list_v16,
        v16.DeleteCertificateRequest: _delete_v16,
        v2.CertificateSignedRequest: _signed_v2,
        v2.InstallCertificateRequest: _install_v2,
        v2.GetInstalledCertificateIdsRequest: _list_v2,
        v2.DeleteCertificateRequest: _delete_v2,
    },
    triggers_v16={"SignChargePointCertificate": trigger_of(STATION)},
    triggers_v2={
        "SignChargingStationCertificate": trigger_of(STATION),
        "SignV2GCertificate": trigger_of(V2G),
        "SignV2G20Certificate": trigger_of(V2G20),
        "SignCombinedCertificate": trigger_of(STATION),
    },
    sayings={"certificate": ask_for_certificate},
)

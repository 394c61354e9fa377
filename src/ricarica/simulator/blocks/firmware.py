"""L01–L04: fetching an image, checking it, and booting with it."""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256

from ricarica.ocpp.payload import Payload
from ricarica.ocpp.v2 import messages as v2
from ricarica.ocpp.v16 import messages as v16
from ricarica.simulator import commands, transfers
from ricarica.simulator.core import Block, Station
from ricarica.simulator.evse import Evse

VERSION_MARK = b"version "  # an image of ours begins with it; any other counts as the next version
INSTALLING_TAKES = timedelta(seconds=30)
LOOK_AGAIN = timedelta(seconds=30)  # whether nobody charges any more
UNSIGNED = frozenset(word.value for word in v16.FirmwareStatus)


@dataclass(slots=True)
class Job:
    """One update. `number` is None for 1.6's older kind, which has none."""

    url: str
    number: int | None
    retrieve_at: datetime
    install_at: datetime | None = None
    certificate: str | None = None
    signature: str | None = None
    image: bytes = b""
    is_cancelled: bool = False


@dataclass(slots=True)
class Firmware:
    """`fails_with`: the status to end the next update with, instead of going on."""

    job: Job | None = None
    status: str = "Idle"
    fails_with: str | None = None
    stays_old: bool = False
    """It says installed, and boots with what it had."""
    refuses: str | None = None
    """The word to answer the next order with."""
    booted_job: Job | None = None
    """Whose image it has just booted with."""
    published: dict[str, list[str]] | None = None
    publishing: tuple[int, str] | None = None
    publish_status: str = "Idle"


# The order


def _update_v16(station: Station, request: v16.UpdateFirmwareRequest) -> Payload:
    _begin(station, Job(request.location, None, request.retrieve_date))
    return v16.UpdateFirmwareResponse()


def _signed_update_v16(station: Station, request: v16.SignedUpdateFirmwareRequest) -> Payload:
    status = _ordered(station, request.request_id, request.firmware)
    return v16.SignedUpdateFirmwareResponse(status=v16.UpdateFirmwareStatus(status))


def _update_v2(station: Station, request: v2.UpdateFirmwareRequest) -> Payload:
    status = _ordered(station, request.request_id, request.firmware)
    return v2.UpdateFirmwareResponse(status=v2.UpdateFirmwareStatus(status))


def _ordered(station: Station, number: int, image: v16.Firmware | v2.Firmware) -> str:
    """L01.FR.21, L01.FR.22, L01.FR.24."""
    memory = station.memory(Firmware)
    if memory.refuses is not None:
        status, memory.refuses = memory.refuses, None
        return status
    certificate = image.signing_certificate
    if certificate is not None and not _is_valid(certificate, station.now):
        return "InvalidCertificate"
    job = Job(
        image.location,
        number,
        image.retrieve_date_time,
        image.install_date_time,
        certificate,
        image.signature,
    )
    return "AcceptedCanceled" if _begin(station, job) else "Accepted"


def _is_valid(pem: str, now: datetime) -> bool:
    try:
        certificate = x509.load_pem_x509_certificate(pem.encode())
    except ValueError:
        return False
    return certificate.not_valid_before_utc <= now < certificate.not_valid_after_utc


def _begin(station: Station, job: Job) -> bool:
    """Whether it took the place of another one."""
    memory = station.memory(Firmware)
    before, memory.job = memory.job, job
    if before is not None:
        before.is_cancelled = True
    wait = max(job.retrieve_at - station.now, timedelta())
    if wait:
        _say(station, job, "DownloadScheduled")  # L01.FR.13
    station.later(wait + timedelta(seconds=1), lambda: _download(station, job))
    return before is not None


# Fetching and installing


def _download(station: Station, job: Job) -> None:
    if not job.is_cancelled:
        _say(station, job, "Downloading")
        transfers.download(station, job.url, lambda content: _downloaded(station, job, content))


def _downloaded(station: Station, job: Job, content: bytes | None) -> None:
    if job.is_cancelled:
        return
    if content is None or _fails(station, "DownloadFailed"):
        _end(station, job, "DownloadFailed")  # L01.FR.30
        return
    job.image = content
    _say(station, job, "Downloaded")
    if job.signature is not None and job.certificate is not None:
        if not is_signed_by(job.certificate, job.signature, content):
            _end(station, job, "InvalidSignature")  # L01.FR.03, L01.FR.04
            return
        _say(station, job, "SignatureVerified")
    wait = max((job.install_at or station.now) - station.now, timedelta())
    if wait:
        _say(station, job, "InstallScheduled")  # L01.FR.16
    station.later(wait, lambda: _install(station, job))


def is_signed_by(pem: str, signature: str, content: bytes) -> bool:
    key = x509.load_pem_x509_certificate(pem.encode()).public_key()
    try:
        given = base64.b64decode(signature)
        if isinstance(key, rsa.RSAPublicKey):
            pss = padding.PSS(padding.MGF1(SHA256()), padding.PSS.AUTO)
            key.verify(given, content, pss, SHA256())
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(given, content, ec.ECDSA(SHA256()))
        else:
            return False
    except (InvalidSignature, ValueError):
        return False
    return True


def _install(station: Station, job: Job) -> None:
    if job.is_cancelled:
        return
    if any(True for _ in station.transactions):  # L01.FR.06
        station.later(LOOK_AGAIN, lambda: _install(station, job))
        return
    _say(station, job, "Installing")
    station.later(INSTALLING_TAKES, lambda: _installed(station, job))


def _installed(station: Station, job: Job) -> None:
    if job.is_cancelled:
        return
    for word in ("InstallationFailed", "InstallVerificationFailed"):
        if _fails(station, word):
            _end(station, job, word)
            return
    memory = station.memory(Firmware)
    memory.job = None
    _say(station, job, "InstallRebooting")  # L01.FR.15
    if memory.stays_old:
        _say(station, job, "Installed")
    else:
        station.make = replace(station.make, firmware=_version_in(station, job.image))
        memory.booted_job = job
    commands.reset_now(station, "Reboot", "FirmwareUpdate")


def _version_in(station: Station, image: bytes) -> str:
    first, _, _ = image.partition(b"\n")
    if first.startswith(VERSION_MARK):
        return first.removeprefix(VERSION_MARK).decode()
    return f"{station.make.firmware}.1"


def _after_boot(station: Station) -> None:
    """L01.FR.28, L01.FR.32: the new firmware says that it is installed."""
    memory = station.memory(Firmware)
    job, memory.booted_job = memory.booted_job, None
    if job is not None:
        _say(station, job, "Installed")


def _fails(station: Station, word: str) -> bool:
    memory = station.memory(Firmware)
    if memory.fails_with != word:
        return False
    memory.fails_with = None
    return True


def _end(station: Station, job: Job, status: str) -> None:
    station.memory(Firmware).job = None
    _say(station, job, status)


def _say(station: Station, job: Job, status: str) -> None:
    station.memory(Firmware).status = status
    payload = _status(station, status, job.number)
    if payload is not None:
        station.ask(payload)


def _status(station: Station, status: str, number: int | None) -> Payload | None:
    if station.dialect.family == "v2":
        return v2.FirmwareStatusNotificationRequest(
            status=v2.FirmwareStatus(status), request_id=number
        )
    if number is not None:
        return v16.SignedFirmwareStatusNotificationRequest(
            status=v16.SignedFirmwareStatus(status), request_id=number
        )
    if status not in UNSIGNED:
        return None  # 1.6 had no word for it
    return v16.FirmwareStatusNotificationRequest(status=v16.FirmwareStatus(status))


def say_status(station: Station, status: str, number: str = "") -> None:
    """Any status, of an update that perhaps nobody ordered."""
    payload = _status(station, status, int(number) if number else None)
    if payload is not None:
        station.ask(payload)


def _trigger(station: Station, _evses: Sequence[Evse]) -> bool:
    """L01.FR.25, L01.FR.26: the last status, or Idle once that was Installed."""
    memory = station.memory(Firmware)
    job = memory.job
    status = memory.status if job is not None else "Idle"
    payload = _status(station, status, job.number if job else None)
    if payload is not None:
        station.ask(payload, before_acceptance=True)
    return payload is not None


# L03, L04: a local controller


def _publish(station: Station, request: v2.PublishFirmwareRequest) -> Payload:
    station.memory(Firmware).publishing = (request.request_id, request.checksum)
    _say_publishing(station, "Downloading")

    def then(content: bytes | None) -> None:
        _fetched(station, content)

    transfers.download(station, request.location, then)
    return v2.PublishFirmwareResponse(status=v2.GenericStatus.Accepted)


def _fetched(station: Station, content: bytes | None) -> None:
    memory = station.memory(Firmware)
    assert memory.publishing is not None, "only what was asked for is fetched"
    _, checksum = memory.publishing
    if content is None:
        _say_publishing(station, "DownloadFailed")  # L03.FR.06
        return
    _say_publishing(station, "Downloaded")
    if hashlib.md5(content, usedforsecurity=False).hexdigest() != checksum:
        _say_publishing(station, "InvalidChecksum")  # L03.FR.07
        return
    _say_publishing(station, "ChecksumVerified")
    locations = [f"http://local-controller/{checksum}", f"ftp://local-controller/{checksum}"]
    memory.published = {**(memory.published or {}), checksum: locations}
    _say_publishing(station, "Published", locations)  # L03.FR.04


def _say_publishing(station: Station, status: str, locations: list[str] | None = None) -> None:
    memory = station.memory(Firmware)
    memory.publish_status = status
    number = memory.publishing[0] if memory.publishing else None
    station.ask(
        v2.PublishFirmwareStatusNotificationRequest(
            status=v2.PublishFirmwareStatus(status), location=locations, request_id=number
        )
    )


def _unpublish(station: Station, request: v2.UnpublishFirmwareRequest) -> Payload:
    """L04.FR.01–04."""
    memory = station.memory(Firmware)
    published = memory.published or {}
    words = v2.UnpublishFirmwareStatus
    if request.checksum not in published:
        is_on_its_way = memory.publish_status == "Downloading"
        status = words.DownloadOngoing if is_on_its_way else words.NoFirmware
        return v2.UnpublishFirmwareResponse(status=status)
    del published[request.checksum]
    return v2.UnpublishFirmwareResponse(status=words.Unpublished)


def _trigger_publishing(station: Station, _evses: Sequence[Evse]) -> bool:
    memory = station.memory(Firmware)
    if memory.publish_status == "Published":
        memory.publish_status = "Idle"  # L03.FR.10
    _say_publishing(station, memory.publish_status)
    return True


BLOCK = Block(
    "firmware",
    commands={
        v16.UpdateFirmwareRequest: _update_v16,
        v16.SignedUpdateFirmwareRequest: _signed_update_v16,
        v2.UpdateFirmwareRequest: _update_v2,
        v2.PublishFirmwareRequest: _publish,
        v2.UnpublishFirmwareRequest: _unpublish,
    },
    triggers_v16={"FirmwareStatusNotification": _trigger},
    triggers_v2={
        "FirmwareStatusNotification": _trigger,
        "PublishFirmwareStatusNotification": _trigger_publishing,
    },
    after_boot=(_after_boot,),
    sayings={"firmware": say_status},
)

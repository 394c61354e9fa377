"""Rows of security events, certificates, networks and findings."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from ricarica.certificates.model import Root, SigningRequest, TrustStore
from ricarica.certificates.reading import terms_in
from ricarica.certificates.service import GOOD, expires_soon
from ricarica.engine.diagnosis import Diagnosis, Level, Value
from ricarica.engine.diagnosis_texts import WORDS
from ricarica.security.model import (
    UNDER_WAY,
    Move,
    NetworkProfile,
    SecurityEvent,
    StationNetworks,
)
from ricarica.web.views.access import VERDICT_LABELS
from ricarica.web.views.security import (
    INSTALLED_LABELS,
    LEVEL_SYMBOLS,
    MOVE_LABELS,
    PURPOSE_LABELS,
    ROOT_LABELS,
    STATE_LABELS,
    STATE_SYMBOLS,
    CertificateRow,
    EventRow,
    FindingRow,
    InstalledRow,
    MoveNow,
    NetworkRow,
    RootRow,
    SlotRow,
)

SERIAL_SHOWN = 16  # characters; enough to compare, and the API has it whole


def event_row(event: SecurityEvent) -> EventRow:
    return EventRow(
        str(event.id),
        event.station.station,
        event.kind,
        event.at,
        event.info,
        event.is_critical,
        event.needs_attention,
        event.acknowledged_by,
    )


def certificate_row(request: SigningRequest, now: datetime) -> CertificateRow:
    return CertificateRow(
        request.station.station,
        PURPOSE_LABELS[request.purpose],
        STATE_LABELS[request.state],
        STATE_SYMBOLS[request.state],
        request.not_after,
        expires_soon(request.not_after, now),
        request.serial[:SERIAL_SHOWN] if request.serial else None,
        request.detail,
        request.id if request.state in GOOD and request.serial else None,
    )


def root_row(root: Root, now: datetime) -> RootRow:
    return RootRow(
        root.id,
        root.kind,
        ROOT_LABELS[root.kind],
        root.name,
        root.not_after,
        expires_soon(root.not_after, now),
        root.stations,
        root.is_unwanted,
    )


def installed_rows(store: TrustStore | None, roots: Iterable[Root]) -> tuple[InstalledRow, ...]:
    names = {(root.kind.value, terms_in(root.pem).serial.lstrip("0")): root.name for root in roots}
    return tuple(
        InstalledRow(
            INSTALLED_LABELS[each.kind],
            names.get((each.kind.value, each.hashes.serial)),
            each.hashes.serial[:SERIAL_SHOWN],
        )
        for each in (store.installed if store else ())
    )


def network_row(profile: NetworkProfile) -> NetworkRow:
    return NetworkRow(
        profile.name,
        profile.url,
        profile.security_profile,
        profile.interface,
        profile.sealed is not None,
    )


def slot_rows(networks: StationNetworks) -> tuple[SlotRow, ...]:
    return tuple(
        SlotRow(number, slot.profile, slot.told_at, slot.problem, number == networks.active)
        for number, slot in sorted(networks.slots.items())
    )


def move_now(move: Move | None) -> MoveNow | None:
    if move is None:
        return None
    return MoveNow(move.slot, MOVE_LABELS[move.state], move.detail, move.state in UNDER_WAY)


def finding_rows(diagnosis: Diagnosis | None) -> tuple[FindingRow, ...]:
    if diagnosis is None:
        return ()
    return tuple(
        FindingRow(
            finding.level,
            LEVEL_SYMBOLS[finding.level],
            WORDS[finding.code].text,
            "" if finding.level is Level.OK else WORDS[finding.code].remedy,
            _shown_values(finding.values),
            finding.at,
        )
        for finding in diagnosis.findings
    )


def _shown_values(values: Mapping[str, Value]) -> Mapping[str, Value]:
    """With our word for a verdict, which the page then translates."""
    if "verdict" not in values:
        return values
    verdict = str(values["verdict"])
    return {**values, "verdict": VERDICT_LABELS.get(verdict, verdict)}


def typed_of(profile: NetworkProfile | None) -> Mapping[str, str]:
    """What the form begins with."""
    if profile is None:
        return {}
    return {
        "name": profile.name,
        "url": profile.url,
        "security_profile": str(profile.security_profile),
        "interface": profile.interface,
        "message_timeout_s": str(profile.message_timeout_s),
        "identity": profile.identity or "",
    }


def stations_typed(text: str) -> Sequence[str] | None:
    """Identities with commas or blanks in between; None: none was typed."""
    names = text.replace(",", " ").split()
    return names or None

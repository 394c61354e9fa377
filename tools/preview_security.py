"""Sample data of security for the preview of pages."""

from datetime import datetime, timedelta

from ricarica.certificates.model import InstalledKind, Purpose, RequestState, RootKind
from ricarica.engine.diagnosis import Level
from ricarica.engine.diagnosis_texts import WORDS
from ricarica.security.model import INTERFACES, MoveState
from ricarica.web.views.lists import Pager
from ricarica.web.views.security import (
    INSTALLED_LABELS,
    LEVEL_SYMBOLS,
    MOVE_LABELS,
    PURPOSE_LABELS,
    ROOT_LABELS,
    STATE_LABELS,
    STATE_SYMBOLS,
    AuthorityRow,
    CertificateRow,
    CertificatesPage,
    DoctorPage,
    EventRow,
    EventsFilter,
    EventsPage,
    FindingRow,
    InstalledRow,
    MoveNow,
    NetworkRow,
    NetworksPage,
    ProfileCount,
    RootRow,
    SlotRow,
    StationSecurityPage,
)
from ricarica.web.views.stations import StationHead
from tools.preview_texts import HOSTILE

VALUES: dict[str, str | int] = {
    "host": "csms.example.com",
    "url": "wss://csms.example.com",
    "problem": HOSTILE,
    "date": "2026-11-30",
    "days": 9,
    "identity": HOSTILE,
    "names": "RIC-0001",
    "remote": "192.0.2.7",
    "offered": "ocpp1.2",
    "profile": 2,
    "dialect": "2.0.1",
    "count": 214,
    "minutes": 17,
    "action": "Heartbeat",
    "outcome": "InternalError",
    "evse": 2,
    "why": HOSTILE,
    "token": "04A1B2C3",
    "verdict": "blocked",
}


def events(now: datetime) -> tuple[EventRow, ...]:
    hour = timedelta(hours=1)
    return (
        EventRow(
            "9", "RIC-0001", "TamperDetectionActivated", now - hour, HOSTILE, True, True, None
        ),
        EventRow("8", HOSTILE, "StartupOfTheDevice", now - 2 * hour, "", True, False, None),
        EventRow("7", "RIC-0002", HOSTILE, now - 3 * hour, "door 2", False, False, "ada"),
    )


def events_page(now: datetime) -> EventsPage:
    rows, kinds = events(now), ("StartupOfTheDevice", "TamperDetectionActivated")
    profiles = (ProfileCount(None, 41), ProfileCount(2, 7))
    filter_ = EventsFilter(station=HOSTILE)
    pager = Pager(next_url="/security?after=x")
    return EventsPage(filter_, rows, kinds, pager, profiles, 1, 2)


def empty_events_page() -> EventsPage:
    return EventsPage(EventsFilter(), (), (), Pager(), (), 0, 0)


def certificates(now: datetime) -> tuple[CertificateRow, ...]:
    return tuple(
        CertificateRow(
            "RIC-0001",
            PURPOSE_LABELS[Purpose.STATION],
            STATE_LABELS[state],
            STATE_SYMBOLS[state],
            None if state is RequestState.WAITING else now + timedelta(days=9),
            state is RequestState.INSTALLED,
            None if state is RequestState.WAITING else "1a02e1e8a2c27af3",
            HOSTILE if state is RequestState.FAILED else None,
        )
        for state in RequestState
    )


def certificates_page(now: datetime) -> CertificatesPage:
    until = now + timedelta(days=900)
    csms, v2g = RootKind.CSMS, RootKind.V2G
    roots = (
        RootRow("a1", csms, ROOT_LABELS[csms], HOSTILE, until, False, None, False),
        RootRow("b2", v2g, ROOT_LABELS[v2g], "V2G Root", now, True, ("RIC-0001",) * 5, True),
    )
    authority = AuthorityRow("station", "Ricarica station CA", until, "-----BEGIN CERTIFICATE-----")
    kinds = tuple((kind.value, label) for kind, label in ROOT_LABELS.items())
    return CertificatesPage(
        certificates(now), Pager(), roots, (authority,), kinds, {"pem": HOSTILE}, HOSTILE
    )


def networks_page() -> NetworksPage:
    rows = (NetworkRow("new-address", "wss://new.example.com:9443", 2, "Any", True),)
    return NetworksPage(rows, INTERFACES, {"name": HOSTILE, "security_profile": "3"})


def findings(now: datetime) -> tuple[FindingRow, ...]:
    """Everything that can be said."""
    levels = tuple(Level)
    return tuple(
        FindingRow(
            level := levels[index % len(levels)],
            LEVEL_SYMBOLS[level],
            words.text,
            words.remedy,
            VALUES,
            now - timedelta(minutes=index) if index % 3 else None,
        )
        for index, words in enumerate(WORDS.values())
    )


def doctor_page(now: datetime) -> DoctorPage:
    return DoctorPage(HOSTILE, False, findings(now))


def station_security_page(head: StationHead, now: datetime) -> StationSecurityPage:
    hour = timedelta(hours=1)
    return StationSecurityPage(
        head,
        findings(now)[:4],
        2,
        True,
        ("A new password was set, and the station has not come with it yet.",),
        certificates(now),
        tuple(
            InstalledRow(INSTALLED_LABELS[kind], HOSTILE, "1a02e1e8a2c27af3")
            for kind in InstalledKind
        ),
        now - hour,
        (
            SlotRow(1, "factory", now - hour, None, True),
            SlotRow(2, "new-address", None, HOSTILE, False),
        ),
        (1, 2),
        1,
        MoveNow(2, MOVE_LABELS[MoveState.AWAY], HOSTILE, True),
        ("factory", "new-address"),
        True,
        events(now),
        HOSTILE,
    )


def bare_station_security_page(head: StationHead) -> StationSecurityPage:
    """One that speaks 1.6 and was never asked for anything."""
    return StationSecurityPage(
        head, (), None, False, (), (), (), None, (), (), None, None, (), False
    )

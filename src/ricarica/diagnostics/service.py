"""Asking stations for their logs, and receiving them."""

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime

from ricarica.diagnostics import model
from ricarica.diagnostics.commands import SendDiagnostics, SendLog
from ricarica.diagnostics.events import LogProgressed
from ricarica.diagnostics.facts import LogAnswered, LogReported, LogWanted
from ricarica.diagnostics.model import LINK_LIVES, LogKind, LogRequest, LogState, Upload
from ricarica.diagnostics.ports import LogStore
from ricarica.kernel.errors import ConflictError, InvalidError, NotFoundError
from ricarica.kernel.events import Outgoing
from ricarica.kernel.ids import Ids, StationKey
from ricarica.stations.commands import Outcome
from ricarica.stations.service import StationService

Order = SendLog | SendDiagnostics


@dataclass(frozen=True, slots=True)
class Place:
    """Where the station shall put it, with the secret that opens it written as {token}."""

    pattern: str

    def address(self, token: str) -> str:
        return self.pattern.replace("{token}", token)


class DiagnosticsService:
    def __init__(
        self, store: LogStore, stations: StationService, outgoing: Outgoing, ids: Ids
    ) -> None:
        self._store = store
        self._stations = stations
        self._announce = outgoing.announce
        self._ids = ids

    async def order(self, key: StationKey, wanted: LogWanted, at: datetime, place: Place) -> Order:
        """Note what a station is going to be asked for.

        Raises:
            InvalidError: the older way knows diagnostics only, or the times make no sense.
        """
        if wanted.by_name_only and wanted.kind is not LogKind.DIAGNOSTICS:
            raise InvalidError("GetDiagnostics is for diagnostics; ask for other logs by GetLog")
        if wanted.since and wanted.until and wanted.since >= wanted.until:
            raise InvalidError("since is before until")
        await self._stations.get(key)
        number, token = self._ids.wire_number(), self._ids.secret()
        self._store.save(
            LogRequest(
                key,
                number,
                wanted.kind,
                LogState.ORDERED,
                asked_at=at,
                asked_by=wanted.by,
                changed_at=at,
                digest=digest_of(token),
                expires_at=at + LINK_LIVES,
                is_numbered=not wanted.by_name_only,
                since=wanted.since,
                until=wanted.until,
            )
        )
        location = place.address(token)
        times = (wanted.since, wanted.until, wanted.retries, wanted.retry_interval)
        if wanted.by_name_only:
            return SendDiagnostics(number, location, *times)
        return SendLog(number, wanted.kind, location, *times)

    # -- what stations tell

    async def answered(self, answer: LogAnswered) -> None:
        request = await self._store.get(answer.station, answer.number)
        if request is None:
            return
        now = model.answered(request, answer.outcome, answer.at, answer.status, answer.name)
        self._save(request, now)
        if answer.outcome is Outcome.ACCEPTED:
            await self._replace_others(now, answer.at)

    async def reported(self, fact: LogReported) -> None:
        """N01.FR.13: without a number it is about the one under way, or about none."""
        request = await self._meant(fact)
        if request is not None:
            self._save(request, model.told(request, fact.status, fact.at, fact.detail))

    async def receive(self, key: StationKey, number: int, upload: Upload) -> LogRequest:
        """
        Raises:
            ConflictError: it came already, or is not wanted any more.
        """
        request = await self.get(key, number)
        if not request.may_be_uploaded:
            raise ConflictError("this log is here already")
        now = model.received(request, upload)
        self._save(request, now)
        return now

    async def get(self, key: StationKey, number: int) -> LogRequest:
        request = await self._store.get(key, number)
        if request is None:
            raise NotFoundError(f"no log {number} was asked of {key.station}")
        return request

    async def discard(self, key: StationKey, number: int, at: datetime) -> str | None:
        """Forget the file; returns its name, for whoever deletes it after the commit."""
        request = await self.get(key, number)
        self._save(request, model.discarded(request, at))
        return request.file

    # -- what time does

    async def give_up(self, now: datetime) -> None:
        for request in await self._store.expired(now):
            self._save(request, model.given_up(request, now))

    async def outdated(self, before: datetime) -> list[LogRequest]:
        return await self._store.kept_since(before)

    # -- parts

    async def _meant(self, fact: LogReported) -> LogRequest | None:
        if fact.number is not None:
            return await self._store.get(fact.station, fact.number)
        recent = await self._store.recent(fact.station)
        is_open = (request for request in recent if request.state.is_open)
        # A last word after the file came: about what was just over.
        lately = (request for request in recent if fact.at < request.changed_at + LINK_LIVES)
        return next(is_open, None) or next(lately, None)

    async def _replace_others(self, by: LogRequest, at: datetime) -> None:
        """N01.FR.12: a station uploads one log at a time, the last that it accepted."""
        for request in await self._store.recent(by.station):
            if request.number != by.number and request.state.is_open:
                detail = "another request took its place"
                changed = replace(request, state=LogState.CANCELLED, changed_at=at, detail=detail)
                self._save(request, changed)

    def _save(self, before: LogRequest, now: LogRequest) -> None:
        if now == before:
            return
        self._store.save(now)
        if now.state is not before.state:
            self._announce(LogProgressed(now.station, now.number, now.state))


def digest_of(token: str) -> str:
    """What is stored of an address's secret. It has 256 bits, so a fast digest is enough."""
    return hashlib.sha256(token.encode()).hexdigest()

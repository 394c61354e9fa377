"""Images, and the updates of single stations."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from urllib.parse import quote

from ricarica.firmware import updates
from ricarica.firmware.commands import PublishFirmware, UpdateFirmware, UpdateSignedFirmware
from ricarica.firmware.events import (
    FirmwareImageChanged,
    FirmwareProgressed,
    FirmwareUpdateFailed,
)
from ricarica.firmware.facts import (
    FirmwareReported,
    PublishingReported,
    UpdateAnswered,
    Wanted,
)
from ricarica.firmware.images import Image, Root, root_from, signer_of
from ricarica.firmware.ports import FirmwareStore
from ricarica.firmware.updates import UNASKED, Link, Update, UpdateKind, UpdateState
from ricarica.kernel.errors import ConflictError, InvalidError, NotFoundError
from ricarica.kernel.events import Outgoing
from ricarica.kernel.ids import Ids, StationKey, TenantId
from ricarica.stations.commands import Outcome
from ricarica.stations.service import StationService

LINK_LIVES = timedelta(days=3)  # beyond the moment of fetching: retries, and a weekend
PATH = "/files/firmware"

Order = UpdateFirmware | UpdateSignedFirmware


@dataclass(frozen=True, slots=True)
class FirmwarePolicy:
    """`only_signed`: L02 is not done here, whatever a station would take."""

    only_signed: bool = False


class FirmwareService:
    def __init__(
        self,
        store: FirmwareStore,
        stations: StationService,
        outgoing: Outgoing,
        ids: Ids,
        policy: FirmwarePolicy,
    ) -> None:
        self._store = store
        self._stations = stations
        self._announce = outgoing.announce
        self._ids = ids
        self._policy = policy

    # -- images

    async def add(self, image: Image, at: datetime) -> Image:
        """L01.FR.09, L01.FR.12: a signature that does not hold never reaches a station.

        Raises:
            ConflictError: the same file is here already.
            InvalidError: it is not whole, or not the manufacturer's.
        """
        if (image.signature is None) != (image.certificate is None):
            raise InvalidError("signature and certificate belong together; give both or neither")
        if not image.firmware.strip():
            raise InvalidError("say which version it is, as stations name it when they boot")
        known = await self._store.alike(image.tenant, image.sha256)
        if known is not None and known.firmware == image.firmware:
            raise ConflictError(f"this file is here already, as {known.name} ({known.id})")
        signer = await self._signer(image, at) if image.is_signed else None
        added = replace(image, signer=signer)
        self._store.save_image(added)
        self._announce(FirmwareImageChanged(added.id))
        return added

    async def get(self, tenant: TenantId, image: str) -> Image:
        known = await self._store.image(tenant, image)
        if known is None:
            raise NotFoundError(f"there is no image {image}")
        return known

    async def withdraw(self, tenant: TenantId, image: str, at: datetime) -> Image:
        """No station gets it any more; what was done with it stays on record."""
        known = await self.get(tenant, image)
        withdrawn = replace(known, withdrawn_at=known.withdrawn_at or at)
        self._store.save_image(withdrawn)
        self._announce(FirmwareImageChanged(image))
        return withdrawn

    def add_root(self, tenant: TenantId, vendor: str, pem: str, at: datetime) -> Root:
        if not vendor.strip():
            raise InvalidError("say whose root it is, as stations name their vendor")
        root = root_from(tenant, vendor.strip(), pem, at)
        self._store.save_root(root)
        return root

    def remove_root(self, tenant: TenantId, fingerprint: str) -> None:
        self._store.remove_root(tenant, fingerprint)

    # -- orders

    async def order(self, key: StationKey, wanted: Wanted, at: datetime, base: str) -> Order:
        """Note what a station is going to be told, and make a link for it.

        Args:
            base: Where stations find our files, without a slash at its end.

        Raises:
            InvalidError: this image is not for this station, or not to be trusted (any more).
        """
        image = await self._fit(key, wanted, at)
        is_signed = image.is_signed if wanted.signed is None else wanted.signed
        retrieve_at = wanted.retrieve_at or at
        due_at = max(retrieve_at, wanted.install_at or retrieve_at)
        number = self._ids.wire_number()
        self._store.save_update(
            Update(
                key,
                number,
                UpdateKind.UPDATE,
                UpdateState.ORDERED,
                ordered_at=at,
                changed_at=at,
                image=image.id,
                firmware=image.firmware,
                is_signed=is_signed,
                ordered_by=wanted.by,
                campaign=wanted.campaign,
                due_at=due_at,
            )
        )
        location = self._link(key, number, image, due_at + LINK_LIVES, base)
        plain = UpdateFirmware(
            number,
            location,
            retrieve_at,
            wanted.install_at,
            wanted.retries,
            wanted.retry_interval,
        )
        return _signed(plain, image) if is_signed else plain

    async def publish(
        self, key: StationKey, image_id: str, by: str, at: datetime, base: str
    ) -> PublishFirmware:
        """L03: note what a local controller is going to be told."""
        image = await self._usable(key.tenant, image_id, at)
        await self._stations.get(key)
        number = self._ids.wire_number()
        self._store.save_update(
            Update(
                key,
                number,
                UpdateKind.PUBLISH,
                UpdateState.ORDERED,
                ordered_at=at,
                changed_at=at,
                image=image.id,
                ordered_by=by,
                checksum=image.md5,
            )
        )
        location = self._link(key, number, image, at + LINK_LIVES, base)
        return PublishFirmware(number, location, image.md5)

    # -- what stations tell

    async def answered(self, answer: UpdateAnswered) -> None:
        update = await self._store.update(answer.station, answer.number)
        if update is None:
            return
        now = updates.answered(update, answer.outcome, answer.at, answer.status, answer.detail)
        self._save(update, now)
        if answer.outcome is Outcome.ACCEPTED and now.kind is UpdateKind.UPDATE:
            await self._replace_others(now, answer.at)

    async def unpublished(self, key: StationKey, checksum: str, at: datetime) -> None:
        """L04.FR.02: it offers that image no longer."""
        for update in await self._store.recent_updates(key, UpdateKind.PUBLISH):
            if update.checksum == checksum and update.state is UpdateState.PUBLISHED:
                self._save(update, replace(update, state=UpdateState.CANCELLED, changed_at=at))

    async def reported(self, fact: FirmwareReported) -> None:
        update = await self._meant(fact)
        if update is None:
            return
        now = updates.told(update, fact.status, fact.at, fact.detail or update.detail)
        if now.state is UpdateState.INSTALLED:
            # L01.FR.32: it may say so only after it has booted with it.
            station = await self._stations.get(fact.station)
            if station.booted_at and station.booted_at >= update.ordered_at:
                now = updates.booted(now, station.firmware, fact.at)
        self._save(update, now)

    async def publishing(self, fact: PublishingReported) -> None:
        found = await self._known(
            fact.station, fact.number, fact.at, UpdateKind.PUBLISH, lambda _: True
        )
        update = found or await self._unasked(
            fact.station, UpdateKind.PUBLISH, fact.number, fact.at
        )
        now = updates.told(update, fact.status, fact.at, fact.detail)
        if fact.locations:
            now = replace(now, locations=fact.locations)
        if found is not None or now.state is not update.state:
            self._save(update, now)

    async def booted(self, key: StationKey, firmware: str | None, at: datetime) -> None:
        """Called when a station says another version than before."""
        for update in await self._store.recent_updates(key, UpdateKind.UPDATE):
            if update.state.is_open or update.state is UpdateState.FAILED:
                self._save(update, updates.booted(update, firmware, at))

    async def give_up(self, now: datetime) -> None:
        """Those of which nothing is heard any more."""
        for update in await self._store.stuck_updates():
            if updates.is_stuck(update, now):
                self._save(update, updates.given_up(update, now))

    def downloaded(self, link: Link, size: int, at: datetime) -> None:
        self._store.count_download(link, size, at)

    # -- parts

    async def _signer(self, image: Image, at: datetime) -> str:
        return signer_of(image, await self._store.roots(image.tenant), at)

    async def _usable(self, tenant: TenantId, image_id: str, at: datetime) -> Image:
        image = await self.get(tenant, image_id)
        if image.withdrawn_at is not None:
            raise InvalidError(f"{image.name} was withdrawn; choose another image")
        if image.is_signed:
            await self._signer(image, at)  # which may have expired since it was added
        return image

    async def _fit(self, key: StationKey, wanted: Wanted, at: datetime) -> Image:
        image = await self._usable(key.tenant, wanted.image, at)
        station = await self._stations.get(key)
        if wanted.signed and not image.is_signed:
            raise InvalidError(f"{image.name} has no signature")
        if self._policy.only_signed and (wanted.signed is False or not image.is_signed):
            raise InvalidError("only signed images may be installed here")
        if not wanted.any_model and not image.suits(station.vendor, station.model):
            raise InvalidError(
                f"{image.name} is for {image.vendor} {image.model}, and {key.station} is "
                f"{station.vendor} {station.model}"
            )
        return image

    def _link(self, key: StationKey, number: int, image: Image, until: datetime, base: str) -> str:
        token = self._ids.secret()
        self._store.add_link(Link(key, number, digest_of(token), image.id, until))
        return f"{base}{PATH}/{token}/{quote(image.name, safe='')}"

    async def _meant(self, fact: FirmwareReported) -> Update | None:
        """L01.FR.20: the number is left out only by 1.6 without security, and by Idle."""

        def could_be(update: Update) -> bool:
            return fact.is_signed is None or update.is_signed is fact.is_signed

        known = await self._known(fact.station, fact.number, fact.at, UpdateKind.UPDATE, could_be)
        if known is not None or fact.status not in updates.STATES:
            return known
        return await self._unasked(fact.station, UpdateKind.UPDATE, fact.number, fact.at)

    async def _unasked(
        self, key: StationKey, kind: UpdateKind, number: int | None, at: datetime
    ) -> Update:
        """Kept in one place, whatever numbers a station makes up."""
        before = await self._store.update(key, UNASKED)
        detail = None if number is None else f"requestId {number}"
        state = before.state if before and before.kind is kind else UpdateState.ACCEPTED
        return Update(key, UNASKED, kind, state, ordered_at=at, changed_at=at, detail=detail)

    async def _known(
        self,
        key: StationKey,
        number: int | None,
        at: datetime,
        kind: UpdateKind,
        could_be: Callable[[Update], bool],
    ) -> Update | None:
        if number is not None:
            update = await self._store.update(key, number)
            return update if update is not None and update.kind is kind else None
        recent = await self._store.recent_updates(key, kind)
        fitting = [update for update in recent if could_be(update)]
        is_open = (update for update in fitting if update.state.is_open)
        # A retry, or a last word after the boot that proved it: about what was just over.
        lately = (update for update in fitting if at < update.changed_at + updates.STUCK_AFTER)
        return next(is_open, None) or next(lately, None)

    async def _replace_others(self, by: Update, at: datetime) -> None:
        """L01.FR.24: a station does one update at a time, the last that it accepted."""
        for update in await self._store.recent_updates(by.station, UpdateKind.UPDATE):
            if update.number != by.number and update.state.is_open:
                detail = "another update took its place"
                changed = replace(update, state=UpdateState.CANCELLED, changed_at=at, detail=detail)
                self._save(update, changed)

    def _save(self, before: Update, now: Update) -> None:
        if now == before:
            return
        self._store.save_update(now)
        if now.state is before.state:
            return
        self._announce(
            FirmwareProgressed(now.station, now.number, now.state, now.status, now.firmware)
        )
        if now.state is UpdateState.FAILED:
            why = now.detail or now.status or "it failed"
            self._announce(FirmwareUpdateFailed(now.station, now.number, why))


def digest_of(token: str) -> str:
    """What is stored of a link's token. It has 256 bits, so a fast digest is enough."""
    return hashlib.sha256(token.encode()).hexdigest()


def _signed(plain: UpdateFirmware, image: Image) -> UpdateSignedFirmware:
    assert image.certificate, "checked when the image was added"
    assert image.signature, "as was that it comes with one"
    return UpdateSignedFirmware(
        plain.number,
        plain.location,
        plain.retrieve_at,
        certificate=image.certificate,
        signature=image.signature,
        install_at=plain.install_at,
        retries=plain.retries,
        retry_interval=plain.retry_interval,
    )

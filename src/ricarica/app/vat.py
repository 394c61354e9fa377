"""Asking a register which companies there are, aside from what stations wait for."""

import asyncio
from datetime import timedelta
from urllib.parse import quote

import aiohttp
import msgspec
import structlog

from ricarica.access.model import system_actor
from ricarica.billing.ports import VatRegister
from ricarica.billing.vat import Company, VatNumber
from ricarica.engine.core import Engine
from ricarica.engine.timers import end_turn, take_turn
from ricarica.kernel.clock import Clock
from ricarica.kernel.errors import RicaricaError
from ricarica.kernel.ids import DEFAULT_TENANT
from ricarica.slices import Slices

CHECK = "check_vat_numbers"  # by one process at a time
LOOK_EVERY = timedelta(seconds=5)  # a driver at a terminal types for longer
ANSWER_WITHIN_S = 20.0  # the register of the European Union asks that of the country first
AT_ONCE_MAX = 20
LEASE = timedelta(minutes=10)  # longer than all of them can take
COUNTRY_LETTERS = 2

log = structlog.get_logger("ricarica.vat")


class _Found(msgspec.Struct, frozen=True):
    """What VIES answers, as far as it is of use."""

    is_valid: bool = msgspec.field(name="isValid")
    name: str = ""
    address: str = ""


class ViesRegister:
    """The register of the European Union, or one that speaks like it."""

    def __init__(self, url: str, http: aiohttp.ClientSession) -> None:
        self._url = url.rstrip("/")
        self._http = http

    async def look_up(self, number: str) -> tuple[bool, Company | None] | None:
        country, rest = number[:COUNTRY_LETTERS], quote(number[COUNTRY_LETTERS:], safe="")
        timeout = aiohttp.ClientTimeout(total=ANSWER_WITHIN_S)
        try:
            address = f"{self._url}/ms/{country}/vat/{rest}"
            async with self._http.get(address, timeout=timeout) as answer:
                if not answer.ok:
                    return None
                found = msgspec.json.decode(await answer.read(), type=_Found)
        except (aiohttp.ClientError, TimeoutError, msgspec.DecodeError) as error:
            log.warning("vat.unanswered", error=str(error) or type(error).__name__)
            return None
        return found.is_valid, _company(found, country) if found.is_valid else None


def _company(found: _Found, country: str) -> Company | None:
    """VIES gives an address in lines, the last of which is the city; some countries give none."""
    if not found.name.strip("- "):
        return None
    lines = [line.strip() for line in found.address.splitlines() if line.strip("- ")]
    street, city = " ".join(lines[:-1]), lines[-1] if lines else ""
    return Company(found.name.strip(), street, city, country=country)


async def check_vat_numbers(engine: Engine, register: VatRegister, clock: Clock) -> None:
    """Until cancelled. Any number of processes may do so: they take turns."""
    while True:
        await asyncio.sleep(LOOK_EVERY.total_seconds())
        try:
            await check_in_turn(engine, register, clock)
        except RicaricaError as error:
            log.warning("vat.failed", error=str(error))


async def check_in_turn(engine: Engine, register: VatRegister, clock: Clock) -> bool:
    """Whether it was this process's turn, and there was something to do."""
    if not await _waiting(engine, 1):
        return False
    if not await take_turn(engine.database, CHECK, clock.now(), LEASE):
        return False
    await check_once(engine, register)
    await end_turn(engine.database, CHECK, clock.now())
    return True


async def check_once(engine: Engine, register: VatRegister) -> int:
    """Ask about those that wait; returns how many were answered."""
    answered = 0
    for number in await _waiting(engine, AT_ONCE_MAX):
        found = await register.look_up(number.number)
        await _note(engine, number, found)
        answered += found is not None
    return answered


async def _waiting(engine: Engine, most: int) -> list[VatNumber]:
    return await engine.carry_out(
        system_actor(DEFAULT_TENANT), lambda slices: slices.billing.vat_numbers_to_check(most)
    )


async def _note(
    engine: Engine, number: VatNumber, found: tuple[bool, Company | None] | None
) -> None:
    async def note(slices: Slices) -> None:
        billing, now = slices.billing, slices.now
        if found is None:
            await billing.vat_number_unanswered(number.tenant, number.number, now)
        else:
            await billing.vat_number_checked(number.tenant, number.number, now, found)

    await engine.carry_out(system_actor(number.tenant), note)

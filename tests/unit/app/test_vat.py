"""Asking a register about companies' numbers."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from ricarica.app.vat import AT_ONCE_MAX, CHECK, ViesRegister, check_in_turn, check_once
from ricarica.billing.vat import Company, Standing
from ricarica.engine.timers import set_timer
from ricarica.engine.unit_of_work import UnitOfWork
from ricarica.testing.world import World, world

ANSWERS = {
    "/ms/DE/vat/123456788": web.json_response(
        {"isValid": True, "name": "Quaylight GmbH", "address": "Kai 1\n20457 Hamburg", "extra": 1}
    ),
    "/ms/ES/vat/X1234567X": web.json_response({"isValid": True, "name": "---", "address": "---"}),
    "/ms/IT/vat/12345670017": web.json_response({"isValid": False}),
    "/ms/FR/vat/busy": web.Response(status=503),
    "/ms/AT/vat/odd": web.Response(text="<html>", content_type="text/html"),
}


@pytest.fixture
async def register() -> AsyncIterator[ViesRegister]:
    async def answer(request: web.Request) -> web.StreamResponse:
        return ANSWERS.get(request.path, web.Response(status=404))

    app = web.Application()
    app.router.add_get("/{rest:.*}", answer)
    async with TestServer(app) as server, aiohttp.ClientSession() as http:
        yield ViesRegister(f"{server.make_url('/')}", http)


@pytest.mark.parametrize(
    "number, found",
    [
        ("DE123456788", (True, Company("Quaylight GmbH", "Kai 1", "20457 Hamburg", country="DE"))),
        ("ESX1234567X", (True, None)),
        ("IT12345670017", (False, None)),
        ("FRbusy", None),
        ("ATodd", None),
        ("IEnone", None),
    ],
)
async def test_what_the_register_says_is_taken_and_no_answer_is_none(
    register: ViesRegister, number: str, found: tuple[bool, Company | None] | None
) -> None:
    assert await register.look_up(number) == found


async def test_a_register_that_is_gone_answers_nothing() -> None:
    async with aiohttp.ClientSession() as http:
        assert await ViesRegister("http://127.0.0.1:9", http).look_up("DE123456788") is None


class OnlyGerman:
    """A register that knows nothing of other countries."""

    async def look_up(self, number: str) -> tuple[bool, Company | None] | None:
        return (True, None) if number.startswith("DE") else None


async def asked(network: World, number: str) -> Standing:
    tenant = network.actor.tenant
    known = await network.carry_out(
        lambda slices: slices.billing.check_vat_number(tenant, number, slices.now)
    )
    network.clock.pass_time(timedelta(seconds=1))
    return known.standing


async def test_numbers_that_no_register_answers_for_do_not_keep_others_waiting() -> None:
    async with world() as network:
        for number in range(AT_ONCE_MAX):
            await asked(network, f"GB{number:09}")
        await asked(network, "DE123456788")

        for _ in range(2):
            checking = asyncio.ensure_future(check_once(network.engine, OnlyGerman()))
            while not checking.done():
                await network.settle()

        assert await asked(network, "DE123456788") is Standing.VALID


async def test_of_several_processes_one_at_a_time_asks_the_register() -> None:
    async with world() as network:

        class Busy:
            """While it looks, another process has a look too."""

            def __init__(self) -> None:
                self.others: list[bool] = []

            async def look_up(self, number: str) -> tuple[bool, Company | None] | None:
                self.others.append(await check_in_turn(network.engine, self, network.clock))
                return True, None

        async def begin(unit: UnitOfWork) -> None:
            set_timer(unit, CHECK, "", unit.slices.now)

        await network.soon(network.engine.in_unit(network.actor.tenant, begin))
        busy = Busy()
        await asked(network, "DE123456788")
        turns = [
            await network.soon(check_in_turn(network.engine, busy, network.clock)) for _ in range(2)
        ]
        await asked(network, "ATU12345675")
        turns.append(await network.soon(check_in_turn(network.engine, busy, network.clock)))

        assert turns == [True, False, True]  # the second time nothing waits
        assert busy.others == [False, False]

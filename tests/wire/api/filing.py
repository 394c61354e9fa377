"""What the tests of files have in common: an image, and a station that is told to take it."""

import json
from typing import Any

import httpx

from ricarica.kernel.ids import StationKey
from ricarica.link.letters import Ask
from ricarica.ocpp.dialects import V16
from tests.wire.api.house import Api

IMAGE = b"version 3.0.0\n" + bytes(range(256)) * 40
BOOT_V16 = {"chargePointVendor": "Stellavolt", "chargePointModel": "Duo 22"}


async def add(admin: httpx.AsyncClient, content: bytes = IMAGE, **fields: str) -> httpx.Response:
    given = {"vendor": "Stellavolt", "model": "Duo 22", "firmware": "3.0.0", **fields}
    return await admin.post("/firmware/images", data=given, files={"file": ("duo.bin", content)})


async def station(api: Api, admin: httpx.AsyncClient) -> StationKey:
    await admin.put("/stations/CP-1", json={"status": "accepted"})
    key = await api.connect("CP-1", V16)
    await api.deliver(key, V16, "BootNotification", BOOT_V16)
    return key


def location_in(ask: Ask) -> str:
    found: dict[str, Any] = json.loads(ask.payload)
    return str(found["location"])


async def ordered(api: Api, admin: httpx.AsyncClient) -> str:
    """The address that a station was told."""
    await station(api, admin)
    image = (await add(admin)).json()["id"]
    api.sockets.will_answer("UpdateFirmware", b"{}")
    reply = await admin.post("/stations/CP-1/firmware", json={"image": image})
    assert reply.json()["outcome"] == "accepted", reply.text
    return location_in(api.sockets.asked[-1])

"""Images to stations and logs from stations, over HTTP, with all bounds."""

import asyncio
import gzip
import hashlib
import itertools
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from ricarica.app.file_keeping import sweep_in_turn
from ricarica.app.wiring import Parts, running_node
from ricarica.diagnostics.model import LogState
from ricarica.diagnostics.sql import LOGS
from ricarica.engine.files import FileLimits, Files
from ricarica.firmware.sql import IMAGES
from ricarica.kernel.errors import StorageUnavailableError
from ricarica.storage.database import Expect, Save, Staged
from ricarica.testing.clock import FakeClock
from ricarica.testing.signers import Signer, signer
from ricarica.testing.tables import empty_database
from tests.wire.api.filing import IMAGE, add, location_in, ordered, station
from tests.wire.api.house import Api

LIMITS = FileLimits(image_max=20_000, images_max=50_000, log_max=1_000, logs_max=1_500)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def api(clock: FakeClock, tmp_path: Path) -> AsyncIterator[Api]:
    async with (
        empty_database() as database,
        running_node(Parts(database, clock=clock, through_bytes=True)) as node,
    ):
        node.engine.files.now = Files(tmp_path, "http://test", LIMITS)
        yield Api(node)


@pytest.fixture
async def anyone(api: Api) -> AsyncIterator[httpx.AsyncClient]:
    """A station, as far as files go: it has no key."""
    async with api.client() as client:
        client.base_url = httpx.URL("http://test")
        yield client


async def test_an_image_is_known_by_its_checksums(admin: httpx.AsyncClient) -> None:
    reply = await add(admin)

    body = reply.json()
    assert reply.status_code == 201, reply.text
    assert body["sha256"] == hashlib.sha256(IMAGE).hexdigest()
    assert body["md5"] == hashlib.md5(IMAGE).hexdigest()
    assert (body["size"], body["name"], body["signer"]) == (len(IMAGE), "duo.bin", None)
    assert (await admin.get("/firmware/images")).json()["items"] == [body]


@pytest.mark.usecase("L01")
async def test_a_signature_that_holds_is_accepted(
    admin: httpx.AsyncClient, clock: FakeClock
) -> None:
    by = signer(clock.now(), "rsa")
    await admin.post("/firmware/roots", json={"vendor": "Stellavolt", "pem": by.root})

    reply = await add(admin, signature=by.sign(IMAGE), certificate=by.certificate)

    assert reply.json()["signer"] == "CN=Stellavolt Signing"


async def _refusal(admin: httpx.AsyncClient, by: Signer, signature: str) -> str:
    reply = await add(admin, signature=signature, certificate=by.certificate)
    assert reply.status_code == 422
    return str(reply.json()["detail"])


@pytest.mark.usecase("L01")
async def test_a_signature_over_something_else_keeps_the_image_out(
    admin: httpx.AsyncClient, clock: FakeClock, tmp_path: Path
) -> None:
    by = signer(clock.now())
    await admin.post("/firmware/roots", json={"vendor": "Stellavolt", "pem": by.root})

    assert "is not one of CN=Stellavolt Signing" in await _refusal(admin, by, by.sign(b"other"))
    assert "not Base64" in await _refusal(admin, by, "?")
    assert list((tmp_path / "firmware").iterdir()) == []


async def test_who_is_not_known_as_the_manufacturer_signs_nothing(
    admin: httpx.AsyncClient, clock: FakeClock
) -> None:
    known, stranger = signer(clock.now()), signer(clock.now())
    await admin.post("/firmware/roots", json={"vendor": "Stellavolt", "pem": known.root})

    assert "add the manufacturer's root" in await _refusal(admin, stranger, stranger.sign(IMAGE))


async def test_a_certificate_that_has_expired_signs_nothing_any_more(
    admin: httpx.AsyncClient, clock: FakeClock, api: Api
) -> None:
    by = signer(clock.now(), lives=timedelta(days=1))
    await admin.post("/firmware/roots", json={"vendor": "Stellavolt", "pem": by.root})
    await station(api, admin)
    image = (await add(admin, signature=by.sign(IMAGE), certificate=by.certificate)).json()["id"]
    clock.pass_time(timedelta(days=2))

    reply = await admin.post("/stations/CP-1/firmware", json={"image": image})

    assert reply.status_code == 422
    assert "expired" in reply.json()["detail"]


async def test_an_image_that_is_too_large_leaves_nothing_behind(
    admin: httpx.AsyncClient, tmp_path: Path
) -> None:
    reply = await add(admin, bytes(LIMITS.image_max + 1))

    assert reply.status_code == 422
    assert list((tmp_path / "firmware").iterdir()) == []


async def test_an_image_that_is_sent_again_is_added_once(admin: httpx.AsyncClient) -> None:
    admin.headers["Idempotency-Key"] = "once"

    first, second = await add(admin), await add(admin)

    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert len((await admin.get("/firmware/images")).json()["items"]) == 1


async def test_only_who_may_edit_stations_adds_images(viewer: httpx.AsyncClient) -> None:
    assert (await add(viewer)).status_code == 403


# What stations fetch


async def test_a_station_fetches_its_image_and_that_is_counted(
    api: Api, admin: httpx.AsyncClient, anyone: httpx.AsyncClient
) -> None:
    url = await ordered(api, admin)

    reply = await anyone.get(url)

    assert reply.content == IMAGE
    [update] = (await admin.get("/stations/CP-1/firmware")).json()["items"]
    assert (update["state"], update["downloads"]) == ("accepted", 1)


async def test_a_station_goes_on_where_its_line_was_cut(
    api: Api, admin: httpx.AsyncClient, anyone: httpx.AsyncClient
) -> None:
    url = await ordered(api, admin)

    first = await anyone.get(url, headers={"Range": "bytes=0-99"})
    rest = await anyone.get(url, headers={"Range": "bytes=100-", "If-Range": first.headers["etag"]})
    last = await anyone.get(url, headers={"Range": "bytes=-10"})
    beyond = await anyone.get(url, headers={"Range": f"bytes={len(IMAGE)}-"})
    changed = await anyone.get(url, headers={"Range": "bytes=100-", "If-Range": '"another"'})

    assert (first.status_code, first.content) == (206, IMAGE[:100])
    assert first.headers["content-range"] == f"bytes 0-99/{len(IMAGE)}"
    assert first.content + rest.content == IMAGE
    assert last.content == IMAGE[-10:]
    assert (beyond.status_code, beyond.headers["content-range"]) == (416, f"bytes */{len(IMAGE)}")
    assert (changed.status_code, changed.content) == (200, IMAGE)


async def test_a_head_tells_the_size(
    api: Api, admin: httpx.AsyncClient, anyone: httpx.AsyncClient
) -> None:
    reply = await anyone.head(await ordered(api, admin))

    assert (reply.headers["content-length"], reply.content) == (str(len(IMAGE)), b"")


async def test_an_address_ends(
    api: Api, admin: httpx.AsyncClient, anyone: httpx.AsyncClient, clock: FakeClock
) -> None:
    url = await ordered(api, admin)
    clock.pass_time(timedelta(days=3))

    assert (await anyone.get(url)).status_code == 410
    assert (await anyone.get("/files/firmware/guessed/duo.bin")).status_code == 404
    assert (await anyone.get(f"/files/firmware/{'x' * 5000}/duo.bin")).status_code == 404


async def test_a_withdrawn_image_is_not_fetched_any_more(
    api: Api, admin: httpx.AsyncClient, anyone: httpx.AsyncClient, tmp_path: Path
) -> None:
    url = await ordered(api, admin)
    [image] = (await admin.get("/firmware/images")).json()["items"]

    await admin.delete(f"/firmware/images/{image['id']}")

    assert (await anyone.get(url)).status_code == 410
    assert list((tmp_path / "firmware").iterdir()) == []
    again = await admin.post("/stations/CP-1/firmware", json={"image": image["id"]})
    assert "withdrawn" in again.json()["detail"]


async def test_the_address_is_not_in_the_log_of_messages(
    api: Api, admin: httpx.AsyncClient
) -> None:
    url = await ordered(api, admin)

    logged = (await admin.get("/stations/CP-1/messages?action=UpdateFirmware")).text

    assert url.split("/")[-2] not in logged
    assert "/files/firmware/***/duo.bin" in logged


# What stations leave


async def asked(api: Api, admin: httpx.AsyncClient) -> tuple[str, int]:
    """The address that a station was told, and the number of the request."""
    await station(api, admin)
    api.sockets.will_answer("GetDiagnostics", b'{"fileName":"diag.log"}')
    reply = await admin.post("/stations/CP-1/logs", json={})
    assert reply.json()["outcome"] == "accepted", reply.text
    return location_in(api.sockets.asked[-1]), reply.json()["answer"]["number"]


async def log(admin: httpx.AsyncClient, number: int) -> dict[str, Any]:
    found: dict[str, Any] = (await admin.get(f"/stations/CP-1/logs/{number}")).json()
    return found


@pytest.mark.usecase("N01")
async def test_a_log_is_taken_in_bare_however_its_name_is_added(
    api: Api, admin: httpx.AsyncClient, anyone: httpx.AsyncClient
) -> None:
    for method, suffix in itertools.product(("PUT", "POST"), ("", "diag.log", "/diag.log")):
        url, number = await asked(api, admin)

        reply = await anyone.request(method, url + suffix, content=b"it all went well")

        assert reply.status_code == 201, reply.text
        taken = await log(admin, number)
        assert (taken["state"], taken["name"], taken["size"]) == ("received", "diag.log", 16)
        file = await admin.get(f"/stations/CP-1/logs/{number}/file")
        assert file.content == b"it all went well"
        assert file.headers["content-disposition"] == 'attachment; filename="diag.log"'


@pytest.mark.usecase("N01")
async def test_a_log_is_taken_out_of_a_form(
    api: Api, admin: httpx.AsyncClient, anyone: httpx.AsyncClient
) -> None:
    url, number = await asked(api, admin)

    reply = await anyone.post(
        url, data={"what": "log"}, files={"upload": ("x.log", gzip.compress(b"zipped"))}
    )

    assert reply.status_code == 201, reply.text
    file = await admin.get(f"/stations/CP-1/logs/{number}/file")
    assert gzip.decompress(file.content) == b"zipped"


def torn(api: Api, table: sa.Table, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is committed of a table is kept, and nobody hears of it."""
    database = api.node.parts.database
    commit = database.commit

    async def unanswered(staged: Sequence[Staged], expected: Expect | None = None) -> None:
        await commit(staged, expected)
        if any(isinstance(each, Save) and each.table is table for each in staged):
            raise StorageUnavailableError("the line broke before the answer")

    monkeypatch.setattr(database, "commit", unanswered)


async def test_a_log_of_which_nobody_knows_whether_it_was_noted_is_kept(
    api: Api, admin: httpx.AsyncClient, anyone: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, number = await asked(api, admin)
    torn(api, LOGS, monkeypatch)

    reply = await anyone.put(url, content=b"it all went well")

    assert reply.status_code == 503
    assert (await log(admin, number))["state"] == "received"
    file = await admin.get(f"/stations/CP-1/logs/{number}/file")
    assert file.content == b"it all went well"


async def test_an_image_of_which_nobody_knows_whether_it_was_noted_is_kept(
    api: Api, admin: httpx.AsyncClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torn(api, IMAGES, monkeypatch)

    reply = await add(admin)

    assert reply.status_code == 503
    [image] = (await admin.get("/firmware/images")).json()["items"]
    assert [path.name for path in (tmp_path / "firmware").iterdir()] == [image["id"]]


async def test_an_address_takes_one_log_only(
    api: Api, admin: httpx.AsyncClient, anyone: httpx.AsyncClient, tmp_path: Path
) -> None:
    url, _ = await asked(api, admin)

    first = await anyone.put(url, content=b"one")
    second = await anyone.put(url, content=b"two")

    assert (first.status_code, second.status_code) == (201, 409)
    assert len(list((tmp_path / "logs").iterdir())) == 1
    assert (await anyone.put("/files/logs/guessed/", content=b"x")).status_code == 404


async def test_a_log_that_is_too_large_is_not_kept_and_may_be_tried_again(
    api: Api, admin: httpx.AsyncClient, anyone: httpx.AsyncClient, tmp_path: Path
) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield bytes(500)

    url, _ = await asked(api, admin)

    declared = await anyone.put(url, content=bytes(100_000))
    streamed = await anyone.put(url, content=endless())
    smaller = await anyone.put(url, content=bytes(1_000))

    assert [each.status_code for each in (declared, streamed, smaller)] == [413, 413, 201]
    assert len(list((tmp_path / "logs").iterdir())) == 1


async def test_all_logs_together_have_a_bound(
    api: Api, admin: httpx.AsyncClient, anyone: httpx.AsyncClient
) -> None:
    assert api.node.engine.files.now
    api.node.engine.files.now = replace(
        api.node.engine.files.now, limits=replace(LIMITS, logs_max=3)
    )
    first, _ = await asked(api, admin)
    await anyone.put(first, content=b"one")
    second, _ = await asked(api, admin)

    assert (await anyone.put(second, content=b"two")).status_code == 413


async def test_logs_that_come_at_the_same_time_have_a_bound_together(
    api: Api, admin: httpx.AsyncClient, anyone: httpx.AsyncClient, tmp_path: Path
) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield bytes(100)
        begun.set()
        await go_on.wait()
        for _ in range(8):
            yield bytes(100)

    url, _ = await asked(api, admin)
    uploads = [asyncio.create_task(anyone.put(url, content=slow())) for _ in range(2)]
    await begun.wait()
    (tmp_path / "logs" / "another").write_bytes(bytes(LIMITS.logs_max))
    go_on.set()

    assert [(await upload).status_code for upload in uploads] == [413, 413]
    assert [each.name for each in (tmp_path / "logs").iterdir()] == ["another"]


async def test_a_log_that_comes_too_late_is_not_taken(
    api: Api, admin: httpx.AsyncClient, anyone: httpx.AsyncClient, clock: FakeClock
) -> None:
    url, _ = await asked(api, admin)
    clock.pass_time(timedelta(days=1))

    assert (await anyone.put(url, content=b"late")).status_code == 410


async def test_a_discarded_log_is_gone_from_the_disk(
    api: Api, admin: httpx.AsyncClient, anyone: httpx.AsyncClient, tmp_path: Path
) -> None:
    url, number = await asked(api, admin)
    await anyone.put(url, content=b"one")

    await admin.delete(f"/stations/CP-1/logs/{number}")

    assert list((tmp_path / "logs").iterdir()) == []
    assert (await log(admin, number))["state"] == LogState.DISCARDED
    assert (await anyone.put(url, content=b"two")).status_code == 409


async def test_old_logs_are_thrown_away(
    api: Api,
    admin: httpx.AsyncClient,
    anyone: httpx.AsyncClient,
    clock: FakeClock,
    tmp_path: Path,
) -> None:
    url, number = await asked(api, admin)
    await anyone.put(url, content=b"one")
    clock.pass_time(LIMITS.logs_kept + timedelta(minutes=1))

    assert await sweep_in_turn(api.node.engine, clock)

    assert list((tmp_path / "logs").iterdir()) == []
    assert (await log(admin, number))["state"] == LogState.DISCARDED


async def test_a_station_that_has_nothing_refuses(api: Api, admin: httpx.AsyncClient) -> None:
    await station(api, admin)
    api.sockets.will_answer("GetDiagnostics", b"{}")

    reply = await admin.post("/stations/CP-1/logs", json={})

    assert reply.json()["outcome"] == "refused"
    assert (await log(admin, reply.json()["answer"]["number"]))["state"] == "refused"


async def test_an_order_that_never_left_does_not_look_busy(
    api: Api, admin: httpx.AsyncClient
) -> None:
    await admin.put("/stations/CP-9", json={"status": "accepted"})
    image = (await add(admin)).json()["id"]

    update = await admin.post("/stations/CP-9/firmware", json={"image": image})
    wanted = await admin.post("/stations/CP-9/logs", json={})

    assert (update.status_code, wanted.status_code) == (409, 409)
    [noted] = (await admin.get("/stations/CP-9/firmware")).json()["items"]
    assert (noted["state"], noted["detail"]) == ("refused", "the station is not connected")
    assert (await admin.get("/logs")).json()["items"][0]["state"] == "refused"


# Campaigns


async def test_a_campaign_is_begun_paused_and_cancelled(api: Api, admin: httpx.AsyncClient) -> None:
    await station(api, admin)
    image = (await add(admin)).json()["id"]
    body = {"image": image, "which": {"vendor": "Stellavolt"}, "plan": {"pause": "PT1M"}}

    begun = (await admin.post("/firmware/campaigns", json=body)).json()
    path = f"/firmware/campaigns/{begun['id']}"
    paused = (await admin.post(f"{path}/pause")).json()
    twice = await admin.post(f"{path}/pause")
    resumed = (await admin.post(f"{path}/resume")).json()
    cancelled = (await admin.post(f"{path}/cancel")).json()

    assert (begun["state"], begun["counts"], begun["plan"]["pause"]) == (
        "running",
        {"waiting": 1},
        "PT60S",
    )
    assert (paused["state"], twice.status_code) == ("paused", 409)
    assert (resumed["state"], cancelled["counts"]) == ("running", {"cancelled": 1})
    targets = (await admin.get(f"{path}/stations")).json()["items"]
    assert [(each["station"], each["state"]) for each in targets] == [("CP-1", "cancelled")]


async def test_a_campaign_for_nobody_makes_no_sense(admin: httpx.AsyncClient) -> None:
    image = (await add(admin)).json()["id"]

    reply = await admin.post(
        "/firmware/campaigns", json={"image": image, "which": {"model": "none"}}
    )

    assert (reply.status_code, reply.json()["detail"]) == (
        422,
        "no station fits; choose others",
    )

"""The messages of a charging session, as raw stations of each family send them."""

from datetime import timedelta
from typing import Any

from ricarica.transactions.model import Transaction
from tests.conformance.peer import Json, Peer

TAG = "TAG-1"
REF = "5a1c2e5c-0000-4000-8000-000000000001"  # what a 2.x station calls its transaction


def later(peer: Peer, **time: float) -> str:
    """The time so much later, or earlier if negative, as a station writes it."""
    at = peer.network.clock.now() + timedelta(**time)
    return at.strftime("%Y-%m-%dT%H:%M:%S.000Z")


async def only_transaction(peer: Peer) -> Transaction:
    found = await peer.network.transactions(peer.station)
    assert len(found) == 1, f"{len(found)} transactions instead of one"
    return found[0]


async def no_transaction(peer: Peer) -> bool:
    return not await peer.network.transactions(peer.station)


# 1.6


async def show(peer: Peer, status: str, connector: int = 1, error: str = "NoError") -> None:
    said = {"connectorId": connector, "status": status, "errorCode": error}
    assert await peer.says("StatusNotification", said | {"timestamp": peer.now}) == {}


async def authorize(peer: Peer, tag: str = TAG) -> Any:
    return (await peer.says("Authorize", {"idTag": tag}))["idTagInfo"]


async def start(peer: Peer, **more: Any) -> Json:
    said = {"connectorId": 1, "idTag": TAG, "meterStart": 1000, "timestamp": peer.now}
    return await peer.says("StartTransaction", said | more)


async def stop(peer: Peer, number: int, **more: Any) -> Json:
    said = {"transactionId": number, "meterStop": 3000, "timestamp": peer.now}
    return await peer.says("StopTransaction", said | more)


async def charging(peer: Peer, **more: Any) -> int:
    """Authorized, plugged in and charging; the transaction's number."""
    await authorize(peer, more.get("idTag", TAG))
    await show(peer, "Preparing")
    answer = await start(peer, **more)
    assert answer["idTagInfo"]["status"] == "Accepted"
    await show(peer, "Charging")
    number: int = answer["transactionId"]
    return number


# 2.x


async def report(peer: Peer, status: str, evse: int = 1, connector: int = 1) -> None:
    said = {"connectorStatus": status, "evseId": evse, "connectorId": connector}
    assert await peer.says("StatusNotification", said | {"timestamp": peer.now}) == {}


def token(uid: str = TAG, kind: str = "ISO14443") -> Json:
    return {"idToken": uid, "type": kind}


async def authorized(peer: Peer, given: Json | None = None, **more: Any) -> Any:
    said = {"idToken": given or token()} | more
    return (await peer.says("Authorize", said))["idTokenInfo"]


async def event(
    peer: Peer, kind: str, trigger: str, seq_no: int, info: Json | None = None, **more: Any
) -> Json:
    said = {
        "eventType": kind,
        "timestamp": peer.now,
        "triggerReason": trigger,
        "seqNo": seq_no,
        "transactionInfo": {"transactionId": REF} | (info or {}),
    }
    return await peer.says("TransactionEvent", said | more)


def energy(peer: Peer, register_wh: float, context: str = "Sample.Periodic") -> list[Json]:
    return [
        {
            "timestamp": peer.now,
            "sampledValue": [
                {
                    "value": register_wh,
                    "context": context,
                    "measurand": "Energy.Active.Import.Register",
                    "unitOfMeasure": {"unit": "Wh"},
                }
            ],
        }
    ]


EVSE = {"id": 1, "connectorId": 1}


async def charging_2(peer: Peer, given: Json | None = None) -> None:
    """Authorized, plugged in and charging, by three events."""
    who = given or token()
    assert (await authorized(peer, who))["status"] == "Accepted"
    await report(peer, "Occupied")
    values = energy(peer, 1000, "Transaction.Begin")
    told = await event(
        peer,
        "Started",
        "CablePluggedIn",
        0,
        {"chargingState": "EVConnected"},
        evse=EVSE,
        idToken=who,
        meterValue=values,
    )
    assert told["idTokenInfo"]["status"] == "Accepted"
    await event(peer, "Updated", "ChargingStateChanged", 1, {"chargingState": "Charging"})


async def ended(peer: Peer, trigger: str, reason: str, seq_no: int = 2, **more: Any) -> Json:
    values = energy(peer, 3000, "Transaction.End")
    info = {"chargingState": "EVConnected", "stoppedReason": reason}
    return await event(peer, "Ended", trigger, seq_no, info, meterValue=values, **more)

"""A station for load: a few hundred bytes of state, and just enough words of OCPP."""

import json
import random
import time
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from enum import IntEnum
from socket import socket

VERSIONS = ("ocpp1.6", "ocpp2.0.1")
TOKEN = "BENCH"  # noqa: S105 - what a driver shows, no secret
STEP_WH = 45  # between two samples: 10.8 kW for 15 s
FOREVER = "forever"  # a transaction of 2.x has a name of its own choice


class Stage(IntEnum):
    OUT = 0
    CONNECTING = 1  # TCP
    SHAKING = 2  # TLS
    UPGRADING = 3
    BOOTING = 4
    STARTING = 5  # its one transaction
    IN = 6


class Charge:
    """A transaction that never ends, and its samples until the server has answered them."""

    __slots__ = ("answered", "begun", "known", "measured", "queue", "ref")

    def __init__(self) -> None:
        self.ref: int | str = 0
        self.begun = ""  # when, since it was tried
        self.known = False  # to the server
        self.measured = 0
        self.answered = 0
        self.queue: deque[tuple[int, str]] = deque()

    def take_answer(self, answer: str) -> None:
        if self.known:
            self.queue.popleft()
            self.answered += 1
            return
        self.known = True
        if not self.ref:
            self.ref = json.loads(answer)[2]["transactionId"]

    def sample(self) -> None:
        """Measure once; nothing is ever thrown away."""
        self.measured += 1
        self.queue.append((self.measured, now_text()))


class Station:
    __slots__ = (
        "attempt",
        "backoff_s",
        "buffer",
        "charge",
        "connect_at",
        "lost_at",
        "name",
        "number",
        "said",
        "said_at",
        "socket",
        "stage",
        "waits_for",
    )

    def __init__(self, number: int, *, charges: bool) -> None:
        self.number = number
        self.name = f"BENCH-{number}"
        self.charge = Charge() if charges else None
        self.socket: socket | None = None
        self.stage = Stage.OUT
        self.buffer = b""
        self.said = 0
        self.said_at = 0.0
        self.waits_for = ""  # the action of the CALL that has no answer yet
        self.connect_at = 0.0
        self.lost_at = 0.0
        self.attempt = 0  # since it was lost
        self.backoff_s = 0.0

    @property
    def subprotocol(self) -> str:
        return VERSIONS[self.number % len(VERSIONS)]

    @property
    def is_16(self) -> bool:
        return self.subprotocol == "ocpp1.6"

    @property
    def address(self) -> str:
        """One of its own, as behind no router. All of 127.0.0.0/8 is this machine."""
        return f"127.{64 + (self.number >> 16)}.{self.number >> 8 & 255}.{self.number & 255}"

    # -- what it says; each gives the action and its payload

    def boot(self) -> tuple[str, str]:
        if self.is_16:
            return "BootNotification", '{"chargePointVendor":"Bench","chargePointModel":"B1"}'
        return "BootNotification", (
            '{"chargingStation":{"vendorName":"Bench","model":"B1"},"reason":"PowerUp"}'
        )

    def start(self) -> tuple[str, str]:
        assert self.charge, "only those that charge start"
        # Kept, so that a repeat is one.
        self.charge.begun = self.charge.begun or now_text()
        if self.is_16:
            return "StartTransaction", (
                f'{{"connectorId":1,"idTag":"{TOKEN}","meterStart":0,'
                f'"timestamp":"{self.charge.begun}"}}'
            )
        self.charge.ref = FOREVER
        token = f'"idToken":{{"idToken":"{TOKEN}","type":"ISO14443"}}'
        return "TransactionEvent", _event("Started", 0, self.charge.begun, token)

    def report(self) -> tuple[str, str]:
        """The oldest sample that has no answer."""
        assert self.charge, "only those that charge report"
        number, at = self.charge.queue[0]
        if self.is_16:
            sample = _sample(number, at, '"')
            return (
                "MeterValues",
                f'{{"connectorId":1,"transactionId":{self.charge.ref},{sample}}}',
            )
        return "TransactionEvent", _event("Updated", number, at, _sample(number, at, ""))

    def take_answer(self, action: str, answer: str) -> bool:
        """Note what an answer tells; False: the station is not to go on."""
        if action == "BootNotification":
            return '"Accepted"' in answer
        if self.charge and action != "Heartbeat":
            self.charge.take_answer(answer)
        return True


def backoff_s(station: Station, rng: random.Random, wait_minimum_s: float, range_s: float) -> float:
    """How long to wait before the next attempt.

    Stations of 1.6 know no rule: they come within three seconds, and then every five to fifteen.
    Those of 2.x wait for RetryBackOffWaitMinimum and a random time, and then twice as long.
    """
    if station.is_16:
        return rng.uniform(5.0, 15.0) if station.attempt else rng.uniform(0.0, 3.0)
    last = station.backoff_s * 2 if station.attempt else wait_minimum_s
    return last + rng.uniform(0.0, range_s)


def now_text(clock: Callable[[], float] = time.time) -> str:
    now = datetime.fromtimestamp(clock(), UTC)
    return f"{now:%Y-%m-%dT%H:%M:%S}.{now.microsecond:06d}Z"


def _event(kind: str, number: int, at: str, more: str) -> str:
    return (
        f'{{"eventType":"{kind}","timestamp":"{at}","triggerReason":"MeterValuePeriodic",'
        f'"seqNo":{number},"transactionInfo":{{"transactionId":"{FOREVER}",'
        f'"chargingState":"Charging"}},"evse":{{"id":1,"connectorId":1}},{more}}}'
    )


def _sample(number: int, at: str, quote: str) -> str:
    """What an ordinary station samples: the register, the power, and a current per phase."""
    values = [
        ("Energy.Active.Import.Register", "", number * STEP_WH),
        ("Power.Active.Import", "", 10_800),
        *(("Current.Import", f',"phase":"{phase}"', 15.7) for phase in ("L1", "L2", "L3")),
    ]
    sampled = ",".join(
        f'{{"value":{quote}{value}{quote},"measurand":"{name}"{phase}}}'
        for name, phase, value in values
    )
    return f'"meterValue":[{{"timestamp":"{at}","sampledValue":[{sampled}]}}]'

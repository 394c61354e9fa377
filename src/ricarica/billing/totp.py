"""One-time passwords of dynamic QR codes, version 1. OCPP 2.1 C25

A code on a sticker could have been pasted over; one that changes twice a minute cannot.
"""

import hashlib
import hmac
from datetime import datetime, timedelta

ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
OFFSET_BITS = 0x0F


def totp(secret: str, at: datetime, validity: timedelta, length: int) -> str:
    return _of_slot(secret, int(at.timestamp()) // int(validity.total_seconds()), length)


def is_totp(text: str, secret: str, at: datetime, validity: timedelta, length: int) -> bool:
    """Of this moment's slot, or of the one before or after: clocks differ, and people are slow."""
    moments = (at - validity, at, at + validity)
    given = text.encode()
    # Each is compared, in the same time, so that nobody learns how much of it was right.
    matches = [
        hmac.compare_digest(totp(secret, moment, validity, length).encode(), given)
        for moment in moments
    ]
    return any(matches)


def _of_slot(secret: str, slot: int, length: int) -> str:
    digest = hmac.new(secret.encode(), slot.to_bytes(8, "big"), hashlib.sha256).digest()
    offset = digest[-1] & OFFSET_BITS
    places = (digest[(offset + at) % len(digest)] for at in range(length))
    return "".join(ALPHABET[place % len(ALPHABET)] for place in places)

"""Secrets do not reach the log of messages."""

import re

MASK = b'"***"'
# Actions that can carry a secret; all others are logged as they are, at no cost.
SECRETIVE = frozenset(
    {
        "ChangeConfiguration",
        "GetConfiguration",
        "GetVariables",
        "NotifyReport",
        "SetNetworkProfile",
        "SetVariables",
        "UpdateFirmware",
        "GetLog",
        "GetDiagnostics",
    }
)
_NAMES = rb"AuthorizationKey|BasicAuthPassword"
_STRING = rb'"(?:[^"\\]|\\.)*"'
_PASSWORD_MEMBER = re.compile(
    rb'("(?:basicAuthPassword|password|vpnPassword|apnPassword)":)' + _STRING
)
_VALUE_OF_SECRET = re.compile(rb'("(?:value|attributeValue)":)' + _STRING)
_USER_INFO = re.compile(rb"(//[^/@\s\"]+:)[^/@\s\"]+(@)")
_NAMED = re.compile(_NAMES)


def redacted(action: str, payload: bytes) -> bytes:
    """The payload with passwords, keys and credentials in addresses masked."""
    if action not in SECRETIVE:
        return payload
    masked = _PASSWORD_MEMBER.sub(rb"\1" + MASK, payload)
    masked = _USER_INFO.sub(rb"\1***\2", masked)
    if _NAMED.search(masked):
        # Which of several values is the secret one is not worth a parser: mask them all.
        masked = _VALUE_OF_SECRET.sub(rb"\1" + MASK, masked)
    return masked

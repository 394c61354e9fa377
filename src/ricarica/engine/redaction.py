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
        "SignedUpdateFirmware",
        "PublishFirmware",
        "GetLog",
        "GetDiagnostics",
    }
)
_NAMES = rb"AuthorizationKey|BasicAuthPassword|SharedSecret"
_STRING = rb'"(?:[^"\\]|\\.)*"'
_PASSWORD_MEMBER = re.compile(
    rb'("(?:basicAuthPassword|password|vpnPassword|apnPassword)"\s*:\s*)' + _STRING
)
_VPN_KEY = re.compile(rb'("key"\s*:\s*)' + _STRING)  # elsewhere it is the name of a setting
_VALUE_OF_SECRET = re.compile(rb'("(?:value|attributeValue)"\s*:\s*)' + _STRING)
# No colon in the user's name: with two ways to split a run of colons, a long one takes hours.
_USER_INFO = re.compile(rb"(//[^/@:\s\"]*:)[^/@\s\"]+(@)")
_NAMED = re.compile(_NAMES, re.IGNORECASE)  # names of settings are compared without case


def redacted(action: str, payload: bytes) -> bytes:
    """The payload with passwords, keys and credentials in addresses masked."""
    if action not in SECRETIVE:
        return payload
    masked = _PASSWORD_MEMBER.sub(rb"\1" + MASK, payload)
    if action == "SetNetworkProfile":
        masked = _VPN_KEY.sub(rb"\1" + MASK, masked)
    masked = _USER_INFO.sub(rb"\1***\2", masked)
    if _NAMED.search(masked):
        # Which of several values is the secret one is not worth a parser: mask them all.
        masked = _VALUE_OF_SECRET.sub(rb"\1" + MASK, masked)
    return masked

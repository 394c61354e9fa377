"""Secrets do not reach the log of messages: where they stand is known by their path.

What is rewritten is a few rare actions; all others are looked through once for a PIN.
"""

import re
from typing import Any

import msgspec

MASK = "***"
# Actions that can carry a secret; all others are logged as they are, at next to no cost.
SECRETIVE = frozenset(
    {
        "CertificateSigned",
        "ChangeConfiguration",
        "DataTransfer",
        "GetConfiguration",
        "GetDiagnostics",
        "GetLog",
        "GetVariables",
        "InstallCertificate",
        "NotifyEvent",
        "NotifyMonitoringReport",
        "NotifyReport",
        "PublishFirmware",
        "SetNetworkProfile",
        "SetVariables",
        "SignedUpdateFirmware",
        "UpdateFirmware",
    }
)
# What it carries is somebody's private life; where that is kept, it is kept for days. N09
PRIVATE = frozenset({"CustomerInformation", "NotifyCustomerInformation"})
# Variables and keys whose values are secret, in lower case: names are compared without case.
SECRET_NAMES = frozenset(
    {
        "authorizationkey",
        "basicauthpassword",
        "sharedsecret",
        "apnpassword",
        "vpnpassword",
        "vpnkey",
        "simpin",
        "wifipassword",
        "password",
    }
)
# Members whose values are secret wherever they stand.
SECRET_MEMBERS = frozenset(
    {"basicAuthPassword", "password", "vpnPassword", "apnPassword", "simPin"}
)
# Members that hold the value of what is named beside them.
VALUES = frozenset({"value", "attributeValue", "actualValue"})
TOKEN_MEMBERS = rb"idToken|idTag|parentIdTag|groupIdToken"

_HINTS = (b"password", b"authorizationkey", b"sharedsecret", b"vpn", b"simpin")
_STRING = rb'"(?:[^"\\]|\\.)*"'
_MASKED = b'"***"'
_MEMBER = re.compile(
    rb'("(?:basicAuthPassword|password|vpnPassword|apnPassword)"\s*:\s*)' + _STRING
)
_VALUE = re.compile(rb'("(?:value|attributeValue|actualValue)"\s*:\s*)' + _STRING)
# No colon in the user's name: with two ways to split a run of colons, a long one takes hours.
_USER_INFO = re.compile(rb"(//[^/@:\s\"]*:)[^/@\s\"]+(@)")
# Ours, which open a file to whoever knows them; and those in the addresses of other servers.
_LINK = re.compile(rb"(/files/(?:firmware|logs)/)[^/\"\s]+")
_QUERY = re.compile(
    rb"([?&](?:token|sig|signature|key|password|x-amz-signature|x-amz-credential)=)[^&\"\s]+",
    re.IGNORECASE,
)
_DATA = re.compile(rb'("(?:data|customerIdentifier)"\s*:\s*)' + _STRING)
_PRIVATE_KEY = re.compile(rb"(-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----)[^-\"]+")
_PIN = b'"KeyCode"'
_BETWEEN_BRACES = re.compile(rb"[^{}]+")
_TOKEN = re.compile(rb'("(?:%b)"\s*:\s*)"((?:[^"\\]|\\.)*)"' % TOKEN_MEMBERS)
SHOWN_OF_TOKEN = 4  # characters at its end, which tell tokens apart and open no door


def redacted(action: str, payload: bytes, *, hides_tokens: bool = False) -> bytes:
    """The payload without passwords, keys, PINs, and credentials in addresses.

    Args:
        hides_tokens: Leave only the end of each token, too.
    """
    if action in SECRETIVE:
        payload = _without_secrets(action, payload)
    elif action in PRIVATE:
        payload = _DATA.sub(rb"\1" + _MASKED, payload)
    if _PIN in payload:
        payload = _without_pins(_BETWEEN_BRACES.sub(_without_pin, payload))
    return _TOKEN.sub(_end_of_token, payload) if hides_tokens else payload


def _without_secrets(action: str, payload: bytes) -> bytes:
    # To look for a few words is much quicker than to look through a long text by expressions.
    folded = payload.lower()
    if any(hint in folded for hint in _HINTS):
        payload = _by_path(action, payload)
    masked = _USER_INFO.sub(rb"\1***\2", payload) if b"//" in payload else payload
    masked = _LINK.sub(rb"\1***", masked) if b"/files/" in masked else masked
    masked = _QUERY.sub(rb"\1***", masked) if b"?" in masked or b"&" in masked else masked
    return _PRIVATE_KEY.sub(rb"\1***", masked) if b"PRIVATE KEY" in masked else masked


def _by_path(action: str, payload: bytes) -> bytes:
    try:
        content = msgspec.json.decode(payload)
        if not _mask(content, hides_key=action == "SetNetworkProfile"):
            return payload  # as it was written, to the last blank
        return msgspec.json.encode(content)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        # Nobody can tell what is what in it: all that could be one is masked.
        return _VALUE.sub(rb"\1" + _MASKED, _MEMBER.sub(rb"\1" + _MASKED, payload))


def _mask(content: Any, *, hides_key: bool) -> bool:
    """Mask what is secret, in place; whether there was anything."""
    if isinstance(content, list):
        masked = [_mask(each, hides_key=hides_key) for each in content]
        return any(masked)
    if not isinstance(content, dict):
        return False
    found = False
    for member, value in content.items():
        is_secret = member in SECRET_MEMBERS or (hides_key and member == "key")
        if is_secret and isinstance(value, str | int):
            content[member] = MASK
            found = True
    if _is_named_secret(content):
        found = _mask_values(content) or found
    parts = [_mask(value, hides_key=hides_key) for value in content.values()]
    return found or any(parts)


def _is_named_secret(holder: dict[str, Any]) -> bool:
    """`key` of 1.6, or the name of the variable of 2.x that stands beside the value."""
    variable = holder.get("variable")
    name = variable.get("name") if isinstance(variable, dict) else holder.get("key")
    return isinstance(name, str) and name.strip().casefold() in SECRET_NAMES


def _mask_values(holder: dict[str, Any]) -> bool:
    found = False
    for member, value in holder.items():
        if member in VALUES and value is not None:
            holder[member] = MASK
            found = True
        elif isinstance(value, list):  # variableAttribute, variableMonitoring
            parts = [_mask_values(each) for each in value if isinstance(each, dict)]
            found = found or any(parts)
    return found


def _without_pin(part: "re.Match[bytes]") -> bytes:
    """A token of kind KeyCode is what somebody types: it is a password."""
    text = part.group()
    return _TOKEN.sub(rb"\1" + _MASKED, text) if _PIN in text else text


def _without_pins(payload: bytes) -> bytes:
    """A PIN may stand before other braces, and its kind after them."""
    try:
        content = msgspec.json.decode(payload)
        return msgspec.json.encode(content) if _mask_pins(content) else payload
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return _TOKEN.sub(rb"\1" + _MASKED, payload)


def _mask_pins(content: Any) -> bool:
    """Mask them in place; whether there was any that is not masked yet."""
    if isinstance(content, list):
        masked = [_mask_pins(each) for each in content]
        return any(masked)
    if not isinstance(content, dict):
        return False
    parts = [_mask_pins(each) for each in content.values()]
    is_pin = content.get("type") == "KeyCode" and content.get("idToken", MASK) != MASK
    if is_pin:
        content["idToken"] = MASK
    return is_pin or any(parts)


def _end_of_token(member: "re.Match[bytes]") -> bytes:
    name, token = member.groups()
    return name + b'"***' + token[-SHOWN_OF_TOKEN:].lstrip(b"\\") + b'"'

"""What findings say, and what to do about them, in plain words."""

from typing import NamedTuple


class Words(NamedTuple):
    text: str
    remedy: str = ""


def msgid(text: str) -> str:
    """Mark a text that the pages translate."""
    return text


WORDS: dict[str, Words] = {
    "address_unknown": Words(
        msgid("Under which address stations reach this server is not configured."),
        msgid("Set stations_url, and this check looks at its name and its certificate."),
    ),
    "name_unknown": Words(
        msgid("The name %(host)s leads nowhere: DNS has no address for it."),
        msgid("Add a DNS record for it, or correct stations_url."),
    ),
    "address_dead": Words(
        msgid("Nobody answers at %(url)s: %(problem)s"),
        msgid("Look at the firewall, the port forwarding and the proxy before this server."),
    ),
    "address_ok": Words(msgid("%(url)s can be reached.")),
    "certificate_names": Words(
        msgid("The certificate shown at %(url)s is not for %(host)s."),
        msgid("Get a certificate that names it: stations refuse any other."),
    ),
    "certificate_trust": Words(
        msgid("The certificate shown at %(url)s is signed by an authority of your own."),
        msgid("Stations need its root: add it as a root for this server."),
    ),
    "certificate_expired": Words(
        msgid("The certificate of this server has expired on %(date)s."),
        msgid("Renew it: stations stay away from an expired one."),
    ),
    "certificate_expires": Words(
        msgid("The certificate of this server expires in %(days)s days."), msgid("Renew it.")
    ),
    "never_came": Words(
        msgid("Nobody has registered %(identity)s, and nobody has come by that name."),
        msgid("Check the address in the station: it ends with its identity, as in /%(identity)s."),
    ),
    "identity_alike": Words(
        msgid("Nobody has registered %(identity)s, but there is %(names)s."),
        msgid("Correct the identity in the station's address, or register this one too."),
    ),
    "unknown": Words(
        msgid("Nobody has registered %(identity)s."), msgid("Register it, or approve it.")
    ),
    "unknown_refused": Words(
        msgid("Nobody has registered %(identity)s, and unknown stations are refused."),
        msgid("Register it before it connects."),
    ),
    "pending": Words(
        msgid("It waits for approval."), msgid("Approve it among the pending stations.")
    ),
    "blocked": Words(msgid("It is blocked."), msgid("Accept it again if it is to connect.")),
    "registered": Words(msgid("It is registered and accepted.")),
    "refused_unknown": Words(
        msgid("It was turned away, for nobody has registered it. It came from %(remote)s."),
        msgid("Register it."),
    ),
    "refused_blocked": Words(
        msgid("It was turned away, for it is blocked."), msgid("Accept it again.")
    ),
    "refused_wrong_password": Words(
        msgid("It came with a wrong password, from %(remote)s."),
        msgid("Set the same password here and in the station."),
    ),
    "refused_no_password": Words(
        msgid("It came without a password, from %(remote)s."),
        msgid("Set the password in the station, or take it away here."),
    ),
    "refused_not_secure": Words(
        msgid("It came without TLS, and its security profile demands it."),
        msgid("Put wss:// and the port for TLS into the station's address."),
    ),
    "refused_wrong_certificate": Words(
        msgid("It showed a certificate that names another station."),
        msgid("The name in it has to be the station's serial number or identity."),
    ),
    "refused_no_certificate": Words(
        msgid("It showed no certificate, and its security profile demands one."),
        msgid("Have it ask for a certificate, or lower its security profile here."),
    ),
    "refused_no_common_dialect": Words(
        msgid("It offered %(offered)s, and nothing of that is spoken here."),
        msgid("Set the station to OCPP 1.6, 2.0.1 or 2.1 over WebSocket with JSON."),
    ),
    "refused_no_subprotocol": Words(
        msgid("It did not say which OCPP it speaks."),
        msgid("If its software cannot be mended, say on its page what it speaks."),
    ),
    "refused_other_user": Words(
        msgid("The user name it came with is not its identity."),
        msgid("OCPP demands that they are the same: correct the user name in the station."),
    ),
    "refused_unreadable_credentials": Words(
        msgid("Its credentials could not be read: only HTTP Basic is known here."),
        msgid("Set the station to HTTP Basic authentication."),
    ),
    "refused_too_often": Words(
        msgid("It came too often, and was told to wait."),
        msgid("Mend what it was turned away for first; then it is let in within a few minutes."),
    ),
    "refused_crowded": Words(
        msgid("It came while too many others did, and was told to come later."),
        msgid("Wait a few minutes."),
    ),
    "password_awaited": Words(
        msgid("It was given a new password, and has not come with it yet."),
        msgid("Restart it if it does not come back by itself."),
    ),
    "profile_awaited": Words(
        msgid("It was led to security profile %(profile)s, and has not come by it yet."),
        msgid("Restart it if it does not come back by itself."),
    ),
    "password_missing": Words(
        msgid("Security profile %(profile)s needs a password, and none is set here."),
        msgid("Set one here and in the station."),
    ),
    "own_certificate_expired": Words(
        msgid("Its own certificate has expired on %(date)s."), msgid("Have it ask for a new one.")
    ),
    "never_connected": Words(
        msgid("It has never connected."),
        msgid("Check its address, its network and its SIM card."),
    ),
    "disconnected": Words(
        msgid("It is not connected."), msgid("Check whether it has power and network.")
    ),
    "never_booted": Words(
        msgid("It is connected, and has never sent a BootNotification."),
        msgid("Ask it to boot: trigger a BootNotification, or restart it."),
    ),
    "connected": Words(msgid("It is connected and speaks OCPP %(dialect)s.")),
    "flapping": Words(
        msgid("It connected %(count)s times within the last hour."),
        msgid("Look at its mobile network, and shorten the interval of its pings."),
    ),
    "silent": Words(
        msgid("It is connected, but has said nothing for %(minutes)s minutes."),
        msgid("Its heartbeat interval may be too long, or its software hangs: restart it."),
    ),
    "clock_ahead": Words(
        msgid("Its clock is %(minutes)s minutes fast."),
        msgid("Look at its time server and its time zone; OCPP tells times in UTC."),
    ),
    "clock_behind": Words(
        msgid("Its clock is %(minutes)s minutes slow."),
        msgid("Look at its time server and its time zone; OCPP tells times in UTC."),
    ),
    "mended": Words(
        msgid("%(count)s of its last messages departed from the rules and were mended."),
        msgid("Nothing has to be done; a newer firmware may do better."),
    ),
    "put_aside": Words(
        msgid("%(count)s of its messages could not be read, and were put aside."),
        msgid("They are read once more with a newer version of this server."),
    ),
    "error": Words(msgid("%(action)s ended with %(outcome)s."), msgid("Its messages tell more.")),
    "faulted": Words(
        msgid("EVSE %(evse)s reports a fault: %(why)s"),
        msgid("Restart it; if that does not help, somebody has to go there."),
    ),
    "unavailable": Words(
        msgid("EVSE %(evse)s is out of service."),
        msgid("Put it back into service if that was not meant."),
    ),
    "token_refused": Words(
        msgid("The token %(token)s was refused: %(verdict)s."), msgid("Look at the token.")
    ),
}

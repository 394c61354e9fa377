"""Every bound of the stations' door, with its reason."""

from dataclasses import dataclass

from ricarica.station_gateway.throttle import Rate

_PER_REMOTE = Rate(per_s=2.0, burst=100)  # many stations may share one address
_PER_IDENTITY = Rate(per_s=0.1, burst=10)
_REFUSALS = Rate(per_s=20.0, burst=100)
_FLEETING = Rate(per_s=20.0, burst=500)
_VISITS = Rate(per_s=1.0, burst=240)  # each costs commits; a bad line makes one a second
_ARRIVALS = Rate(per_s=900.0, burst=900)  # TLS costs about a millisecond of the processor each
_ENTRIES = Rate(per_s=300.0, burst=30)  # each brings a boot and a dozen messages with it
# One that waits for each answer sends no more; whoever does not costs a commit for each.
_PER_STATION = Rate(per_s=100.0, burst=500)


@dataclass(frozen=True, slots=True)
class GatewayLimits:
    # -- before the handshake is done
    connections_max: int = 100_000  # sockets; about 2 GiB with TLS
    arrivals: Rate = _ARRIVALS  # new connections, before anything is read of them
    # Who comes faster than that waits its turn: one of them may charge, and nobody knows who.
    arrival_wait_s: float = 5.0  # half of what a handshake may take
    entries: Rate = _ENTRIES  # handshakes; beyond it only stations that charge come in
    # Asked about at a time: a core with too much to do is not asked for more by the second.
    entries_at_once: int = 100
    # One after the other, so that those who are connected have their turns between them. Whoever
    # waits longer is told to come again, which costs both sides more than to wait.
    entry_wait_s: float = 5.0
    handshakes_max: int = 4_000  # that have begun and not been finished; 20 KiB each with TLS
    handshake_s: float = 10.0  # TLS and the request: a station on GPRS needs about 3 s
    # Reads, each of which costs as much as a small message, however little it brings.
    drips_free: int = 16  # in a row that complete nothing; then about one in a second
    crowded_retry_s: float = 30.0  # after how long to come again, give or take a half
    admit_s: float = 15.0  # the core may have to wait for its database
    failures_per_remote: Rate = _PER_REMOTE
    failures_per_identity: Rate = _PER_IDENTITY
    visits: Rate = _VISITS  # successful handshakes of one identity from one address
    # Of an address; what is more is answered late, so that what follows it comes late.
    refusals: Rate = _REFUSALS
    refused_late_s: float = 1.0  # a station comes again after some seconds at the earliest
    stuck_per_remote: int = 500  # that wait for such an answer; the others hear it at once
    stuck_max: int = 2_000  # 20 KiB each with TLS
    # Of an address, whoever was there; beyond it they are let in a little late.
    fleeting_visits: Rate = _FLEETING
    fleeting_s: float = 10.0  # what is shorter has cost more than it was good for
    fleeting_wait_s: float = 0.25
    names_max: int = 20_000  # addresses and identities whose failures are remembered
    # Connections that ended for a bad frame: beyond so many, lately, the next has to wait.
    offences_free: int = 3  # of an identity from one address
    offences_free_per_remote: int = 30  # many stations may share one address
    penance_s: float = 5.0  # at most; a station gives a handshake 10 s or more

    # -- frames
    message_bytes_max: int = 1 << 20  # after inflation; the largest seen are NotifyReport and Stop
    stranger_bytes_max: int = 64 << 10  # before the first boot; a BootNotification has 1 KiB
    fragments_max: int = 4_096  # of one message; each costs us as much as a small message
    messages: Rate = _PER_STATION  # beyond it we stop reading, so that TCP makes the station wait
    waiting_max: int = 32  # CALLs of one station that wait for their turn; a proper one has none
    unheard_bytes_max: int = 256 << 10  # after a close frame; then the peer is not listening
    message_s: float = 300.0  # for one message to arrive; a MiB over GPRS takes about that
    notes_max: int = 50  # remarks on one station that go to the log, between two checks
    write_buffer_bytes_max: int = 1 << 20  # a peer that reads nothing is closed

    # -- our calls
    asks_max: int = 100  # waiting for their turn at one station
    first_ask_after_s: float = 5.0  # unless the station has had an answer before that
    unanswered_asks_noted: int = 2  # in a row, while the station is alive
    # Some go deaf after idling for long, and only a new connection makes them hear again.
    deaf_after_s: float = 600.0

    # -- is it still there?
    ping_s: float = 60.0  # give or take a tenth, so that pings do not come in waves
    missed_pings_max: int = 3
    silence_max_s: float = 900.0  # for a station that never answers pings
    close_s: float = 5.0  # how long a close frame may stay unanswered

    # -- two connections of one station
    probe_s: float = 5.0  # how long the older may take to answer a ping
    swaps_max: int = 5
    swaps_window_s: float = 600.0
    claims_max: int = 3  # newcomers of one station that wait for a ruling

    # -- going away
    drain_s: float = 10.0  # for answers that are still being decided
    drain_batch: int = 200  # closed at a time, so that stations do not all come back at once
    drain_pause_s: float = 0.25

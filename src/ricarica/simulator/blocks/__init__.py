"""What a simulated station can do, one module a functional block.

A module `blocks/<block>.py` ends with a literal `BLOCK = Block("<block>", …)`, and the tuple
`BLOCKS` in `blocks/registered.py` names it. What two blocks both claim is an error. A block gives
any of these (`simulator.core.Block`):

- `commands`: for each request type of the server, of either family, a function
  `(station, request) -> response`; None where this station cannot do it, which is answered with
  NotImplemented. An action that a dialect does not have never gets here.
- `triggers_v16`, `triggers_v2`: what TriggerMessage and ExtendedTriggerMessage may ask for, by the
  topic's name: `(station, evses) -> whether there was anything to say`. `custom_triggers` are
  those of a maker's own. (2.1 F06.FR.20)
- `settings`: `settings.Setting`s, each with its 1.6 key, its place in 2.x, or both; read them with
  `station.settings.integer("name")` and the like.
- `variables`: functions `(station) -> Described …`, for what the device model shows and nobody
  sets.
- `after_boot`: called once each time the server accepted a boot after a start.
- `sayings`: what the station can say of its own accord, by name: `(station, **texts) -> None`.
  Stories call `simulated.say("name", …)`, or the block's own functions with richer arguments and
  then `settle`; people write `ricarica simulate --say name:key=value,key=value`.

In a block's functions `station` is a `core.Station`:

- `station.ask(payload, then)` says something and hears the answer (`core.Answered`, `Refused` or
  `Unanswered`); with `before_acceptance=True` even before the boot was accepted.
- `station.send(payload)` says what is never answered. (2.1 SEND)
- `station.memory(Kind)` is the one object of your class `Kind` that this station keeps, made
  without arguments at its first use. It survives a reboot.
- `station.later(timedelta, act)` does something when time has passed; stories let it pass with
  `network.pass_time`.
- `station.clock` is the time to write into messages, `station.now` the time to count with,
  `station.rng` the only source of chance, `station.dialect` what is spoken.
- `station.make.lacks` names blocks to build a station without, for stories in which a command is
  not known.
"""

"""Letters between sockets and decisions, within a process or over NATS."""

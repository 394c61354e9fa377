"""The stations' door: handshakes, TLS, sockets, and who is let in when."""

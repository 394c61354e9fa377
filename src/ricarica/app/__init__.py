"""Which process this is: configuration, wiring, roles, and what watches over it."""

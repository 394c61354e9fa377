"""Reading what the engine keeps, for screens."""

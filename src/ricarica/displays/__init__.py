"""Messages on the displays of stations."""

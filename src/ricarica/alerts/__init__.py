"""Rules that make somebody look at what happened."""

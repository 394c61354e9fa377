"""EVSEs that stations hold for drivers."""

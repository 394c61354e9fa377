"""Ids, instants, quantities, money, errors and events; the standard library only."""

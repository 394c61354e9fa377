"""Stations: identity, sites, EVSEs and connectors, boot, status, habits."""

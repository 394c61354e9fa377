"""Payments of drivers without a contract, their receipts, and numbers of companies."""

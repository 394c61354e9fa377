"""What each version of OCPP says, in our words and back. Pure."""

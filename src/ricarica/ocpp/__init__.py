"""OCPP on the wire, and nothing of ours: messages, frames, the conversation."""

"""Settings, the device model, and templates that keep stations in step."""

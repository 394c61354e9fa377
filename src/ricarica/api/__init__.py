"""What programs can do over HTTP."""

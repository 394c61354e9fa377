"""What each page and each live fragment shows, as typed records.

A controller fills one of these; its class names the template that renders it.
"""

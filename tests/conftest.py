"""For all tests."""

import os

from hypothesis import settings

# How long an example takes says more about what else the machine does than about the code, and
# a check that others wait for must not fail by a new example that it was the first to think of.
settings.register_profile("here", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "here")

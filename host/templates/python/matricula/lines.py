"""Where the lines of the log go, and where the time is: there is no clock."""

from wit_world.imports.facts import Level  # noqa: F401
from wit_world.imports.facts import log as write  # noqa: F401

NOW = "request.now"

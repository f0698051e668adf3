"""Where the lines of the log go, and where the time is: there is no clock."""

from wit_world.imports.log import Level, write  # noqa: F401

NOW = "target.now"

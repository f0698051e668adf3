"""The settings of a policy, condition or executor, as an administrator made them."""

from componentize_py_types import Err
from wit_world.imports import config


class SettingError(Exception):
    """What is wrong with a setting; the administrator is told."""

    def __init__(self, property, message):
        super().__init__(message)
        self.property = property
        self.message = message


def Property(name, label="", help_text="", type="String", default_value=None, options=(), secret=False, required=False):
    """One setting in the form (record config-property in wit/config.wit)."""
    return config.ConfigProperty(name, label or name, help_text, type, default_value, list(options), secret, required)


class Settings:
    """The settings of one policy, condition or executor."""

    def __init__(self, entries):
        self._values = {entry.name: entry.values for entry in entries}

    def list(self, name):
        """Every value that is not blank."""
        return [value for value in self._values.get(name, []) if value.strip()]

    def text(self, name):
        """The value; None: there is none."""
        values = self.list(name)
        if len(values) > 1:
            raise SettingError(name, f"'{name}' should be a single entry")
        return values[0] if values else None

    def number(self, name):
        """The value as a whole number."""
        text = self.text(name)
        try:
            return None if text is None else int(text)
        except ValueError:
            raise SettingError(name, f"'{name}' should be a number") from None

    def switch(self, name):
        """The value as True or False."""
        text = self.text(name)
        if text not in (None, "true", "false"):
            raise SettingError(name, f"'{name}' should be 'true' or 'false'")
        return None if text is None else text == "true"


def find(kinds, id):
    """The first class of this id."""
    for kind in kinds:
        if kind.id == id:
            return kind
    raise SettingError(None, f"this component has no '{id}'")


def check(read):
    """Runs `read`; what is wrong with a setting is what the server is told."""
    try:
        read()
    except SettingError as error:
        raise Err([config.ConfigError(error.property, error.message)]) from None

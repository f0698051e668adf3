"""What a target answered."""

import email.utils
import json
import math

from wit_world.exports import connectors as contract

from .client import violation

# Seconds that are waited at most.
LONGEST = 3600
UNREADABLE = contract.Step_Failed("The target's answer can't be read")


class Stop(Exception):
    """Raised where a task can't go on; `step` is how it ends."""

    def __init__(self, step):
        super().__init__(str(step))
        self.step = step


class Response:
    """Status, headers and body."""

    def __init__(self, received):
        self.status = received.status
        self._headers = received.headers
        self._body = received.body

    @property
    def is_success(self):
        """Any 2xx."""
        return 200 <= self.status < 300

    def header(self, name):
        """A header, by its name in lower case; None: there is none."""
        return next((header.value for header in self._headers if header.name == name), None)

    def json(self):
        """The body as JSON, whatever the status. If it is none, that ends the task: a page in HTML is never a success."""
        try:
            return json.loads(self._body)
        except ValueError:
            raise Stop(UNREADABLE) from None

    def success(self):
        """The body of a successful answer as JSON. Anything else ends the task."""
        if not self.is_success:
            raise Stop(contract.Step_Failed(self.told()))
        return self.json()

    def words(self):
        """What the target says of an error, in its words; None: nothing."""
        try:
            body = json.loads(self._body)
        except ValueError:
            return None
        if not isinstance(body, dict):
            return None
        error = body.get("error")
        told = [body.get(name) for name in ("error_description", "errorMessage", "message")]
        told += [error, error.get("message") if isinstance(error, dict) else None]
        return next((words for words in told if isinstance(words, str) and words), None)

    def told(self):
        """The status, and what the target says of it."""
        words = self.words()
        return f"The target answered {self.status}" + ("" if words is None else f": {words}")

    def not_done(self):
        """A step for a change that was not done.

        400, 409, 413 and 422 are about the client and refuse it, the rest is about the target.
        """
        if self.status in (400, 409, 413, 422):
            return contract.Step_Refused(violation(self.words() or self.told()))
        return UNREADABLE if self.status < 400 else contract.Step_Failed(self.told())

    def retry_after(self, now):
        """Seconds that a target which is busy asks for; None: none."""
        header = (self.header("retry-after") or "").strip() if self.status in (429, 503) else ""
        if header.isdecimal():
            seconds = int(header)
        else:
            try:
                seconds = math.ceil(email.utils.parsedate_to_datetime(header).timestamp() - now)
            except (ValueError, TypeError):
                return None
        return min(max(seconds, 1), LONGEST)

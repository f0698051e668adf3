"""Exceptions are told before they end a call: the server only sees that it ended, in frames without names."""

import builtins
import functools
import io
import linecache
import os
import random
import sys
import time

from componentize_py_types import Err

from .lines import NOW, Level, write

# Letters of a log line.
LONGEST = 2000
# Where code lies that is not the author's.
NOT_OWN = (os.path.dirname(__file__), os.path.dirname(linecache.__file__), "<")


def log(level, message):
    """A line in the server's log; it takes no halves of characters."""
    write(level, str(message)[:LONGEST].encode("utf-8", "replace").decode())


def told(call):
    """The function, whose exceptions go to the log with their message and place."""

    @functools.wraps(call)
    def calling(*given):
        sys.stdout, sys.stderr = _Lines(Level.INFO), _Lines(Level.WARN)
        try:
            answer = call(*given)
            sys.stdout.end()
            sys.stderr.end()
            return answer
        except Err:
            # It is an answer.
            raise
        except BaseException as error:
            log(Level.ERROR, _described(error))
            # Whatever else is said of it is not for the log.
            sys.stderr = None
            raise

    return calling


def _described(error):
    """`KeyError: 'x', at before_register (policy.py:28)`."""
    what = type(error).__name__
    try:
        what = f"{what}: {error}"
    except BaseException:
        # Whoever raises can make that fail, too.
        pass
    places, trace = [], error.__traceback__
    while trace:
        code = trace.tb_frame.f_code
        # The frames of the kit and of Python's library say nothing to an author.
        if not code.co_filename.startswith(NOT_OWN):
            places.append(f"at {code.co_name} ({os.path.basename(code.co_filename)}:{trace.tb_lineno})")
        trace = trace.tb_next
    return ", ".join([what[: LONGEST // 2], *reversed(places[-5:])])


class _Lines(io.TextIOBase):
    """What is printed goes to the log, line by line."""

    def __init__(self, level):
        self._level = level
        self._rest = ""

    def write(self, text):
        *lines, self._rest = (self._rest + text).split("\n")
        for line in lines:
            log(self._level, line)
        return len(text)

    def end(self):
        if self._rest:
            log(self._level, self._rest)


# A traceback reads source files, of which there are none.
linecache.checkcache = lambda filename=None: None
linecache.updatecache = lambda filename, module_globals=None: []


def _absent(what, why):
    def raising(*_, **__):
        raise RuntimeError(f"{what}: {why}")

    return raising


# What is not there says so. Else these end the call without a word, or answer the same each time.
for _name in ("time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns", "sleep"):
    setattr(time, _name, _absent(f"time.{_name}()", f"there is no clock here; the time is `{NOW}`"))
for _name in (name for name in random.__all__ if name[0].islower()):
    setattr(random, _name, _absent(f"random.{_name}()", "there is no randomness here, it would answer the same each time"))
os.urandom = random._urandom = _absent("os.urandom()", "there is no randomness here")
builtins.open = _absent("open()", "there are no files here")

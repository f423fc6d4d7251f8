"""One event, one line: control characters in anything logged are made visible, links that open a door are not."""

import logging
import re

DOOR = re.compile(r"\b[a-z2-9]{4}(?:-[a-z2-9]{4}){3}\b")  # token of an activation slip or of the set-up link


class OneLine(logging.Formatter):
    """Formats the message on one line; a traceback keeps its lines."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        line = DOOR.sub("****", super().formatMessage(record))
        return re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]", lambda m: repr(m[0])[1:-1], line)

"""One event, one line: control characters in anything logged are made visible."""

import logging
import re


class OneLine(logging.Formatter):
    """Formats the message on one line; a traceback keeps its lines."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        return re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]", lambda m: repr(m[0])[1:-1], super().formatMessage(record))

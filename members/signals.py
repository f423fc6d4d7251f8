"""How a fact of the members room reaches the rooms above it (see docs/architecture.md: one signal family).

Sent inside the transaction of the fact, with `source_kind`, `source_id`, `revision`, `actor`; a receiver that
fails undoes it.
"""

from django.dispatch import Signal

record_confirmed = Signal()
record_corrected = Signal()
record_reopened = Signal()

"""How a confirmed record reaches the ledger: sent inside the confirming transaction with send(), so that a receiver
that fails undoes the confirmation. Arguments: source_kind="activity", source_id, revision, actor."""

from django.dispatch import Signal

activity_confirmed = Signal()
activity_corrected = Signal()
activity_reopened = Signal()

"""How facts of this room reach the ledger: sent inside the transaction of the deed with send(), so that a receiver
that fails undoes it. Arguments: source_kind, source_id, revision, actor.

`activity`: a record was confirmed, corrected, reopened. `make_up`: a make-up lapsed, or was waived after it had.
`study_year`: hours of a member changed apart from a record; the id is attendance.rules.study_year_key.
`matter`: something decided was done, or not after all.
"""

from django.dispatch import Signal

activity_confirmed = Signal()
activity_corrected = Signal()
activity_reopened = Signal()

"""How a changed node of the tree reaches the rooms above (see docs/architecture.md: one signal family).

Sent inside the transaction of the change, with `source_kind`, `source_id`, `revision`, `actor`, and
`fields`, the names of what changed ("parent" for a move, sent for the node and for where it was taken from). A receiver
that fails undoes it.
"""

from django.dispatch import Signal

node_corrected = Signal()

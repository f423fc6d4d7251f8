"""Pages of the organisation: the tree, its posts, the audit trail; and the answers to refused requests."""

from branches.views.answers import broken, expired, not_found, refused

__all__ = ["broken", "expired", "not_found", "refused"]

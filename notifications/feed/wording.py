"""Records in words: from the catalogue that the activity log reads too."""

from activity.sentences import sentence

__all__ = ["sentence"]

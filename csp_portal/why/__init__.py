"""Why somebody can see something, or cannot."""

"""The bell: who is told of what, read marks, preferences, the daily summary."""

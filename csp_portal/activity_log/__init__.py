"""Activity: what was done, for whom it concerns; it knows every app, and none knows it."""

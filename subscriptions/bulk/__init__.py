"""One change for many subscriptions: chosen in the list, previewed, and done by the worker one after the other."""

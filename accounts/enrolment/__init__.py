"""How a company enrolls itself: the pages, their forms, and the back office's queue."""

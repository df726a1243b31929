"""The page that shows a temporary password once, and the hand-over sheet, which names who supports the customer."""

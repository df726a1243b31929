"""What resellers of record earn: rates, the monthly ledger, and the pages that show and explain it."""

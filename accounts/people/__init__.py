"""*People*: who works for a company, in which role, and what each has open there."""

"""The administrator's temporary password: issued, shown once, stored by somebody, and issued again."""

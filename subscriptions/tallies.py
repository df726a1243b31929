"""Count anew what each reseller has with each provider, so that thousands of changes become one row again."""

from django.db import connection, transaction

TALLY_LOCK = 0x7A11_1E5
MINUTES = 5
COLUMNS = "provider_id, reseller_id, customers, subscriptions"
COUNTED = f"""
    INSERT INTO subscriptions_resellertally ({COLUMNS})
    SELECT provider_id, reseller_id, SUM(customers), SUM(subscriptions) FROM (
        SELECT provider_id, managing_reseller_id AS reseller_id, COUNT(*) AS customers, 0 AS subscriptions
        FROM customers_customer WHERE managing_reseller_id IS NOT NULL GROUP BY 1, 2
        UNION ALL
        SELECT provider_id, reseller_of_record_id, 0, COUNT(*)
        FROM subscriptions_subscription WHERE reseller_of_record_id IS NOT NULL AND status <> 'deleted' GROUP BY 1, 2
    ) AS counted GROUP BY 1, 2
"""  # noqa: S608 - made of constants
EMPTY = "DELETE FROM subscriptions_resellertally"


@transaction.atomic
def count_resellers_anew() -> None:
    """Count everything again; safe to run twice, at once, and while orders are placed.

    On PostgreSQL one statement does it, so both halves see the same moment: the row of a change that is committed later
    stays, and the change is not yet counted.
    """
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(f"SET LOCAL statement_timeout = '{MINUTES}min'")
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [TALLY_LOCK])
            cursor.execute(f"WITH gone AS ({EMPTY}) {COUNTED}")
        else:
            cursor.execute(EMPTY)
            cursor.execute(COUNTED)

"""Let the database itself keep what lists of subscriptions are narrowed by, and refuse to change what was earned.

An incentive may be confirmed once and paid once; nothing else of it changes, and none is removed. On SQLite a later
migration that alters one of these tables sets the triggers aside first (core.triggers).
"""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

TRUTH = (
    "EXISTS (SELECT 1 FROM subscriptions_resellerofrecord WHERE subscription_id = subscriptions_subscription.id "
    "AND ends_at IS NULL)"
)
MESSAGE = "What was earned is never changed; an entry of its own takes it back."
FIXED = (
    "public_id, provider_id, reseller_id, subscription_id, month, sequence, reverses_id, mpn_id, rate_id, base, "
    "percent, amount, currency, calculation, created_at"
)
EVENTS = {"INSERT": ("NEW",), "UPDATE": ("OLD", "NEW"), "DELETE": ("OLD",)}


def flag(row: str) -> str:
    """Bring the flag of one relation's subscription up to date, and touch nothing that is."""
    change = f"UPDATE subscriptions_subscription SET has_reseller_of_record = {TRUTH}"  # noqa: S608 - constants
    return f"{change} WHERE id = {row}.subscription_id AND has_reseller_of_record <> {TRUTH}"


TWICE = (
    "(OLD.confirmed_at IS NOT NULL AND (NEW.confirmed_at IS NULL OR NEW.confirmed_at <> OLD.confirmed_at)) "
    "OR (OLD.paid_at IS NOT NULL AND (NEW.paid_at IS NULL OR NEW.paid_at <> OLD.paid_at))"
)
GUARD = {
    "postgresql": [
        f"""
        CREATE OR REPLACE FUNCTION subscriptions_keep_reseller_flag() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP <> 'INSERT' THEN {flag("OLD")}; END IF;
            IF TG_OP <> 'DELETE' THEN {flag("NEW")}; END IF;
            RETURN NULL;
        END
        $$
        """,
        """
        CREATE TRIGGER subscriptions_keep_reseller_flag AFTER INSERT OR UPDATE OR DELETE
        ON subscriptions_resellerofrecord FOR EACH ROW EXECUTE FUNCTION subscriptions_keep_reseller_flag()
        """,
        f"""
        CREATE OR REPLACE FUNCTION subscriptions_refuse_ledger_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION '{MESSAGE}' USING ERRCODE = 'restrict_violation';
        END
        $$
        """,
        f"""
        CREATE TRIGGER subscriptions_ledger_fixed BEFORE UPDATE OF {FIXED} ON subscriptions_incentiveentry
        FOR EACH ROW EXECUTE FUNCTION subscriptions_refuse_ledger_change()
        """,
        f"""
        CREATE TRIGGER subscriptions_ledger_once BEFORE UPDATE OF confirmed_at, paid_at ON subscriptions_incentiveentry
        FOR EACH ROW WHEN ({TWICE}) EXECUTE FUNCTION subscriptions_refuse_ledger_change()
        """,
        """
        CREATE TRIGGER subscriptions_ledger_kept BEFORE DELETE ON subscriptions_incentiveentry
        FOR EACH ROW EXECUTE FUNCTION subscriptions_refuse_ledger_change()
        """,
    ],
    "sqlite": [
        *(
            f"CREATE TRIGGER subscriptions_keep_reseller_flag_{event.lower()} AFTER {event} "
            f"ON subscriptions_resellerofrecord BEGIN {' '.join(flag(row) + ';' for row in rows)} END"
            for event, rows in EVENTS.items()
        ),
        f"CREATE TRIGGER subscriptions_ledger_fixed BEFORE UPDATE OF {FIXED} ON subscriptions_incentiveentry "
        f"BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END",
        "CREATE TRIGGER subscriptions_ledger_once BEFORE UPDATE OF confirmed_at, paid_at "
        f"ON subscriptions_incentiveentry WHEN {TWICE} BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END",
        "CREATE TRIGGER subscriptions_ledger_kept BEFORE DELETE ON subscriptions_incentiveentry "
        f"BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END",
    ],
}
UNGUARD = {
    "postgresql": [
        "DROP TRIGGER IF EXISTS subscriptions_keep_reseller_flag ON subscriptions_resellerofrecord",
        "DROP FUNCTION IF EXISTS subscriptions_keep_reseller_flag()",
        *(
            f"DROP TRIGGER IF EXISTS subscriptions_ledger_{name} ON subscriptions_incentiveentry"
            for name in ("fixed", "once", "kept")
        ),
        "DROP FUNCTION IF EXISTS subscriptions_refuse_ledger_change()",
    ],
    "sqlite": [
        *(f"DROP TRIGGER IF EXISTS subscriptions_keep_reseller_flag_{event.lower()}" for event in EVENTS),
        *(f"DROP TRIGGER IF EXISTS subscriptions_ledger_{name}" for name in ("fixed", "once", "kept")),
    ],
}


def guard(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Set the flag of what is there, then keep it; a database we know no trigger for raises KeyError."""
    statements = GUARD[schema_editor.connection.vendor]
    schema_editor.execute(f"UPDATE subscriptions_subscription SET has_reseller_of_record = {TRUTH}")  # noqa: S608
    for statement in statements:
        schema_editor.execute(statement, params=None)


def unguard(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Drop the triggers."""
    for statement in UNGUARD[schema_editor.connection.vendor]:
        schema_editor.execute(statement, params=None)


class Migration(migrations.Migration):
    dependencies = [("subscriptions", "0004_lifecycle_indexes")]
    operations = [migrations.RunPython(guard, unguard)]

"""Make the database itself refuse to change what a stored price says; orders stand on it. Ending it stays possible.

On SQLite a later migration that alters the table rebuilds it and loses the trigger: it must run `forbid` again
(the tests of the prices fail until it does).
"""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

FIXED = (
    "sku_id, market, currency, term_duration, term_months, billing_plan, segment, unit_price, erp_price,"
    " pricing_tier_min, pricing_tier_max, effective_from, effective_to, sold_from, created_at"
)
FORBID = {
    "postgresql": [
        """
        CREATE OR REPLACE FUNCTION catalogue_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION 'A stored price is never changed.' USING ERRCODE = 'restrict_violation';
        END
        $$
        """,
        f"""
        CREATE TRIGGER catalogue_price_fixed BEFORE UPDATE OF {FIXED} ON catalogue_price
        FOR EACH ROW EXECUTE FUNCTION catalogue_refuse_change()
        """,
    ],
    "sqlite": [
        f"""
        CREATE TRIGGER catalogue_price_fixed BEFORE UPDATE OF {FIXED} ON catalogue_price
        BEGIN SELECT RAISE(ABORT, 'A stored price is never changed.'); END
        """,
    ],
}
ALLOW = {
    "postgresql": [
        "DROP TRIGGER IF EXISTS catalogue_price_fixed ON catalogue_price",
        "DROP FUNCTION IF EXISTS catalogue_refuse_change()",
    ],
    "sqlite": ["DROP TRIGGER IF EXISTS catalogue_price_fixed"],
}


def forbid(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Create the trigger; a database we know no trigger for raises KeyError rather than run without."""
    for statement in FORBID[schema_editor.connection.vendor]:
        schema_editor.execute(statement, params=None)


def allow(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Drop it."""
    for statement in ALLOW[schema_editor.connection.vendor]:
        schema_editor.execute(statement, params=None)


class Migration(migrations.Migration):
    dependencies = [("catalogue", "0001_initial")]
    operations = [migrations.RunPython(forbid, allow)]

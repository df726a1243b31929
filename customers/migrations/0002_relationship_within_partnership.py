"""Make the database itself refuse a managing reseller that is no partner of the customer's own provider.

On SQLite a later migration that alters the table rebuilds it and loses the triggers: it must run `guard` again
(the tests of the models fail until it does).
"""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

MATCHES = """
    SELECT 1 FROM resellers_partnership AS partnership
    JOIN customers_customer AS customer ON customer.provider_id = partnership.provider_id
    WHERE partnership.id = NEW.partnership_id AND partnership.reseller_id = NEW.reseller_id
    AND customer.id = NEW.customer_id
"""
MESSAGE = "The partnership is not between the provider of the customer and the reseller."
GUARD = {
    "postgresql": [
        f"""
        CREATE OR REPLACE FUNCTION customers_refuse_foreign_reseller() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF NOT EXISTS ({MATCHES}) THEN
                RAISE EXCEPTION '{MESSAGE}' USING ERRCODE = 'integrity_constraint_violation';
            END IF;
            RETURN NEW;
        END
        $$
        """,
        """
        CREATE TRIGGER customers_within_partnership
        BEFORE INSERT OR UPDATE OF customer_id, reseller_id, partnership_id ON customers_resellerrelationship
        FOR EACH ROW EXECUTE FUNCTION customers_refuse_foreign_reseller()
        """,
    ],
    "sqlite": [
        f"""
        CREATE TRIGGER customers_within_partnership_insert BEFORE INSERT ON customers_resellerrelationship
        WHEN NOT EXISTS ({MATCHES})
        BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END
        """,
        f"""
        CREATE TRIGGER customers_within_partnership_update
        BEFORE UPDATE OF customer_id, reseller_id, partnership_id ON customers_resellerrelationship
        WHEN NOT EXISTS ({MATCHES})
        BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END
        """,
    ],
}
UNGUARD = {
    "postgresql": [
        "DROP TRIGGER IF EXISTS customers_within_partnership ON customers_resellerrelationship",
        "DROP FUNCTION IF EXISTS customers_refuse_foreign_reseller()",
    ],
    "sqlite": [
        "DROP TRIGGER IF EXISTS customers_within_partnership_insert",
        "DROP TRIGGER IF EXISTS customers_within_partnership_update",
    ],
}


def guard(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Create the triggers; a database we know no trigger for raises KeyError rather than run without."""
    for statement in GUARD[schema_editor.connection.vendor]:
        schema_editor.execute(statement, params=None)


def unguard(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Drop them."""
    for statement in UNGUARD[schema_editor.connection.vendor]:
        schema_editor.execute(statement, params=None)


class Migration(migrations.Migration):
    dependencies = [("customers", "0001_initial")]
    operations = [migrations.RunPython(guard, unguard)]

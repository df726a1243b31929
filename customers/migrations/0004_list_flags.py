"""Let the database itself keep what the lists of customers are narrowed by: whether a reseller manages the customer,
and whether the customer agreement was accepted. So no way of writing a relation can forget it.

On SQLite a later migration that alters one of these tables sets the triggers aside first (core.triggers).
"""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

MANAGED = "EXISTS (SELECT 1 FROM customers_resellerrelationship WHERE customer_id = {row}.id AND ends_at IS NULL)"
AGREED = "EXISTS (SELECT 1 FROM customers_customeragreement WHERE customer_id = {row}.id)"
# The relation's table, the flag and what it says, and which events can change it.
FLAGS = {
    "managed": ("customers_resellerrelationship", "is_managed", MANAGED, ("INSERT", "UPDATE", "DELETE")),
    "agreed": ("customers_customeragreement", "has_agreement", AGREED, ("INSERT", "UPDATE", "DELETE")),
}


def statement(flag: str, says: str, row: str) -> str:
    """Bring the flag of one relation's customer up to date, and touch nothing that is."""
    truth = says.format(row="customers_customer")
    change = f"UPDATE customers_customer SET {flag} = {truth}"  # noqa: S608 - made of the constants above
    return f"{change} WHERE id = {row}.customer_id AND {flag} <> {truth}"


def on_postgresql(name: str) -> list[str]:
    """A function and a trigger after each event."""
    table, flag, says, events = FLAGS[name]
    function = f"customers_keep_{name}"
    return [
        f"""
        CREATE OR REPLACE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP <> 'INSERT' THEN {statement(flag, says, "OLD")}; END IF;
            IF TG_OP <> 'DELETE' THEN {statement(flag, says, "NEW")}; END IF;
            RETURN NULL;
        END
        $$
        """,
        f"""
        CREATE TRIGGER {function} AFTER {" OR ".join(events)} ON {table}
        FOR EACH ROW EXECUTE FUNCTION {function}()
        """,
    ]


def on_sqlite(name: str) -> list[str]:
    """One trigger for each event."""
    table, flag, says, events = FLAGS[name]
    rows = {"INSERT": ("NEW",), "UPDATE": ("OLD", "NEW"), "DELETE": ("OLD",)}
    return [
        f"CREATE TRIGGER customers_keep_{name}_{event.lower()} AFTER {event} ON {table} BEGIN "
        + "".join(f"{statement(flag, says, row)}; " for row in rows[event])
        + "END"
        for event in events
    ]


MAKERS = {"postgresql": on_postgresql, "sqlite": on_sqlite}


def keep_one(name: str, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Set a flag of what is there, then keep it; a database we know no trigger for raises KeyError."""
    _table, flag, says, _events = FLAGS[name]
    truth = says.format(row="customers_customer")
    schema_editor.execute(f"UPDATE customers_customer SET {flag} = {truth}")  # noqa: S608 - constants too
    for sql in MAKERS[schema_editor.connection.vendor](name):
        schema_editor.execute(sql, params=None)


def leave_one(name: str, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Drop what keeps a flag."""
    table, _flag, _says, events = FLAGS[name]
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(f"DROP TRIGGER IF EXISTS customers_keep_{name} ON {table}")
        schema_editor.execute(f"DROP FUNCTION IF EXISTS customers_keep_{name}()")
    else:
        for event in events:
            schema_editor.execute(f"DROP TRIGGER IF EXISTS customers_keep_{name}_{event.lower()}")


def keep(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Set and keep all."""
    for name in FLAGS:
        keep_one(name, schema_editor)


def leave(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Keep none."""
    for name in FLAGS:
        leave_one(name, schema_editor)


class Migration(migrations.Migration):
    dependencies = [("customers", "0003_account_and_relations")]
    operations = [migrations.RunPython(keep, leave)]

"""Keep at each customer which reseller manages it, so that a list narrowed by reseller follows one index.

The dated relations remain the truth. The database itself keeps the column equal to them, whoever writes a relation,
and sets right whoever writes the column. It takes the place of the flag is_managed.

On SQLite a later migration that alters one of these tables sets the triggers aside first (core.triggers).
"""

import importlib

import django.db.models.deletion
from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from core.triggers import put_triggers_back, set_triggers_aside

flags = importlib.import_module("customers.migrations.0004_list_flags")

CUSTOMER, RELATION = "customers_customer", "customers_resellerrelationship"
TRUTH = f"(SELECT reseller_id FROM {RELATION} WHERE customer_id = {{row}}.id AND ends_at IS NULL)"  # noqa: S608
EVENTS = {"INSERT": ("NEW",), "UPDATE": ("OLD", "NEW"), "DELETE": ("OLD",)}


def correction(where: str, differs: str) -> str:
    """Bring the column of some customers up to date, and touch none that is."""
    truth = TRUTH.format(row=CUSTOMER)
    change = f"UPDATE {CUSTOMER} SET managing_reseller_id = {truth}"  # noqa: S608 - made of the constants above
    return f"{change} WHERE {where} AND managing_reseller_id {differs} {truth}"


def on_postgresql() -> list[str]:
    """After each change of a relation its customer follows; a column written by itself becomes what it should be."""
    old, new = (correction(f"id = {row}.customer_id", "IS DISTINCT FROM") for row in ("OLD", "NEW"))
    return [
        f"""
        CREATE OR REPLACE FUNCTION customers_keep_reseller() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP <> 'INSERT' THEN {old}; END IF;
            IF TG_OP <> 'DELETE' THEN {new}; END IF;
            RETURN NULL;
        END
        $$
        """,
        f"""
        CREATE TRIGGER customers_keep_reseller AFTER INSERT OR UPDATE OR DELETE ON {RELATION}
        FOR EACH ROW EXECUTE FUNCTION customers_keep_reseller()
        """,
        f"""
        CREATE OR REPLACE FUNCTION customers_correct_reseller() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            NEW.managing_reseller_id := {TRUTH.format(row="NEW")};
            RETURN NEW;
        END
        $$
        """,
        f"""
        CREATE TRIGGER customers_correct_reseller_insert BEFORE INSERT ON {CUSTOMER}
        FOR EACH ROW WHEN (NEW.managing_reseller_id IS NOT NULL) EXECUTE FUNCTION customers_correct_reseller()
        """,
        f"""
        CREATE TRIGGER customers_correct_reseller_update BEFORE UPDATE OF managing_reseller_id ON {CUSTOMER}
        FOR EACH ROW WHEN (OLD.managing_reseller_id IS DISTINCT FROM NEW.managing_reseller_id)
        EXECUTE FUNCTION customers_correct_reseller()
        """,
    ]


def on_sqlite() -> list[str]:
    """The same, one trigger for each event."""
    kept = [
        f"CREATE TRIGGER customers_keep_reseller_{event.lower()} AFTER {event} ON {RELATION} BEGIN "
        + "".join(f"{correction(f'id = {row}.customer_id', 'IS NOT')}; " for row in rows)
        + "END"
        for event, rows in EVENTS.items()
    ]
    corrected = [
        f"CREATE TRIGGER customers_correct_reseller_{event.lower()} AFTER {event}{column} ON {CUSTOMER} "
        f"WHEN NEW.managing_reseller_id IS NOT {TRUTH.format(row='NEW')} "
        f"BEGIN {correction('id = NEW.id', 'IS NOT')}; END"
        for event, column in (("INSERT", ""), ("UPDATE", " OF managing_reseller_id"))
    ]
    return kept + corrected


MAKERS = {"postgresql": on_postgresql, "sqlite": on_sqlite}
DROPS = {
    "postgresql": [
        f"DROP TRIGGER customers_keep_reseller ON {RELATION}",
        "DROP FUNCTION customers_keep_reseller()",
        f"DROP TRIGGER customers_correct_reseller_insert ON {CUSTOMER}",
        f"DROP TRIGGER customers_correct_reseller_update ON {CUSTOMER}",
        "DROP FUNCTION customers_correct_reseller()",
    ],
    "sqlite": [
        *(f"DROP TRIGGER customers_keep_reseller_{event.lower()}" for event in EVENTS),
        "DROP TRIGGER customers_correct_reseller_insert",
        "DROP TRIGGER customers_correct_reseller_update",
    ],
}


def keep(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Keep the column from now on; a database we know no trigger for raises KeyError."""
    for sql in MAKERS[schema_editor.connection.vendor]():
        schema_editor.execute(sql, params=None)


def leave(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Drop the triggers."""
    for sql in DROPS[schema_editor.connection.vendor]:
        schema_editor.execute(sql)


def fill(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Set the column of what is there."""
    differs = {"postgresql": "IS DISTINCT FROM", "sqlite": "IS NOT"}[schema_editor.connection.vendor]
    schema_editor.execute(correction("TRUE", differs))


def leave_flag(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Drop what kept the flag."""
    flags.leave_one("managed", schema_editor)


def keep_flag(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Set the flag, and keep it again."""
    flags.keep_one("managed", schema_editor)


class Migration(migrations.Migration):
    dependencies = [("accounts", "0005_support_profile"), ("customers", "0006_registration_id_index")]
    operations = [
        migrations.RunPython(leave_flag, keep_flag),
        set_triggers_aside(),
        migrations.AddField(
            "customer",
            "managing_reseller",
            models.ForeignKey(
                blank=True,
                db_constraint=False,
                db_index=False,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to="accounts.partner",
                verbose_name="managing reseller",
            ),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.RemoveIndex("customer", "customer_without_reseller"),
        migrations.RemoveField("customer", "is_managed"),
        migrations.AddIndex(
            "customer",
            models.Index(
                fields=["managing_reseller", "-changed_at", "-id", "provider"], name="customer_reseller_changed"
            ),
        ),
        migrations.AddIndex(
            "customer",
            models.Index(fields=["managing_reseller", "search_text", "id", "provider"], name="customer_reseller_name"),
        ),
        migrations.AddIndex(
            "customer",
            models.Index(
                fields=["provider", "-changed_at", "-id"],
                condition=models.Q(managing_reseller=None),
                name="customer_without_reseller",
            ),
        ),
        migrations.AddIndex(
            "customer",
            models.Index(
                fields=["provider", "country", "status", "search_text", "id"], name="customer_country_status_name"
            ),
        ),
        put_triggers_back(),
        migrations.RunPython(keep, leave),
    ]

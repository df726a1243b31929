"""Keep at each subscription which reseller manages its customer, earns with it and answers for it.

So a list narrowed by reseller follows one index. The dated relations remain the truth. The database itself keeps the
columns equal to them, whoever writes a relation, and sets right whoever writes a column.

On SQLite a later migration that alters one of these tables sets the triggers aside first (core.triggers).
"""

import django.db.models.deletion
from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from core.triggers import put_triggers_back, set_triggers_aside

SUBSCRIPTION, CUSTOMER = "subscriptions_subscription", "customers_customer"
# Each column, and what it should be.
NAMED = {
    "reseller_of_record_id": "subscriptions_resellerofrecord",
    "support_contact_id": "subscriptions_supportcontact",
}
TRUTHS = {
    column: f"(SELECT reseller_id FROM {table} WHERE subscription_id = {{row}}.id AND ends_at IS NULL)"  # noqa: S608
    for column, table in NAMED.items()
} | {"managing_reseller_id": f"(SELECT managing_reseller_id FROM {CUSTOMER} WHERE id = {{row}}.customer_id)"}  # noqa: S608
EVENTS = {"INSERT": ("NEW",), "UPDATE": ("OLD", "NEW"), "DELETE": ("OLD",)}
DIFFERS = {"postgresql": "IS DISTINCT FROM", "sqlite": "IS NOT"}


def differing(row: str, differs: str, columns: tuple[str, ...] = tuple(TRUTHS)) -> str:
    """Whether one of a row's columns is not what it should be."""
    return " OR ".join(f"{row}.{column} {differs} {TRUTHS[column].format(row=row)}" for column in columns)


def correction(where: str, differs: str, *columns: str) -> str:
    """Bring columns of some subscriptions up to date, and touch none that is."""
    changes = ", ".join(f"{column} = {TRUTHS[column].format(row=SUBSCRIPTION)}" for column in columns)
    wrong = differing(SUBSCRIPTION, differs, columns)
    return f"UPDATE {SUBSCRIPTION} SET {changes} WHERE {where} AND ({wrong})"  # noqa: S608 - constants


def kept(differs: str) -> dict[str, tuple[str, dict[str, tuple[str, ...]], str]]:
    """What follows whom: the table, its events with the statements after each, and when that is needed."""
    found = {}
    for column, table in NAMED.items():
        statements = {
            event: tuple(correction(f"id = {row}.subscription_id", differs, column) for row in rows)
            for event, rows in EVENTS.items()
        }
        found[column.removesuffix("_id")] = (table, statements, "")
    follow = correction("customer_id = NEW.id", differs, "managing_reseller_id")
    changed = f"WHEN (OLD.managing_reseller_id {differs} NEW.managing_reseller_id)"
    found["managing_reseller"] = (CUSTOMER, {"UPDATE OF managing_reseller_id": (follow,)}, changed)
    return found


def on_postgresql() -> list[str]:
    """After each change its subscriptions follow; a column written by itself becomes what it should be."""
    made = []
    for name, (table, statements, when) in kept(DIFFERS["postgresql"]).items():
        for event, changes in statements.items():
            own = f"subscriptions_keep_{name}_{event.split()[0].lower()}"
            made += [
                f"CREATE OR REPLACE FUNCTION {own}() RETURNS trigger LANGUAGE plpgsql AS $$ "
                f"BEGIN {'; '.join(changes)}; RETURN NULL; END $$",
                f"CREATE TRIGGER {own} AFTER {event} ON {table} FOR EACH ROW {when} EXECUTE FUNCTION {own}()",
            ]
    # Whoever changes the customer's relation holds the customer: a subscription that begins meanwhile waits for it.
    assignments = "; ".join(f"NEW.{column} := {truth.format(row='NEW')}" for column, truth in TRUTHS.items())
    written = " OR ".join(f"OLD.{column} IS DISTINCT FROM NEW.{column}" for column in (*TRUTHS, "customer_id"))
    correct = f"FOR EACH ROW {{when}} EXECUTE FUNCTION {CORRECT}()"
    return [
        *made,
        f"""
        CREATE OR REPLACE FUNCTION {CORRECT}() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                PERFORM 1 FROM {CUSTOMER} WHERE id = NEW.customer_id FOR SHARE;
            END IF;
            {assignments};
            RETURN NEW;
        END
        $$
        """,
        f"CREATE TRIGGER {CORRECT}_insert BEFORE INSERT ON {SUBSCRIPTION} {correct.format(when='')}",
        f"CREATE TRIGGER {CORRECT}_update BEFORE UPDATE OF {', '.join(TRUTHS)}, customer_id ON {SUBSCRIPTION} "
        + correct.format(when=f"WHEN ({written})"),
    ]


def on_sqlite() -> list[str]:
    """The same, without functions."""
    made = [
        f"CREATE TRIGGER subscriptions_keep_{name}_{event.split()[0].lower()} AFTER {event} ON {table} {when} "
        f"BEGIN {'; '.join(changes)}; END"
        for name, (table, statements, when) in kept(DIFFERS["sqlite"]).items()
        for event, changes in statements.items()
    ]
    wrong, right = differing("NEW", "IS NOT"), correction("id = NEW.id", "IS NOT", *TRUTHS)
    return made + [
        f"CREATE TRIGGER {CORRECT}_{event.split()[0].lower()} AFTER {event} ON {SUBSCRIPTION} "
        f"WHEN {wrong} BEGIN {right}; END"
        for event in ("INSERT", f"UPDATE OF {', '.join(TRUTHS)}, customer_id")
    ]


CORRECT = "subscriptions_correct_resellers"
MAKERS = {"postgresql": on_postgresql, "sqlite": on_sqlite}


def keep(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Keep the columns from now on; a database we know no trigger for raises KeyError."""
    for sql in MAKERS[schema_editor.connection.vendor]():
        schema_editor.execute(sql, params=None)


def leave(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Drop the triggers."""
    made = {CORRECT: [(SUBSCRIPTION, ("insert", "update"))]} | {
        f"subscriptions_keep_{name}": [(table, [event.split()[0].lower() for event in statements])]
        for name, (table, statements, _when) in kept("IS NOT").items()
    }
    on_table = schema_editor.connection.vendor == "postgresql"
    for name, [(table, events)] in made.items():
        for event in events:
            schema_editor.execute(f"DROP TRIGGER {name}_{event}" + (f" ON {table}" if on_table else ""))
            if on_table and name != CORRECT:
                schema_editor.execute(f"DROP FUNCTION {name}_{event}()")
    if on_table:
        schema_editor.execute(f"DROP FUNCTION {CORRECT}()")


def reseller(words: str) -> models.ForeignKey:
    """A column like customers.Customer.managing_reseller."""
    return models.ForeignKey(
        blank=True,
        db_constraint=False,
        db_index=False,
        editable=False,
        null=True,
        on_delete=django.db.models.deletion.DO_NOTHING,
        related_name="+",
        to="accounts.partner",
        verbose_name=words,
    )


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0005_support_profile"),
        ("customers", "0007_managing_reseller"),
        ("subscriptions", "0011_requests_of_customers"),
    ]
    operations = [
        set_triggers_aside(),
        migrations.AddField("subscription", "managing_reseller", reseller("managing reseller")),
        migrations.AddField("subscription", "reseller_of_record", reseller("reseller of record")),
        migrations.AddField("subscription", "support_contact", reseller("designated support contact")),
        put_triggers_back(),
        migrations.RunPython(keep, leave),
    ]

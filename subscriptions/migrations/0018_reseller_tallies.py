"""Keep how many customers and subscriptions name each reseller: a row for each change, added by the database itself.

On SQLite a later migration that alters one of these tables sets the triggers aside first (core.triggers).
"""

import django.db.models.deletion
from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

TALLY = "subscriptions_resellertally"
# Of each table, which reseller a row names, and what such a row adds to customers and subscriptions.
TABLES = {
    "customers_customer": ("{row}.managing_reseller_id", "1, 0", "-1, 0"),
    "subscriptions_subscription": (
        "CASE WHEN {row}.status <> 'deleted' THEN {row}.reseller_of_record_id END",
        "0, 1",
        "0, -1",
    ),
}
DIFFERS = {"postgresql": "IS DISTINCT FROM", "sqlite": "IS NOT"}


def addition(row: str, named: str, numbers: str) -> str:
    """Add a row for what a row of the table adds or takes."""
    columns = "provider_id, reseller_id, customers, subscriptions"
    return f"INSERT INTO {TALLY} ({columns}) VALUES ({row}.provider_id, {named.format(row=row)}, {numbers})"  # noqa: S608


def on_each(table: str, differs: str) -> dict[str, tuple[str, list[tuple[str, str]]]]:
    """For each event: when something is to be done, and what on which condition."""
    named, plus, minus = TABLES[table]
    old, new = (f"({named.format(row=row)}) IS NOT NULL" for row in ("OLD", "NEW"))
    come, gone = (new, addition("NEW", named, plus)), (old, addition("OLD", named, minus))
    parts = (named, "{row}.provider_id")
    changed = " OR ".join(f"({part.format(row='OLD')}) {differs} ({part.format(row='NEW')})" for part in parts)
    return {"insert": (new, [come]), "delete": (old, [gone]), "update": (changed, [gone, come])}


def on_postgresql(table: str) -> list[str]:
    """A function for each event, which is not even called where nothing changes."""
    made = []
    for event, (when, steps) in on_each(table, DIFFERS["postgresql"]).items():
        own = f"subscriptions_tally_{table.split('_')[1]}_{event}"
        body = "; ".join(f"IF {condition} THEN {step}; END IF" for condition, step in steps)
        made += [
            f"CREATE OR REPLACE FUNCTION {own}() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN {body}; RETURN NULL; END $$",
            f"CREATE TRIGGER {own} AFTER {event.upper()} ON {table} "
            f"FOR EACH ROW WHEN ({when}) EXECUTE FUNCTION {own}()",
        ]
    return made


def on_sqlite(table: str) -> list[str]:
    """The same, a trigger for each step."""
    return [
        f"CREATE TRIGGER subscriptions_tally_{table.split('_')[1]}_{event}_{place} AFTER {event.upper()} ON {table} "
        f"WHEN ({when}) AND {condition} BEGIN {step}; END"
        for event, (when, steps) in on_each(table, DIFFERS["sqlite"]).items()
        for place, (condition, step) in enumerate(steps)
    ]


MAKERS = {"postgresql": on_postgresql, "sqlite": on_sqlite}


def keep(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Keep them from now on, and count what there is; a database we know no trigger for raises KeyError."""
    for table in TABLES:
        for sql in MAKERS[schema_editor.connection.vendor](table):
            schema_editor.execute(sql, params=None)
    # No row comes or goes meanwhile: the triggers hold both tables until the end of the transaction.
    numbers: dict[tuple[int, int], dict[str, int]] = {}
    rows = {
        "customers": apps.get_model("customers", "Customer").objects.exclude(managing_reseller=None),
        "subscriptions": apps.get_model("subscriptions", "Subscription")
        .objects.exclude(reseller_of_record=None)
        .exclude(status="deleted"),
    }
    for what, column in (("customers", "managing_reseller"), ("subscriptions", "reseller_of_record")):
        counted = rows[what].order_by().values_list("provider", column).annotate(models.Count("pk"))
        for provider, reseller, number in counted.iterator():
            numbers.setdefault((provider, reseller), {})[what] = number
    tally = apps.get_model("subscriptions", "ResellerTally")
    found = (
        tally(provider_id=provider, reseller_id=reseller, **{"customers": 0, "subscriptions": 0, **what})
        for (provider, reseller), what in numbers.items()
    )
    tally.objects.bulk_create(found, batch_size=5000)


def leave(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Drop the triggers."""
    on_table = schema_editor.connection.vendor == "postgresql"
    for table in TABLES:
        for event, (_when, steps) in on_each(table, "").items():
            own = f"subscriptions_tally_{table.split('_')[1]}_{event}"
            for name in [own] if on_table else [f"{own}_{place}" for place in range(len(steps))]:
                schema_editor.execute(f"DROP TRIGGER {name}" + (f" ON {table}" if on_table else ""))
            if on_table:
                schema_editor.execute(f"DROP FUNCTION {own}()")


def company() -> models.ForeignKey:
    """A key that nobody looks up."""
    return models.ForeignKey(
        db_constraint=False,
        db_index=False,
        editable=False,
        on_delete=django.db.models.deletion.DO_NOTHING,
        related_name="+",
        to="accounts.partner",
    )


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0010_requests_waiting"),
        ("customers", "0008_newest_relationships"),
        ("subscriptions", "0017_live_indexes"),
    ]
    operations = [
        migrations.CreateModel(
            name="ResellerTally",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("customers", models.IntegerField(editable=False, verbose_name="customers")),
                ("subscriptions", models.IntegerField(editable=False, verbose_name="subscriptions")),
                ("provider", company()),
                ("reseller", company()),
            ],
            options={
                "verbose_name": "tally of a reseller",
                "verbose_name_plural": "tallies of resellers",
                "indexes": [models.Index(fields=["provider", "reseller"], name="resellertally_of_reseller")],
            },
        ),
        migrations.RunPython(keep, leave),
    ]

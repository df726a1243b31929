"""The column reseller_of_record has taken the place of the flag has_reseller_of_record."""

import importlib

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from core.triggers import put_triggers_back, set_triggers_aside

flags = importlib.import_module("subscriptions.migrations.0005_ledger_and_flags")

NAME = "subscriptions_keep_reseller_flag"


def of_the_flag(statements: list[str]) -> list[str]:
    """Those of migration 0005 that keep the flag, not those that guard the ledger."""
    return [statement for statement in statements if NAME in statement]


def leave_flag(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Drop what kept the flag."""
    for statement in of_the_flag(flags.UNGUARD[schema_editor.connection.vendor]):
        schema_editor.execute(statement, params=None)


def keep_flag(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Set the flag, and keep it again."""
    schema_editor.execute(f"UPDATE subscriptions_subscription SET has_reseller_of_record = {flags.TRUTH}")  # noqa: S608
    for statement in of_the_flag(flags.GUARD[schema_editor.connection.vendor]):
        schema_editor.execute(statement, params=None)


class Migration(migrations.Migration):
    dependencies = [("subscriptions", "0013_named_resellers_data")]
    operations = [
        migrations.RunPython(leave_flag, keep_flag),
        set_triggers_aside(),
        migrations.RemoveIndex("subscription", "subscription_live_no_reseller"),
        migrations.RemoveField("subscription", "has_reseller_of_record"),
        put_triggers_back(),
    ]

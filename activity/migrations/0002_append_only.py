"""Make the database itself refuse to change or remove what was recorded.

On SQLite a later migration that alters the table rebuilds it and loses the triggers: it must run `forbid` again
(the tests of the record fail until it does).
"""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

FORBID = {
    "postgresql": [
        """
        CREATE OR REPLACE FUNCTION activity_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION 'The activity record is append-only.' USING ERRCODE = 'restrict_violation';
        END
        $$
        """,
        """
        CREATE TRIGGER activity_append_only BEFORE UPDATE OR DELETE ON activity_activityrecord
        FOR EACH ROW EXECUTE FUNCTION activity_refuse_change()
        """,
    ],
    "sqlite": [
        """
        CREATE TRIGGER activity_append_only_update BEFORE UPDATE ON activity_activityrecord
        BEGIN SELECT RAISE(ABORT, 'The activity record is append-only.'); END
        """,
        """
        CREATE TRIGGER activity_append_only_delete BEFORE DELETE ON activity_activityrecord
        BEGIN SELECT RAISE(ABORT, 'The activity record is append-only.'); END
        """,
    ],
}
ALLOW = {
    "postgresql": [
        "DROP TRIGGER IF EXISTS activity_append_only ON activity_activityrecord",
        "DROP FUNCTION IF EXISTS activity_refuse_change()",
    ],
    "sqlite": [
        "DROP TRIGGER IF EXISTS activity_append_only_update",
        "DROP TRIGGER IF EXISTS activity_append_only_delete",
    ],
}


def forbid(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Create the triggers; a database we know no trigger for raises KeyError rather than run without."""
    for statement in FORBID[schema_editor.connection.vendor]:
        schema_editor.execute(statement, params=None)


def allow(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Drop them."""
    for statement in ALLOW[schema_editor.connection.vendor]:
        schema_editor.execute(statement, params=None)


class Migration(migrations.Migration):
    dependencies = [("activity", "0001_initial")]
    operations = [migrations.RunPython(forbid, allow)]

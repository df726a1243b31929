"""Of mail that was given up before, nobody is told now."""

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models import F


def leave_old_failures(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Take it for told."""
    emails = apps.get_model("mail", "OutgoingEmail")
    emails.objects.filter(state="failed").update(failure_told_at=F("created_at"))


class Migration(migrations.Migration):
    dependencies = [("mail", "0003_search")]
    operations = [
        migrations.AddField(
            model_name="outgoingemail",
            name="failure_told_at",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.RunPython(leave_old_failures, migrations.RunPython.noop, elidable=True),
        migrations.AddIndex(
            model_name="outgoingemail",
            index=models.Index(
                condition=models.Q(("failure_told_at", None), ("state", "failed")),
                fields=["created_at"],
                name="email_failure_untold",
            ),
        ),
    ]

"""Say until when legacy subscriptions of other publishers than Microsoft can be canceled: older ones do not say it."""

from datetime import timedelta

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models import F


def fill(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """As the rules said it on the day of this migration: a day after a term of a month began, else fourteen."""
    rows = apps.get_model("subscriptions", "Subscription").objects.filter(
        policy="legacy", is_trial=False, cancellable_until=None
    )
    rows = rows.exclude(status="deleted").exclude(sku__product__publisher__startswith="Microsoft")
    for terms, days in ((["P1M"], 1), (["P1Y", "P3Y"], 14)):
        found = rows.filter(term_duration__in=terms)
        found.update(cancellable_until=F("term_starts_at") + timedelta(days=days))


class Migration(migrations.Migration):
    dependencies = [("subscriptions", "0021_words_of_choices")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]

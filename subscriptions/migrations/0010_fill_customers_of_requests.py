"""Name the customer of every request that there is: that of its subscription."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models import OuterRef, Subquery


def fill(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Fill what is empty, in a transaction of its own; it may run again."""
    subscriptions = apps.get_model("subscriptions", "Subscription").objects.filter(pk=OuterRef("subscription"))
    requests = apps.get_model("subscriptions", "ChangeRequest").objects.filter(customer=None)
    requests.update(customer=Subquery(subscriptions.values("customer")))


class Migration(migrations.Migration):
    dependencies = [("subscriptions", "0009_customers_of_requests")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]

"""New subscriptions of a customer can be asked for."""

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0009_openid_links"),
        ("customers", "0007_managing_reseller"),
        ("subscriptions", "0015_void_rates"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="changerequest",
            name="changerequest_about_one_thing",
        ),
        migrations.RemoveConstraint(
            model_name="changerequest",
            name="changerequest_one_open_of_account",
        ),
        migrations.RemoveConstraint(
            model_name="changerequest",
            name="changerequest_one_customer_draft",
        ),
        migrations.AlterField(
            model_name="changerequest",
            name="kind",
            field=models.CharField(
                choices=[
                    ("licenses", "Change the number of licenses"),
                    ("suspend", "Suspend"),
                    ("reactivate", "Reactivate"),
                    ("cancel", "Cancel subscription"),
                    ("end", "Decide what happens at the end of the term"),
                    ("schedule", "Schedule a change for the renewal"),
                    ("drop-schedule", "Drop the scheduled change"),
                    ("term", "Begin a longer term"),
                    ("billing", "Change the billing"),
                    ("upgrade", "Upgrade"),
                    ("convert", "Convert the trial"),
                    ("nickname", "Change the nickname"),
                    ("company", "Change the company info"),
                    ("contact", "Change the primary contact"),
                    ("bill-to", "Change the bill-to info"),
                    ("add", "Add subscription"),
                ],
                max_length=13,
                verbose_name="what is asked",
            ),
        ),
        migrations.AddConstraint(
            model_name="changerequest",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind__in", ("company", "contact", "bill-to", "add")), ("subscription", None)),
                    models.Q(
                        models.Q(("kind__in", ("company", "contact", "bill-to", "add")), _negated=True),
                        ("subscription__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="changerequest_about_one_thing",
            ),
        ),
        migrations.AddConstraint(
            model_name="changerequest",
            constraint=models.UniqueConstraint(
                condition=models.Q(
                    ("kind__in", ("company", "contact", "bill-to", "add")), ("state__in", ("submitted", "question"))
                ),
                fields=("customer", "kind"),
                name="changerequest_one_open_of_account",
            ),
        ),
        migrations.AddConstraint(
            model_name="changerequest",
            constraint=models.UniqueConstraint(
                condition=models.Q(("kind__in", ("company", "contact", "bill-to", "add")), ("state", "draft")),
                fields=("customer", "kind", "created_by"),
                name="changerequest_one_customer_draft",
            ),
        ),
    ]

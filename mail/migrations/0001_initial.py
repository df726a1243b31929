import uuid

from django.db import migrations, models

import core.clock


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="OutgoingEmail",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("kind", models.CharField(max_length=60, verbose_name="kind")),
                ("recipient", models.CharField(max_length=254, verbose_name="recipient")),
                ("reply_to", models.CharField(blank=True, max_length=254, verbose_name="replies go to")),
                ("language", models.CharField(max_length=10, verbose_name="language")),
                ("subject", models.CharField(max_length=200, verbose_name="subject")),
                ("text", models.TextField(verbose_name="text")),
                ("html", models.TextField(verbose_name="HTML")),
                ("message_id", models.CharField(max_length=320, verbose_name="Message-ID")),
                ("about_type", models.CharField(blank=True, max_length=100, verbose_name="kind of object it is about")),
                ("about_id", models.CharField(blank=True, max_length=64, verbose_name="object it is about")),
                ("dedupe_key", models.CharField(max_length=200, null=True, unique=True, verbose_name="sent once per")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("queued", "Waiting to be sent"),
                            ("sending", "Being sent"),
                            ("sent", "Handed to the mail server"),
                            ("failed", "Could not be sent"),
                            ("dropped", "Withdrawn"),
                        ],
                        default="queued",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                ("attempts", models.PositiveSmallIntegerField(default=0, verbose_name="attempts")),
                ("due_at", models.DateTimeField(default=core.clock.now, verbose_name="next attempt")),
                ("lease_until", models.DateTimeField(null=True, verbose_name="held by a sender until")),
                ("created_at", models.DateTimeField(default=core.clock.now, editable=False, verbose_name="created")),
                ("sent_at", models.DateTimeField(null=True, verbose_name="handed over")),
                ("last_error", models.CharField(blank=True, max_length=200, verbose_name="last error")),
            ],
            options={
                "verbose_name": "outgoing e-mail",
                "verbose_name_plural": "outgoing e-mails",
                "permissions": (("intervene_outgoingemail", "Can retry and drop outgoing e-mails"),),
                "default_permissions": ("view",),
                "indexes": [
                    models.Index(condition=models.Q(("state", "queued")), fields=["due_at"], name="email_due"),
                    models.Index(
                        condition=models.Q(("state", "sending")), fields=["lease_until"], name="email_abandoned"
                    ),
                    models.Index(fields=["about_type", "about_id", "-created_at"], name="email_about"),
                    models.Index(fields=["-created_at"], name="email_newest"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["queued", "sending", "sent", "failed", "dropped"])),
                        name="email_state_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("lease_until__isnull", False), ("state", "sending")),
                            models.Q(models.Q(("state", "sending"), _negated=True), ("lease_until", None)),
                            _connector="OR",
                        ),
                        name="email_held_only_while_sending",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("sent_at__isnull", False), ("state", "sent")),
                            models.Q(models.Q(("state", "sent"), _negated=True), ("sent_at", None)),
                            _connector="OR",
                        ),
                        name="email_handed_over_has_a_time",
                    ),
                ],
            },
        ),
    ]

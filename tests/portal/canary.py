"""Look for a secret everywhere it must not be."""

from django.apps import apps
from django.contrib.sessions.models import Session
from django.core import mail
from django.db import connection
from django.db.models import Model


def places_that_hold(secret: str) -> list[str]:
    """Every table, session and mail that holds the text, in the clear or as the bytes of it."""
    needles = {secret, secret.replace("-", "")}
    found = []
    for model in apps.get_models(include_auto_created=True):
        found += [f"{model._meta.label}.{name}" for name in columns_that_hold(model, needles)]
    for session in Session.objects.all():
        if any(needle in repr(session.get_decoded()) for needle in needles):
            found.append("a session")
    for message in getattr(mail, "outbox", []):
        if any(needle in message.message().as_string() for needle in needles):
            found.append(f"the mail {message.subject!r}")
    return found


def columns_that_hold(model: type[Model], needles: set[str]) -> list[str]:
    """The columns of a model in which one of the texts stands, whatever the type of the column."""
    if model._meta.proxy or not model._meta.managed:
        return []
    names = [field.column for field in model._meta.concrete_fields if field.column]
    quoted = ", ".join(connection.ops.quote_name(name) for name in names)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {quoted} FROM {connection.ops.quote_name(model._meta.db_table)}")
        rows = cursor.fetchall()
    held = set()
    for row in rows:
        for name, value in zip(names, row, strict=True):
            text = bytes(value).decode("latin-1") if isinstance(value, bytes | memoryview) else str(value)
            if any(needle in text for needle in needles):
                held.add(name)
    return sorted(held)

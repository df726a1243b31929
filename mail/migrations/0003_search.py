"""An index for the back office's search by recipient."""

from django.db import migrations

from core.admin_search import indexed_words
from core.search_index import search_index


class Migration(migrations.Migration):
    # Mail is written to all the time: no index may keep it waiting.
    atomic = False
    dependencies = [("mail", "0002_failed_index")]

    operations = [
        search_index("email_search_words", "mail_outgoingemail", indexed_words("recipient", "kind"), concurrently=True),
    ]

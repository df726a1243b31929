"""Let search among a million customers find a part of a word without reading them all."""

from django.db import migrations

from core.search_index import search_index


class Migration(migrations.Migration):
    dependencies = [("customers", "0004_list_flags")]
    operations = [search_index("customer_search_words", "customers_customer", "search_text")]

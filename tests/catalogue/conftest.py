"""Imports in one call, and the back office."""

import pytest

from accounts.access import system_actor
from catalogue.models import CatalogueImport
from catalogue.services import ImportRefused, import_file


@pytest.fixture(autouse=True)
def own_files(settings, tmp_path):
    """Keep uploads in the test's own directory."""
    settings.MEDIA_ROOT = tmp_path / "files"


@pytest.fixture
def load(db):
    """Import bytes now; returns the report."""

    def load_now(data: bytes, kind: str = "") -> CatalogueImport:
        return import_file(file=data, kind=kind, by=system_actor("test"))

    return load_now


@pytest.fixture
def refusal(load):
    """Import bytes that must be refused; returns the problems as (row, column, value, reason)."""

    def refused(data: bytes, kind: str = "") -> list[tuple]:
        with pytest.raises(ImportRefused) as error:
            load(data, kind)
        report = error.value.report
        assert report.state == CatalogueImport.State.REFUSED
        assert report.problem_count == len(report.problems)
        return [(p["row"], p["column"], p["value"], p["reason"]) for p in report.problems]

    return refused


@pytest.fixture
def back_office(client, django_user_model):
    """Somebody of the back office who may do everything."""
    user = django_user_model.objects.create_superuser("root@portal.example", full_name="Back office")
    client.force_login(user)
    return client

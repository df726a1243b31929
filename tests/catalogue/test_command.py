"""manage.py import_catalogue: a readable report, and status 1 for a refused file."""

import pytest
from django.core.management import CommandError, call_command

from catalogue.models import CatalogueImport, Price
from tests.catalogue.files import OFFER, PRICE, offer_matrix, price, price_list

pytestmark = pytest.mark.django_db


@pytest.fixture
def file(tmp_path):
    def write(data):
        path = tmp_path / "file.csv"
        path.write_bytes(data)
        return path

    return write


def test_the_command_reports_what_a_file_brought(file, capsys):
    call_command("import_catalogue", str(file(price_list(PRICE))))
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert lines == [
        "Price list file.csv, markets US, read as UTF-8", "rows 1", "added 1", "changed 0", "unchanged 0", "ended 0",
    ]  # fmt: skip
    assert CatalogueImport.objects.get().started_by_label == "import_catalogue"


def test_the_command_sees_the_kind_from_the_headings(file):
    call_command("import_catalogue", str(file(offer_matrix(OFFER))))
    assert CatalogueImport.objects.get().kind == "offer_matrix"


def test_the_command_ends_with_an_error_and_the_refused_rows(file, capsys):
    with pytest.raises(CommandError, match=r"file\.csv was refused for 2 problems\. Nothing was imported\."):
        call_command("import_catalogue", str(file(price_list(price(Market="Mars"), PRICE, price(UnitPrice="")))))
    assert capsys.readouterr().err.splitlines() == [
        "  row 2, Market “Mars”: This is not the two-letter code of a country, like US.",
        "  row 4, UnitPrice: This cell must not be empty.",
    ]
    assert not Price.objects.exists()
    assert CatalogueImport.objects.get().problem_count == 2


def test_the_command_takes_the_kind_it_is_told(file):
    with pytest.raises(CommandError):
        call_command("import_catalogue", str(file(price_list(PRICE))), kind="offer-matrix")


def test_the_command_says_when_there_is_no_file(tmp_path):
    with pytest.raises(CommandError, match="There is no file"):
        call_command("import_catalogue", str(tmp_path / "none.csv"))

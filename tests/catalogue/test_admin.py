"""The back office uploads a file, watches it and reads the report; prices are for reading."""

import csv
import io
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from catalogue import tasks
from catalogue.importing.problems import as_csv
from catalogue.models import CatalogueImport, Price
from core import clock
from tests.catalogue.files import PRICE, price, price_list
from tests.contracts import header_faults
from tests.factories import PriceFactory, UserFactory

pytestmark = pytest.mark.django_db
ADD = "admin:catalogue_catalogueimport_add"
LIST = "admin:catalogue_catalogueimport_changelist"
State = CatalogueImport.State


@pytest.fixture
def sent(monkeypatch):
    """What would have gone to the broker."""
    messages = []
    monkeypatch.setattr("catalogue.services.current_app.send_task", lambda name, args, **rest: messages.append(args))
    return messages


@pytest.fixture
def upload(back_office, django_capture_on_commit_callbacks):
    """Upload a file through the form; returns the response."""

    def upload_now(data=None, name="list.csv", client=back_office, **fields):
        file = SimpleUploadedFile(name, price_list(PRICE) if data is None else data)
        with django_capture_on_commit_callbacks(execute=True):
            return client.post(reverse(ADD), {"file": file, "kind": "", **fields})

    return upload_now


def page(job):
    return reverse("admin:catalogue_catalogueimport_change", args=[job.pk])


def staff(client, *codenames):
    """Sign in as staff with these permissions of Django's."""
    user = UserFactory(is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    client.force_login(user)
    return client


def test_an_upload_is_queued_imported_and_reported(back_office, upload, sent):
    response = upload()
    job = CatalogueImport.objects.get()
    assert (response.status_code, response["Location"]) == (302, page(job))
    assert (job.file_name, job.state, sent) == ("list.csv", State.QUEUED, [[job.pk]])
    waiting = back_office.get(page(job))
    assert "Waiting for the background worker." in waiting.content.decode()
    assert waiting.headers["Refresh"] == "3"
    tasks.run_import(job.pk)
    done = back_office.get(page(job))
    assert "The file was imported." in done.content.decode()
    assert "Refresh" not in done.headers
    assert Price.objects.count() == 1


def test_the_page_shows_progress_while_the_import_runs(back_office, upload, sent):
    upload()
    CatalogueImport.objects.update(state=State.RUNNING, claimed_at=clock.now(), rows_total=30_000, rows_read=12_000)
    response = back_office.get(page(CatalogueImport.objects.get()))
    html = response.content.decode()
    assert '<progress id="progress" max="30000" value="12000">' in html
    assert "Checking rows: 12000 of about 30000." in " ".join(html.split())
    assert (response.headers["Refresh"], header_faults(response)) == ("3", [])
    assert "<script>" not in html
    assert " onclick" not in html
    assert "Run again" not in html


def test_a_refused_file_is_reported_row_by_row_and_as_csv(back_office, upload, sent):
    upload(price_list(PRICE, price(Market="=HYPERLINK(0)"), price(UnitPrice="<b>free</b>")))
    job = CatalogueImport.objects.get()
    tasks.run_import(job.pk)
    html = back_office.get(page(job)).content.decode()
    assert "The file was refused for 2 problems. Nothing of it was imported." in " ".join(html.split())
    assert "&lt;b&gt;free&lt;/b&gt;" in html
    assert "<b>free" not in html
    response = back_office.get(reverse("admin:catalogue_catalogueimport_problems", args=[job.pk]))
    assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert response.headers["Content-Disposition"] == f'attachment; filename="import-{job.pk}-problems.csv"'
    rows = list(csv.reader(io.StringIO(response.content.decode("utf-8-sig"))))
    assert rows == [
        ["Row", "Column", "Value", "Reason"],
        ["3", "Market", "'=HYPERLINK(0)", "This is not the two-letter code of a country, like US."],
        ["4", "UnitPrice", "<b>free</b>", "This is not an amount like 1234.50."],
    ]


@pytest.mark.parametrize(
    "value", ["=1+1", "+1@b.co", "-2", "@SUM(A1)", "\t=1", "\r=1", " =1", "＝1", "\u00a0=1", "|calc", "%0A"]
)
def test_no_cell_of_a_report_can_run_as_a_formula(value):
    text = as_csv([{"row": -3, "column": value, "value": value, "reason": value}])
    [row] = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline="")))[1:]
    assert row == ["-3", f"'{value}", f"'{value}", f"'{value}"]
    assert text.splitlines()[1].startswith("-3,")  # a number stays a number


def test_the_page_says_when_the_broker_cannot_be_reached(back_office, upload, monkeypatch):
    def refuse(*args, **kwargs):
        raise ConnectionError("redis is down")

    monkeypatch.setattr("catalogue.services.current_app.send_task", refuse)
    assert upload().status_code == 302
    html = " ".join(back_office.get(page(CatalogueImport.objects.get())).content.decode().split())
    assert "The message broker cannot be reached" in html
    assert "The portal tries again by itself every minute." in html
    assert 'value="Run again"' in html


def test_a_stalled_import_is_run_again_by_a_button(back_office, upload, sent, django_capture_on_commit_callbacks):
    upload()
    job = CatalogueImport.objects.get()
    address = reverse("admin:catalogue_catalogueimport_run_again", args=[job.pk])
    assert back_office.get(address).status_code == 405
    refused = back_office.post(address, follow=True).content.decode()
    assert "This import is already under way." in refused
    CatalogueImport.objects.update(sent_at=clock.now() - timedelta(minutes=1), failure="OSError: disk", retries_left=0)
    html = back_office.get(page(job)).content.decode()
    assert "OSError: disk" in html
    assert "The portal does not try again by itself." in html
    with django_capture_on_commit_callbacks(execute=True):
        assert back_office.post(address).status_code == 302
    assert sent == [[job.pk], [job.pk]]


@pytest.mark.parametrize(
    ("name", "message"),
    [("list.xlsx", "Choose a CSV file, or a zip file that holds one."), ("list", "Choose a CSV file")],
)
def test_the_form_refuses_what_cannot_be_a_list(upload, name, message):
    assert message in upload(name=name).content.decode()
    assert not CatalogueImport.objects.exists()


def test_the_form_refuses_a_file_that_is_too_large(upload, monkeypatch):
    monkeypatch.setattr("catalogue.admin.MOST_BYTES", 10)
    assert "The file is larger than" in upload().content.decode()
    assert not CatalogueImport.objects.exists()


def test_the_form_refuses_an_empty_file(upload):
    assert "The submitted file is empty." in upload(b"").content.decode()


@pytest.mark.parametrize("name", ["../../etc/passwd.csv", "..\\evil.csv", "<script>.csv"])
def test_the_name_of_an_upload_never_becomes_a_path(back_office, upload, sent, settings, name):
    upload(name=name)
    job = CatalogueImport.objects.get()
    assert job.stored_file.name == f"catalogue/{job.public_id}.upload"
    assert [path.name for path in settings.MEDIA_ROOT.rglob("*.*")] == [f"{job.public_id}.upload"]
    html = back_office.get(page(job)).content.decode()
    assert "<script>.csv" not in html


def test_importing_needs_its_own_permission(client, upload, sent):
    upload()
    job = CatalogueImport.objects.get()
    CatalogueImport.objects.update(sent_at=None)
    again = reverse("admin:catalogue_catalogueimport_run_again", args=[job.pk])
    problems = reverse("admin:catalogue_catalogueimport_problems", args=[job.pk])
    nobody = staff(client, "view_price")
    assert [nobody.get(url).status_code for url in (reverse(ADD), page(job), problems)] == [403] * 3
    assert (upload(client=nobody).status_code, nobody.post(again).status_code) == (403, 403)
    viewer = staff(client, "view_catalogueimport")
    assert [viewer.get(url).status_code for url in (reverse(ADD), page(job), problems)] == [403, 200, 200]
    assert (upload(client=viewer).status_code, viewer.post(again).status_code) == (403, 403)
    assert "Run again" not in viewer.get(page(job)).content.decode()
    importer = staff(client, "view_catalogueimport", "add_catalogueimport")
    assert [importer.get(url).status_code for url in (reverse(ADD), page(job))] == [200, 200]
    assert (upload(client=importer).status_code, importer.post(again).status_code) == (302, 302)
    assert CatalogueImport.objects.count() == 2


def test_an_import_that_is_not_there_is_not_found(back_office):
    for name in ("change", "problems"):
        assert back_office.get(reverse(f"admin:catalogue_catalogueimport_{name}", args=[999])).status_code == 404
    assert back_office.get("/admin/catalogue/catalogueimport/nonsense/change/").status_code == 404


@pytest.mark.parametrize("model", ["product", "sku", "price", "catalogueimport"])
def test_nothing_is_edited_or_deleted_by_hand(back_office, upload, sent, model):
    upload()
    objects = {"price": PriceFactory()}
    objects |= {"sku": objects["price"].sku, "product": objects["price"].sku.product}
    pk = objects.get(model, CatalogueImport.objects.first()).pk
    before = Price.objects.values().get()
    changelist = reverse(f"admin:catalogue_{model}_changelist")
    assert back_office.get(changelist).status_code == 200
    detail = back_office.get(reverse(f"admin:catalogue_{model}_change", args=[pk]))
    assert detail.status_code == 200
    assert 'name="_save"' not in detail.content.decode()
    assert back_office.post(reverse(f"admin:catalogue_{model}_delete", args=[pk])).status_code == 403
    back_office.post(changelist, {"action": "delete_selected", "_selected_action": [pk]})
    back_office.post(reverse(f"admin:catalogue_{model}_change", args=[pk]), {"title": "x", "unit_price": "1"})
    if model != "catalogueimport":
        assert back_office.get(reverse(f"admin:catalogue_{model}_add")).status_code == 403
    assert Price.objects.values().get() == before
    assert CatalogueImport.objects.count() == 1


def test_the_catalogue_is_searched_without_accents_and_case(back_office):
    PriceFactory(sku__title="Edição Básica", sku__product__title="Pacote")
    PriceFactory(sku__title="Visio", sku__product__title="Visio")
    for model, words in (("product", "BASICA pacote"), ("sku", "edicao"), ("price", "básica")):
        html = back_office.get(reverse(f"admin:catalogue_{model}_changelist"), {"q": words}).content.decode()
        assert "Pacote" in html or "Edição" in html
        assert "Visio" not in html


@pytest.mark.parametrize("model", ["product", "sku", "price"])
def test_lists_take_as_many_queries_for_three_rows_as_for_one(back_office, django_assert_num_queries, model):
    address = reverse(f"admin:catalogue_{model}_changelist")
    back_office.get(address)
    PriceFactory()
    with django_assert_num_queries({"product": 6, "sku": 6, "price": 7}[model]):
        back_office.get(address)
    PriceFactory.create_batch(2)
    with django_assert_num_queries({"product": 6, "sku": 6, "price": 7}[model]):
        back_office.get(address)

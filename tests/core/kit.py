"""A list, a form and a page of parts that exist only to try the interface kit; not collected as tests."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import django_filters
import django_tables2 as tables
from crispy_forms.layout import Div, Field, Fieldset, Layout
from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied, TooManyFieldsSent
from django.db import OperationalError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from django.views.generic import FormView, TemplateView

from accounts.models import Partner
from core import clock
from core.filters import PortalFilterSet, SearchFilter
from core.forms import PortalForm
from core.lists import ListPage
from core.pages import conflict, gone, too_many
from core.paging import Sort
from core.tables import ActionsColumn, CopyColumn, MoneyColumn, NumberColumn, PortalTable, StatusColumn, TimeColumn

KINDS = {"active": "success", "pending": "info", "suspended": "warning", "rejected": "danger"}


class PartnerTable(PortalTable):
    """Every kind of column."""

    title = "Companies"
    expand_template = "components/facts.html"
    row_key = "microsoft_id"
    name = tables.Column("Company", accessor="legal_name", linkify=lambda record: f"/kit/{record.pk}/")
    mpn_id = CopyColumn("MPN ID")
    city = tables.Column("City", attrs={"td": {"class": "hide-md"}, "th": {"class": "hide-md"}})
    agreement = TimeColumn("Agreement", accessor="agreement_accepted_on")
    number = NumberColumn("Customers", accessor="pk")
    state = StatusColumn("Status", accessor="enrolment_state", kinds=KINDS)
    actions = ActionsColumn("Actions")

    def row_actions(self, record: Partner) -> list[tuple[str, str]]:
        return [("Add new customer", f"/kit/{record.pk}/add/"), ("View", f"/kit/{record.pk}/")]

    def expand_context(self, record: Partner) -> dict[str, Any]:
        return {"facts": [("Contact", record.contact_name), ("E-mail", record.contact_email), ("Telephone", "")]}


class PartnerFilter(PortalFilterSet):
    """A search, a choice and a date that may be wrong."""

    q = SearchFilter()
    program = django_filters.ChoiceFilter(
        label="Enrolled as",
        choices=[("indirect_provider", "Provider"), ("indirect_reseller", "Reseller")],
        empty_label="All",
    )
    since = django_filters.DateFilter(label="Agreement since", field_name="agreement_accepted_on", lookup_expr="gte")


class PartnerList(ListPage):
    """All partners: a unique text, a nullable date, a text with many ties."""

    title = "Companies"
    table_class = PartnerTable
    filterset_class = PartnerFilter
    sorts = {
        "name": "search_text",
        "agreement": Sort("agreement_accepted_on", descending_first=True),
        "city": "city",
    }
    default_sort = "name"
    rows_open = True
    empty_title = "No companies yet"
    empty_text = "Companies appear here once the programme has verified them."

    def get_queryset(self) -> QuerySet:
        return Partner.objects.all()

    def get_empty_action(self) -> tuple[str, str]:
        return "Add a company", "/kit/add/"

    def get_tabs(self) -> list[dict[str, Any]]:
        return [
            {"label": "Active", "url": "/kit/", "current": True, "count": 12},
            {"label": "Requested", "url": "/kit/?tab=requested", "current": False, "count": None},
        ]


class KitForm(PortalForm):
    """Every kind of control."""

    legal_name = forms.CharField(label="Legal name", max_length=40, help_text="As it is registered.")
    domain = forms.CharField(label="Primary domain prefix", max_length=27)
    email = forms.EmailField(label="E-mail address")
    website = forms.URLField(label="Website", required=False, assume_scheme="https")
    licenses = forms.IntegerField(label="Licenses", min_value=1, max_value=300)
    country = forms.ChoiceField(
        label="Country or region", choices=[("", ""), ("US", "United States"), ("BR", "Brazil")]
    )
    term = forms.ChoiceField(
        label="Term", choices=[("P1M", "One month"), ("P1Y", "One year")], widget=forms.RadioSelect
    )
    note = forms.CharField(label="Note", widget=forms.Textarea, required=False, max_length=500)
    agreed = forms.BooleanField(label="The customer has accepted the customer agreement")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper.layout = Layout(
            Fieldset("Company", "legal_name", "domain", "email", "website"),
            Fieldset(
                "Order", Div("country", Field("licenses", css_class="w-short"), css_class="field-row"), "term", "note"
            ),
            "agreed",
        )


class KitFormView(FormView):
    """The form in its component."""

    template_name = "kit/form.html"
    form_class = KitForm
    success_url = "/kit/"


class LineTable(PortalTable):
    """Lines of an order, with a total under them."""

    title = "Subscriptions"
    offer = tables.Column("Offer", footer="Total")
    licenses = NumberColumn("Licenses", footer=lambda table: str(sum(row["licenses"] for row in table.records)))
    price = MoneyColumn("Price per month")


class PartsView(TemplateView):
    """Every component that is neither list nor form."""

    template_name = "kit/parts.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(
            facts=[("MPN ID", "0012345"), ("Country or region", "Brazil"), ("Website", "")],
            lines=LineTable(
                [
                    {"offer": "Business Standard", "licenses": 25, "price": Decimal("312.50"), "currency": "USD"},
                    {"offer": "Business Premium", "licenses": 5, "price": Decimal("1110"), "currency": "USD"},
                ]
            ),
            when=clock.now() - timedelta(hours=2),
            tabs=[
                {"label": "Subscriptions", "url": "/kit/parts/", "current": True, "count": 2},
                {"label": "Account", "url": "/kit/account/", "current": False},
            ],
            **kwargs,
        )


def failing(request: HttpRequest, kind: str) -> HttpResponse:
    """Fail in one of the ways the portal has a page for."""
    if kind == "403":
        raise PermissionDenied
    if kind == "400":
        raise TooManyFieldsSent
    if kind == "503":
        raise OperationalError("secret host db.internal does not answer")
    if kind == "409":
        return conflict(request, rows=[("Licenses", 25, 30)], back_url="/kit/")
    if kind == "410":
        return gone(request, title="This request has expired", text="Ask for a new one.")
    if kind == "429":
        return too_many(request, seconds=700)
    raise RuntimeError("secret-in-the-traceback")


kit_patterns = [
    path("", PartnerList.as_view(), name="list"),
    path("form/", KitFormView.as_view(), name="form"),
    path("parts/", PartsView.as_view(), name="parts"),
    path("fail/<str:kind>/", failing, name="fail"),
]
urlpatterns = [
    path("kit/", include((kit_patterns, "kit"))),
    path("admin/", admin.site.urls),
    path("", include("csp_portal.urls")),
]
handler400 = "csp_portal.errors.bad_request"
handler403 = "csp_portal.errors.permission_denied"
handler404 = "csp_portal.errors.not_found"
handler500 = "csp_portal.errors.server_error"

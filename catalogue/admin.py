"""The catalogue in the back office: products, SKUs and prices to be read, files to be imported."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from accounts.back_office import ReasonActionForm, RecordedAdmin
from catalogue import services
from catalogue.importing.problems import as_csv
from catalogue.importing.reading import MOST_BYTES
from catalogue.models import CatalogueImport, Policy, Price, Product, Sku
from core.exceptions import Refused
from core.text import fold

REFRESH_SECONDS = 3
MOST_SHOWN = 200
MOST_MEGABYTES = MOST_BYTES // 1024 // 1024
SUFFIXES = (".csv", ".txt", ".tsv", ".zip")


class ReadOnlyAdmin(RecordedAdmin):
    """What imports write: nothing is added, changed or removed by hand."""

    folded_search = "search_text"

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody: rows come from files."""
        return False

    def get_search_results(self, request: HttpRequest, queryset: QuerySet, search_term: str) -> tuple[QuerySet, bool]:
        """Search as everywhere in the portal: without accents and case, every word."""
        for word in fold(search_term).split():
            queryset = queryset.filter(**{f"{self.folded_search}__contains": word})
        return queryset, self.folded_search.startswith("skus__")


@admin.register(Product)
class ProductAdmin(ReadOnlyAdmin):
    """Products."""

    list_display = ("title", "product_id", "publisher")
    search_fields = ("title",)
    folded_search = "skus__search_text"


@admin.register(Sku)
class SkuAdmin(ReadOnlyAdmin):
    """SKUs with the conditions under which they are sold."""

    list_display = ("title", "code", "product", "policy", "is_trial", "is_add_on", "is_usage_based", "withdrawn_at")
    list_filter = ("policy", "is_trial", "is_add_on", "is_usage_based")
    list_select_related = ("product",)
    search_fields = ("search_text",)
    fields = (
        "title", "code", "product", "description", "unit_of_measure", "policy", "is_trial", "is_usage_based",
        "is_add_on", "needs", "may_become", "provisioning_id", "provisioning_string", "min_licenses", "max_licenses",
        "asset_ownership_limit", "asset_ownership_limit_type", "country_list", "offer_listed_at", "withdrawn_at",
        "prices",
    )  # fmt: skip

    action_form = ReasonActionForm
    actions = ("sell_under_legacy", "sell_under_new_commerce")

    def move_each(self, request: HttpRequest, queryset: QuerySet, policy: str) -> None:
        """Each of the selected SKUs, with one reason for all."""
        actor = request.actor  # type: ignore[attr-defined]
        self.call_with_reason(
            request, queryset, lambda sku, reason: services.set_policy(sku=sku, policy=policy, reason=reason, by=actor)
        )

    @admin.action(description=_("Sell under the legacy rules (give a reason)"))
    def sell_under_legacy(self, request: HttpRequest, queryset: QuerySet) -> None:
        """From the next order on."""
        self.move_each(request, queryset, Policy.LEGACY)

    @admin.action(description=_("Sell under the new commerce rules (give a reason)"))
    def sell_under_new_commerce(self, request: HttpRequest, queryset: QuerySet) -> None:
        """From the next order on."""
        self.move_each(request, queryset, Policy.NEW_COMMERCE)

    @admin.display(description=_("needs one of"))
    def needs(self, sku: Sku) -> str:
        """Its prerequisites."""
        return ", ".join(sku.prerequisite_codes) or "–"

    @admin.display(description=_("may be upgraded to"))
    def may_become(self, sku: Sku) -> str:
        """Its upgrade paths."""
        return ", ".join(sku.conversion_codes) or "–"

    @admin.display(description=_("allowed countries"))
    def country_list(self, sku: Sku) -> str:
        """Where it may be sold."""
        return ", ".join(sku.countries) or "–"

    @admin.display(description=_("prices"))
    def prices(self, sku: Sku) -> str:
        """The way to its prices."""
        address = f"{reverse('admin:catalogue_price_changelist')}?sku__id__exact={sku.pk}"
        return format_html('<a href="{}">{}</a>', address, _("Show the prices of this SKU"))


@admin.register(Price)
class PriceAdmin(ReadOnlyAdmin):
    """Prices, the present ones and their history."""

    list_display = (
        "sku", "market", "currency", "segment", "term_duration", "billing_plan", "unit_price",
        "sold_from", "sold_until", "is_listed",
    )  # fmt: skip
    list_filter = ("is_listed", "market", "segment", "term_duration", "billing_plan")
    list_select_related = ("sku",)
    search_fields = ("sku__search_text",)
    folded_search = "sku__search_text"
    ordering = ("sku__title", "market", "segment", "term_months", "billing_plan", "-sold_from", "pk")


class UploadForm(forms.ModelForm):
    """A file to import; which of the two it is, its headings say."""

    file = forms.FileField(
        label=_("File"),
        help_text=format_lazy(
            _("Microsoft’s price list or offer matrix: the CSV, or the zip that holds it, of at most {limit} MB."),
            limit=MOST_MEGABYTES,
        ),
        widget=forms.ClearableFileInput(attrs={"accept": ",".join(SUFFIXES)}),
    )

    class Meta:
        model = CatalogueImport
        fields = ("kind",)
        help_texts = {"kind": _("Leave this empty to let the headings decide.")}

    def clean_file(self) -> UploadedFile:
        """Refuse at once what cannot be one of the two files; everything else is for the import to say."""
        file: UploadedFile = self.cleaned_data["file"]
        if not str(file.name).lower().endswith(SUFFIXES):
            raise ValidationError(_("Choose a CSV file, or a zip file that holds one."))
        if (file.size or 0) > MOST_BYTES:
            raise ValidationError(_("The file is larger than %(limit)d MB."), params={"limit": MOST_MEGABYTES})
        return file


@admin.register(CatalogueImport)
class CatalogueImportAdmin(RecordedAdmin):
    """Upload a file, watch the import, read its report."""

    form = UploadForm
    list_display = (
        "file_name", "kind", "markets", "state", "rows_total", "added", "changed", "unchanged", "ended",
        "problem_count", "started_by_label", "created_at",
    )  # fmt: skip
    list_filter = ("state", "kind")
    search_fields = ("file_name", "sha256", "started_by_label")

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        """Without the reports, which may be long."""
        return super().get_queryset(request).defer("problems")

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        """The upload form."""
        return ("file", "kind")

    def save_model(self, request: HttpRequest, obj: CatalogueImport, form: Any, change: bool) -> None:
        """Queue through the service."""
        job = services.queue_import(
            file=form.cleaned_data["file"],
            kind=form.cleaned_data["kind"],
            by=request.actor,  # type: ignore[attr-defined]
        )
        obj.__dict__.update(job.__dict__)

    def response_add(self, request: HttpRequest, obj: Model, post_url_continue: str | None = None) -> HttpResponse:
        """On to the page with its progress."""
        return HttpResponseRedirect(self.page(obj.pk))

    def page(self, pk: int) -> str:
        """The address of an import's page."""
        return reverse("admin:catalogue_catalogueimport_change", args=[pk])

    def get_urls(self) -> list[URLPattern]:
        """The problems as a file, and the button that starts an import again."""
        wrap = self.admin_site.admin_view
        return [
            path("<int:pk>/problems.csv", wrap(self.problems_view), name="catalogue_catalogueimport_problems"),
            path(
                "<int:pk>/run-again/",
                wrap(require_POST(self.run_again_view)),
                name="catalogue_catalogueimport_run_again",
            ),
            *super().get_urls(),
        ]

    def viewed(self, request: HttpRequest, pk: Any) -> CatalogueImport:
        """The import, for those who may see imports."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        return get_object_or_404(CatalogueImport, pk=pk)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Progress while it runs, the report when it is finished."""
        job = self.viewed(request, object_id if object_id.isdigit() else 0)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Import of %(file)s") % {"file": job.file_name},
            "subtitle": job.get_state_display(),
            "opts": self.opts,
            "job": job,
            "problems": job.problems[:MOST_SHOWN],
            "may_run_again": self.has_add_permission(request) and job.is_stalled and bool(job.stored_file),
        }
        response = TemplateResponse(request, "admin/catalogue/import.html", context)
        if not job.is_finished:
            # Asked for by the response and not by a script, so that it works without one.
            response.headers["Refresh"] = str(REFRESH_SECONDS)
        return response

    def problems_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The refused rows as a CSV for a spreadsheet."""
        job = self.viewed(request, pk)
        response = HttpResponse(as_csv(job.problems), content_type="text/csv; charset=utf-8")
        response.headers["Content-Disposition"] = f'attachment; filename="import-{job.pk}-problems.csv"'
        return response

    def run_again_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Hand a stalled import to the worker once more."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        job = self.viewed(request, pk)
        try:
            services.requeue_import(job=job, by=request.actor)  # type: ignore[attr-defined]
        except Refused as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
        else:
            self.message_user(request, _("The import was handed to the worker again."), messages.SUCCESS)
        return HttpResponseRedirect(self.page(pk))

"""What is asked of a subscription: read by the form of its kind, said as old → new, and compared with what is now."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from activity.sentences import FIELDS, LABELS
from catalogue.models import Price
from core.html import number_text
from subscriptions.change_requests.matters import NOTHING, NotReadable, Row
from subscriptions.details.forms import FORMS, ChangeForm, price_label
from subscriptions.models import ChangeRequest, Subscription

Kind = ChangeRequest.Kind
# What is kept of a subscription at the moment of asking, as people know it.
KEPT = ("status", "quantity", "nickname", "offer_name", "term_duration", "billing_plan", "at_end", "scheduled")
STATUSES = {Kind.SUSPEND: "suspended", Kind.REACTIVATE: "active"}
LARGEST_KEY = 2**63 - 1


def about(request: ChangeRequest) -> Subscription:
    """The subscription that a request of these kinds is about."""
    assert request.subscription is not None
    return request.subscription


def form_of(request: ChangeRequest, *, prices: bool = False) -> ChangeForm:
    """The form of the kind, filled in as it was asked, about the subscription as it is now."""
    return FORMS[request.kind](request.values, subscription=about(request), prices=prices)


def read(form: ChangeForm) -> ChangeForm:
    """The form, if it can be read; NotReadable says what cannot."""
    if not form.is_valid():
        raise NotReadable(" ".join(str(error) for errors in form.errors.values() for error in errors))
    return form


def values_of(form: ChangeForm) -> dict[str, str]:
    """What is kept of a form that was filled in."""
    return {name: str(form.data.get(name, "")) for name in form.fields}


def kept_of(subscription: Subscription) -> dict[str, Any]:
    """How the subscription is now."""
    return {"version": subscription.version, **{name: getattr(subscription, name) for name in KEPT}}


def wished_rows(request: ChangeRequest, *, prices: bool = False) -> list[Row]:
    """What is asked, each as (what, as it was, as it is wanted); at most one query."""
    before, values = request.before, request.values
    if request.kind in STATUSES:
        return [_row(request, "status", STATUSES[Kind(request.kind)])]
    if request.kind == Kind.CANCEL:
        return [(str(FIELDS["status"]), words_of("status", before.get("status")), pgettext("subscription", "Canceled"))]
    if request.kind == Kind.DROP_SCHEDULE:
        return [(_("Scheduled for the renewal"), _("A change"), NOTHING)]
    if request.kind == Kind.NICKNAME:
        return [_row(request, "nickname", values.get("nickname", ""))]
    if request.kind == Kind.END:
        return [_row(request, "at_end", values.get("at_end", ""))]
    rows = []
    if price := chosen_price(request):
        now = f"{before.get('offer_name')} · {_term_words(before)}"
        rows.append((_("Offer, term and billing"), now, price_label(price, titles=True, shown=prices)))
    if "quantity" in values:
        rows.append(_quantity_row(request))
    return rows


def short_words(request: ChangeRequest) -> str:
    """The same in a word or two, without a query: for lists."""
    if request.kind in (Kind.LICENSES, Kind.NICKNAME, Kind.END):
        _what, old, new = wished_rows(request)[0]
        return f"{old} → {new}"
    return ""


def changed_since(request: ChangeRequest) -> list[Row]:
    """Where the subscription differs from how it was when it was asked: (what, as it was, as it is now)."""
    before, subscription = request.before, about(request)
    if before.get("version") == subscription.version:
        return []
    names = [name for name in KEPT if name != "scheduled" and name in before]
    return [
        (str(FIELDS[name]), words_of(name, before[name]), words_of(name, getattr(subscription, name)))
        for name in names
        if before[name] != getattr(subscription, name)
    ]


def chosen_price(request: ChangeRequest) -> Price | None:
    """The price that was chosen, whether or not it is still offered."""
    text = str(request.values.get("price", ""))
    if not (text.isascii() and text.isdigit() and int(text) <= LARGEST_KEY):
        return None
    return Price.objects.filter(pk=int(text)).select_related("sku").first()


def _row(request: ChangeRequest, field: str, wanted: str) -> Row:
    return str(FIELDS[field]), words_of(field, request.before.get(field)), words_of(field, wanted)


def _quantity_row(request: ChangeRequest) -> Row:
    labels = {
        Kind.LICENSES: _("Licenses"),
        Kind.SCHEDULE: _("Licenses from the renewal on"),
        Kind.UPGRADE: _("Licenses to upgrade"),
        Kind.CONVERT: _("Licenses"),
    }
    wanted = str(request.values["quantity"])
    shown = number_text(int(wanted)) if wanted.isascii() and wanted.isdigit() else wanted
    label, had = labels[Kind(request.kind)], number_text(request.before.get("quantity") or 0)
    if request.kind == Kind.UPGRADE:
        # Some of what there is, no other number of it.
        return label, "", _("%(some)s of %(all)s") % {"some": shown, "all": had}
    return label, had, shown


def _term_words(before: dict[str, Any]) -> str:
    return ", ".join(words_of(name, before.get(name)) for name in ("term_duration", "billing_plan"))


def words_of(field: str, value: Any) -> str:
    """A kept value as people read it."""
    if value in (None, ""):
        return NOTHING
    value = LABELS.get(field, {}).get(value, value)
    return number_text(value) if isinstance(value, int) else str(value)

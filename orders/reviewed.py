"""What the Review page of a draft showed, signed, and in words what is no longer so."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from django.core import signing
from django.utils.translation import gettext as _

from core.html import number_text
from customers.models import Customer, CustomerAgreement
from orders.checks import Line, lines_of
from orders.models import OrderDraft
from orders.money import licenses_words, price_words, retail_words

FINGERPRINT_SALT = "orders.review"


def fingerprint(draft: OrderDraft, lines: Sequence[Line] | None = None) -> str:
    """What Review displays of the draft, signed: Submit brings it back, so that both speak of the same order."""
    return signing.Signer(salt=FINGERPRINT_SALT).sign_object(displayed(draft, lines), compress=True)


def displayed(draft: OrderDraft, lines: Sequence[Line] | None = None) -> dict[str, Any]:
    """The content of the fingerprint: details, reseller, and each line with its price row, price and quantity."""
    lines = lines_of(draft) if lines is None else lines
    return {
        "draft": str(draft.public_id),
        "details": draft.details,
        "account_only": draft.is_account_only,
        "reseller": [str(draft.reseller.microsoft_id), draft.reseller.legal_name] if draft.reseller else None,
        "support": draft.support_contact.legal_name if draft.support_contact else "",
        "lines": [
            {
                "price": line.price.pk if line.price else None,
                "key": f"{line.sku.code}|{line.chosen.term_duration}|{line.chosen.billing_plan}|{line.chosen.segment}",
                "offer": line.offer.in_words if line.offer else line.name,
                "unit_price": f"{line.price.unit_price:.4f} {line.price.currency}" if line.price else "",
                "words": price_words(line.price) if line.price else "",
                "retail": retail_words(line.price) if line.price else "",
                "quantity": line.quantity,
                "owned": line.standing.words,
            }
            for line in lines
        ],
    }


def read_fingerprint(reviewed: str) -> dict[str, Any] | None:
    """What was displayed, or None when this is not a fingerprint of ours."""
    try:
        found: dict[str, Any] = signing.Signer(salt=FINGERPRINT_SALT).unsign_object(reviewed)
    except (signing.BadSignature, ValueError, KeyError):
        return None
    return found


class Difference(NamedTuple):
    """Something that is not as Review showed it; an empty side says that it was not there."""

    label: str
    before: str
    after: str


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Difference]:
    """In words, what changed between two contents of a fingerprint of the same draft."""
    found: list[Difference] = []
    for name in {**before["details"], **after["details"]}:
        old, new = before["details"].get(name), after["details"].get(name)
        if (old or "") != (new or ""):
            found.append(Difference(detail_label(name), _detail_words(old), _detail_words(new)))
    if before["reseller"] != after["reseller"]:
        old_name, new_name = ((side["reseller"] or ["", ""])[1] for side in (before, after))
        found.append(Difference(_("Indirect reseller"), old_name, new_name))
    if (old_contact := before.get("support", "")) != after["support"]:
        found.append(Difference(_("Designated support contact"), old_contact, after["support"]))
    if (was := before.get("account_only", False)) != after["account_only"]:
        words = {True: _("None: only the account"), False: _("Wanted")}
        found.append(Difference(_("Subscriptions"), words[was], words[after["account_only"]]))
    old_lines, new_lines = ({line["key"]: line for line in side["lines"]} for side in (before, after))
    for key in {**old_lines, **new_lines}:
        found += _line_differences(old_lines.get(key), new_lines.get(key))
    return found


def _detail_words(value: Any) -> str:
    return _("Yes") if value is True else str(value or "")


def _line_differences(old: Mapping[str, Any] | None, new: Mapping[str, Any] | None) -> list[Difference]:
    if old is None or new is None:
        line = old or new or {}
        words = licenses_words(line["quantity"])
        return [Difference(line["offer"], words if old else "", words if new else "")]
    if old["unit_price"] and not new["unit_price"]:
        words = f"{licenses_words(old['quantity'])}, {old['words']}"
        return [Difference(old["offer"], words, _("No longer on sale for this customer"))]
    found = []
    if old["unit_price"] != new["unit_price"]:
        label = _("Price per license of %(offer)s") % {"offer": new["offer"]}
        found.append(Difference(label, old["words"], new["words"]))
    if old.get("retail", "") != new["retail"]:
        label = _("Estimated retail price of %(offer)s") % {"offer": new["offer"]}
        found.append(Difference(label, old.get("retail", ""), new["retail"]))
    if (old_owned := old.get("owned", "")) != new["owned"]:
        label = _("What the customer has of %(offer)s") % {"offer": new["offer"]}
        found.append(Difference(label, old_owned, new["owned"]))
    if old["quantity"] != new["quantity"]:
        label = _("Licenses for %(offer)s") % {"offer": new["offer"]}
        found.append(Difference(label, number_text(old["quantity"]), number_text(new["quantity"])))
    return found


def detail_label(name: str) -> str:
    """What a field of the details is called on screen."""
    if name == "agreement_to_come":
        return _("The customer accepts the agreement at its first sign-in")
    model, field = (
        (CustomerAgreement, name.removeprefix("agreement_")) if name.startswith("agreement_") else (Customer, name)
    )
    label = str(getattr(model._meta.get_field(field), "verbose_name", field))
    return label[:1].upper() + label[1:]

"""What nobody types by accident: the wizard answers it in words, shows it as text, and passes none of it on."""

import pytest
from django.urls import reverse

from accounts.models import Membership
from core import clock
from customers.models import Customer
from mail.models import OutgoingEmail
from orders.handing_over import hand_over_draft
from orders.models import OrderDraft
from orders.services import choose_offers, keep_typed, save_details
from tests.contracts import html_faults
from tests.orders.conftest import confirmed, make_details, posted, signed_in, submitted

DETAIL_FIELDS = sorted({*posted(make_details()), "agreement_to_come", "company_name_is_right", "alike", "version"})
NASTY = [
    "\x00",
    "a\x00b",
    "\u202egnp.exe",
    "\x1b[31m",
    "a\r\nBcc: x@y.example",
    "%" * 300,
    "9" * 400,
    "🤦🏽‍♀️" * 60,
]
SCRIPT = '"><script>alert(1)</script>'


def url(name: str, draft: OrderDraft) -> str:
    """The address of a page of the draft."""
    return reverse(f"orders:{name}", args=[draft.public_id])


# --- text that no page and no database may stumble over ---------------------------------------------------------------
@pytest.mark.parametrize("text", NASTY)
def test_no_text_breaks_customer_details_in_all_fields_or_in_one(ready, sales, reseller, text):
    client = signed_in(sales)
    good = posted(make_details(), reseller)
    for fields in (
        DETAIL_FIELDS,
        ["version"],
        ["alike"],
        ["reseller"],
        ["country"],
        ["state"],
        ["agreement_accepted_on"],
    ):
        answer = client.post(url("details", ready), {**good, **dict.fromkeys(fields, text)})
        assert answer.status_code in (200, 302, 400, 409), fields
    for address in (url("details", ready), url("review", ready), "/"):
        assert client.get(address).status_code == 200, address


def test_half_a_character_is_no_reason_to_fail(ready, sales):
    raw = b"company_name=%ED%A0%BD&city=%FF%FE&version=%ED%A0%BD&reseller=%ED%A0%BD"
    for name in ("details", "subscriptions", "hand_over", "submit"):
        answer = signed_in(sales).post(url(name, ready), raw, content_type="application/x-www-form-urlencoded")
        assert answer.status_code in (200, 302, 400, 409), name


@pytest.mark.parametrize("text", NASTY)
def test_no_text_breaks_new_subscription(ready, sales, standard, text):
    client = signed_in(sales)
    number = f"licenses-{standard.pk}"
    everything = (number, "reseller", "q", "term", "segment", "page", "at", f"again-{standard.pk}")
    for name in ("subscriptions", "update_offers", "all_offers", "skip_offers"):
        for fields in (everything, ["version"]):
            answer = client.post(url(name, ready), {number: "5", **dict.fromkeys(fields, text)})
            assert answer.status_code in (200, 302, 400, 409), (name, fields)
    assert client.get(url("subscriptions", ready)).status_code == 200


@pytest.mark.parametrize("text", NASTY)
def test_no_text_breaks_submit_and_nothing_is_made_of_it(ready, sales, text):
    client = signed_in(sales)
    for data in ({"reviewed": text}, {"reviewed": text, "attestation": text}):
        assert client.post(url("submit", ready), data).status_code in (302, 400)
    assert not Customer.objects.exists()


@pytest.mark.parametrize(
    "text",
    ["Evil\u202egnp.exe", "Line\none", "Bell\x07", "Esc\x1b[31m", "Nul\x00", "Mark\u200emark", "Isolate\u2066x\u2069"],
)
@pytest.mark.parametrize("field", ["company_name", "contact_first_name", "contact_last_name", "address_line_1", "city"])
def test_names_that_deceive_are_refused_and_kept_to_be_corrected(draft, sales, reseller, field, text):
    client = signed_in(sales)
    page = client.post(url("details", draft), {**posted(make_details(), reseller), field: text})
    assert field in page.context["form"].errors
    kept = OrderDraft.objects.get(pk=draft.pk)
    assert kept.details == {}
    # Of a NUL, which no database keeps, nothing is left.
    assert str(kept) in ("Padaria São João", "New customer", "Nul")


@pytest.mark.parametrize(
    "name", ["🤦🏽‍♀️ Café", "שלום בע״מ", "شركة النور", "株式会社青空", "e\u0301clair", "Ñandú & Söhne “Ltd”", "Ab" * 100]
)
def test_names_of_any_script_come_out_as_they_went_in(ready, sales, reseller, name):
    client = signed_in(sales)
    assert client.post(url("details", ready), posted(make_details(company_name=name), reseller)).status_code == 302
    client.post(url("submit", ready), confirmed(client.get(url("review", ready))))
    customer = Customer.objects.get()
    assert customer.company_name == ("éclair" if name == "e\u0301clair" else name)
    for address in (url("confirmation", ready), reverse("customers:list"), customer.get_absolute_url()):
        content = client.get(address).content.decode()
        assert html_faults(content) == []
        assert customer.company_name.split(" ")[0] in content
    assert OutgoingEmail.objects.filter(kind="order_placed").exists()


# --- markup stays text ------------------------------------------------------------------------------------------------
def test_markup_in_every_field_is_text_on_every_page_and_in_every_mail(draft, sales, reseller, standard, colleague):
    client = signed_in(sales)
    hostile = dict.fromkeys(DETAIL_FIELDS, SCRIPT) | {"reseller": str(reseller.microsoft_id)}
    del hostile["version"]
    pages = [client.post(url("details", draft), hostile)]
    pages += [client.get(url(name, draft)) for name in ("details", "hand_over", "confirm_cancel")]
    pages += [client.get("/"), client.get(reverse("orders:start"))]
    texts = ("company_name", "contact_first_name", "contact_last_name", "address_line_1", "address_line_2", "city")
    details = make_details(**dict.fromkeys(texts, SCRIPT), agreement_first_name=SCRIPT)
    save_details(draft=draft, details=details, reseller=reseller, by=sales)
    choose_offers(draft=draft, quantities={standard: 5}, by=sales)
    stale = {**posted(make_details(), reseller), "version": "1.x"}
    pages += [client.post(url("details", draft), stale), client.get(url("subscriptions", draft))]
    pages += [client.get(url("review", draft))]
    hand_over_draft(draft=draft, to=Membership.objects.get(user=colleague.user), by=sales)
    theirs = signed_in(colleague)
    pages += [theirs.post(url("submit", draft), confirmed(theirs.get(url("review", draft))))]
    pages += [theirs.get(url("confirmation", draft)), theirs.get("/")]
    for page in pages:
        assert "<script>alert" not in page.content.decode(), page.request["PATH_INFO"]
    mails = OutgoingEmail.objects.all()
    assert {mail.kind for mail in mails} >= {"draft_handed_over", "order_placed", "customer_assigned"}
    assert not [mail.kind for mail in mails if "<script>alert" in mail.html]


def test_a_typed_name_puts_no_line_into_a_mail(draft, sales, colleague):
    keep_typed(draft=draft, step="details", typed={"company_name": "Evil\r\nBcc: x@y.example"}, by=sales)
    hand_over_draft(draft=draft, to=Membership.objects.get(user=colleague.user), by=sales)
    mail = OutgoingEmail.objects.get()
    assert mail.subject == "A draft for you: New customer"
    assert "Bcc" not in mail.text


# --- rights that end in the middle ------------------------------------------------------------------------------------
def test_whoever_left_meanwhile_submits_and_changes_nothing(ready, sales, reseller):
    client = signed_in(sales)
    data = confirmed(client.get(url("review", ready)))
    Membership.objects.filter(user=sales.user).update(ended_at=clock.now())
    assert client.post(url("submit", ready), data).status_code == 403
    assert client.post(url("details", ready), posted(make_details(), reseller)).status_code == 403
    assert client.post(url("hand_over", ready), {"colleague": "1"}).status_code == 403
    assert not Customer.objects.exists()


def test_a_partnership_that_ended_meanwhile_refuses_submit_and_keeps_the_draft(ready, sales, partnership):
    client = signed_in(sales)
    data = confirmed(client.get(url("review", ready)))
    partnership.ended_at = clock.now()
    partnership.save()
    assert client.post(url("submit", ready), data).status_code == 409
    assert not Customer.objects.exists()
    assert OrderDraft.objects.get(pk=ready.pk).is_open


def test_what_belongs_to_another_provider_is_no_choice(ready, sales, outsider, reseller):
    theirs = Membership.objects.get(user=outsider.user)
    client = signed_in(sales)
    page = client.post(url("hand_over", ready), {"colleague": theirs.pk})
    assert list(page.context["form"].errors) == ["colleague"]
    page = client.post(
        url("details", ready), {**posted(make_details()), "reseller": str(outsider.partner.microsoft_id)}
    )
    assert "reseller" in page.context["form"].errors


def test_a_colleague_of_the_owner_neither_sees_nor_submits_the_draft(ready, sales, colleague):
    data = confirmed(signed_in(sales).get(url("review", ready)))
    assert signed_in(colleague).post(url("submit", ready), data).status_code == 404
    assert submitted(ready, sales).placed_by == sales.user

"""Who is told of the end of a partnership, in which words."""

from accounts.roles import Role
from mail.models import OutgoingEmail
from orders.partnerships.choices import MANAGER, NOBODY
from tests.factories import CustomerFactory
from tests.orders.conftest import actor_of
from tests.orders.test_partnership_end_service import choose, end, leave


def mails() -> dict[str, tuple[str, str]]:
    """Recipient -> kind and subject, of everything that was queued."""
    return {mail.recipient: (mail.kind, mail.subject) for mail in OutgoingEmail.objects.all()}


def text_to(recipient: str) -> str:
    """The words of the mail to this address."""
    return " ".join(OutgoingEmail.objects.get(recipient=recipient).text.split())


def test_both_companies_and_whoever_takes_over_are_told(shared):
    actor_of(shared.reseller, Role.SALES_AGENT, sign_in_name="sales@fabrikam.example")
    actor_of(shared.provider, sign_in_name="boss@northwind.example")
    end(shared, choose(shared.litware, MANAGER, NOBODY), reason="Contract is over")
    ended_ours, ended_theirs = "The partnership with Fabrikam has ended", "Northwind ended the partnership"
    taken = "Northwind handed customers over to you"
    assert mails() == {
        "contact@northwind.example": ("partnership_ended_provider", ended_ours),
        "ada@northwind.example": ("partnership_ended_provider", ended_ours),
        "hello@fabrikam.example": ("partnership_ended_reseller", ended_theirs),
        "finn@fabrikam.example": ("partnership_ended_reseller", ended_theirs),
        "desk@litware.example": ("customers_taken_over", taken),
        "desk@contoso.example": ("customers_taken_over", taken),
    }
    assert OutgoingEmail.objects.count() == 6


def test_the_reseller_reads_what_it_lost_and_why_and_not_to_whom(shared):
    ended = end(shared, choose(shared.litware), reason="Contract is over")
    text = text_to("finn@fabrikam.example")
    for part in (
        "Northwind ended its partnership with Fabrikam on",
        "- Your access to the accounts and subscriptions of 2 customers ends at once.",
        "- You are no longer reseller of record on 4 subscriptions: incentives for them end.",
        "- You are no longer the designated support contact of 1 subscription;",
        "Reason: Contract is over",
        f"/providers/{ended.public_id}/",
    ):
        assert part in text
    assert "Litware" not in text
    mail = OutgoingEmail.objects.get(recipient="finn@fabrikam.example")
    assert mail.reply_to == "ada@northwind.example"
    assert "Litware" not in mail.html


def test_the_provider_reads_who_took_over(shared):
    end(shared, choose(shared.litware, NOBODY, NOBODY))
    text = text_to("ada@northwind.example")
    for part in (
        "Ada Admin ended the partnership of Northwind with Fabrikam on",
        "- 2 customers: managed by Litware (MPN ID 888)",
        "- 4 subscriptions: without a reseller of record",
        "- 1 subscription: you answer the support requests",
        "The customers stay yours, and the history stays readable:",
    ):
        assert part in text
    assert "Reason" not in text
    assert OutgoingEmail.objects.get(recipient="ada@northwind.example").reply_to == ""


def test_who_takes_over_reads_how_much_in_one_mail(shared):
    for _one in range(3):
        CustomerFactory(provider=shared.provider, managed_by=shared.reseller)
    end(shared, choose(shared.litware, MANAGER, NOBODY))
    text = text_to("desk@litware.example")
    assert "- Administrator access to the accounts and subscriptions of 5 customers" in text
    assert "- Reseller of record on 3 subscriptions: their incentives are yours from now on" in text
    assert "support contact" not in text
    assert "Fabrikam" not in text


def test_when_the_reseller_ends_it_the_other_side_has_to_act(shared):
    actor_of(shared.provider, sign_in_name="boss@northwind.example")
    leave(shared, reason="We retire")
    assert {address: kind for address, (kind, _subject) in mails().items()} == {
        "hello@fabrikam.example": "partnership_ended_reseller",
        "finn@fabrikam.example": "partnership_ended_reseller",
        "contact@northwind.example": "partnership_ended_provider",
        "boss@northwind.example": "partnership_ended_provider",
    }
    text = text_to("boss@northwind.example")
    for part in (
        "Fabrikam ended its partnership with Northwind on",
        "- 2 customers: without a reseller, so direct customers of yours",
        "Reason: We retire",
        "Choose a reseller for them, or serve them directly.",
    ):
        assert part in text
    assert OutgoingEmail.objects.get(recipient="boss@northwind.example").reply_to == "finn@fabrikam.example"


def test_a_contact_who_is_also_a_global_admin_gets_one_mail(shared):
    shared.reseller.contact_email = "Finn@fabrikam.example"
    shared.reseller.save()
    end(shared, choose(NOBODY, NOBODY, NOBODY))
    assert OutgoingEmail.objects.filter(recipient__iexact="finn@fabrikam.example").count() == 1


def test_with_nothing_to_hand_over_nobody_else_is_told(shared):
    shared.partnership = shared.provider.partnerships_as_provider.get(reseller=shared.litware)
    end(shared, choose(NOBODY))
    assert set(mails()) == {"contact@northwind.example", "ada@northwind.example", "desk@litware.example"}
    assert "What it did for your customers" not in text_to("ada@northwind.example")


def test_names_cannot_break_out_of_the_mail(shared):
    shared.reseller.legal_name = "Fabrikam <b>&amp;"
    shared.reseller.save()
    end(shared, choose(NOBODY, NOBODY, NOBODY), reason="<script>alert(1)</script>")
    mail = OutgoingEmail.objects.get(recipient="ada@northwind.example")
    assert "<script>" not in mail.html
    assert "<b>" not in mail.html
    assert "<script>alert(1)</script>" in mail.text

"""The back office reads partnerships and requests, and changes nothing."""

import pytest
from django.urls import reverse

from resellers.services import accept_request
from resellers.tokens import link_token
from tests.factories import UserFactory


@pytest.fixture
def office(client, db):
    """A back-office person's browser."""
    client.force_login(UserFactory(back_office=True))
    return client


@pytest.mark.parametrize("model", ["partnership", "partnershiprequest"])
def test_rows_are_read_and_never_changed(office, sent, riley, model):
    partnership = accept_request(request=sent, nonce=sent.nonce, by=riley)
    pk = {"partnership": partnership.pk, "partnershiprequest": sent.pk}[model]
    for name, arguments, status in (
        ("changelist", [], 200),
        ("change", [pk], 200),
        ("history", [pk], 200),
        ("add", [], 403),
        ("delete", [pk], 403),
    ):
        response = office.get(reverse(f"admin:resellers_{model}_{name}", args=arguments))
        assert (response.status_code, name) == (status, name)
        assert link_token(sent) not in response.content.decode()
        assert sent.nonce not in response.content.decode()
        if name == "change":
            assert 'name="_save"' not in response.content.decode()
            assert (
                office.post(reverse(f"admin:resellers_{model}_change", args=[pk]), {"state": "sent"}).status_code == 403
            )
    assert office.get(reverse(f"admin:resellers_{model}_changelist"), {"q": "northwind"}).status_code == 200


def test_what_waits_is_read_as_well(office, sent, casey):
    acceptance = accept_request(request=sent, nonce=sent.nonce, by=casey)
    page = office.get(reverse("admin:resellers_pendingacceptance_change", args=[acceptance.pk]))
    assert page.status_code == 200
    assert 'name="_save"' not in page.content.decode()
    found = office.get(reverse("admin:resellers_pendingacceptance_changelist"), {"q": "contoso"})
    assert "Contoso Group" in found.content.decode()
    for name, arguments in (("add", []), ("delete", [acceptance.pk])):
        assert office.get(reverse(f"admin:resellers_pendingacceptance_{name}", args=arguments)).status_code == 403

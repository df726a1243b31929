"""record(): complete, in the same transaction, and without secrets."""

import json
import uuid
from datetime import UTC, date, datetime
from decimal import Decimal
from types import SimpleNamespace

import pytest
from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy

from accounts.access import Actor, system_actor
from accounts.models import Partner, User
from accounts.roles import Program, Role
from activity.models import ActivityRecord, Source
from activity.services import composed, plain, record, record_all

pytestmark = pytest.mark.django_db


@pytest.fixture
def partner():
    return Partner.objects.create(
        program=Program.INDIRECT_PROVIDER, legal_name="Contoso Distribution", mpn_id="12345", country="BR"
    )


@pytest.fixture
def actor(partner):
    user = User.objects.create_user("ana@contoso.com", full_name="Ana Souza")
    return Actor(
        user=user, partner=partner, role=Role.ADMIN_AGENT, ip="192.0.2.7", request_id="abc123", source=Source.PAGE
    )


def test_record_keeps_who_for_whom_what_and_from_where(actor, partner, monkeypatch):
    monkeypatch.setattr(Partner, "activity_parties", lambda self: {}, raising=False)
    record("partner.renamed", partner, by=actor, name_before="Old", name_after="New")
    kept = ActivityRecord.objects.values().get()
    assert abs((datetime.now(UTC) - kept.pop("at")).total_seconds()) < 60
    assert kept == {
        "id": kept["id"],
        "action": "partner.renamed",
        "actor_user_id": actor.user.pk,
        "actor_label": "Ana Souza (ana@contoso.com)",
        "acting_for_id": partner.microsoft_id,
        "acting_for_label": "Contoso Distribution",
        "target_type": "accounts.partner",
        "target_id": str(partner.microsoft_id),
        "target_label": "Contoso Distribution",
        "provider_id": None,
        "reseller_id": None,
        "customer_id": None,
        "changes": {"name_before": "Old", "name_after": "New"},
        "ip": "192.0.2.7",
        "request_id": "abc123",
        "source": "page",
    }


def test_record_by_the_portal_itself_has_no_person(partner):
    kept = record("partner.checked", partner, by=system_actor("the nightly check"))
    assert (kept.actor_user_id, kept.actor_label, kept.acting_for_id) == (None, "the nightly check", None)


def test_a_target_without_a_public_id_is_known_by_its_key(actor):
    assert record("person.invited", actor.user, by=actor).target_id == str(actor.user.pk)


def test_the_parties_of_a_target_become_columns(actor, partner, monkeypatch):
    ids = {name: uuid.uuid4() for name in ("provider", "reseller", "customer")}
    monkeypatch.setattr(Partner, "activity_parties", lambda self: ids, raising=False)
    kept = record("partner.checked", partner, by=actor)
    assert (kept.provider_id, kept.reseller_id, kept.customer_id) == tuple(ids.values())


def test_an_unknown_party_is_refused(actor, partner, monkeypatch):
    monkeypatch.setattr(Partner, "activity_parties", lambda self: {"distributor": uuid.uuid4()}, raising=False)
    with pytest.raises(ValueError, match="distributor"):
        record("partner.checked", partner, by=actor)


@pytest.mark.django_db(transaction=True)
def test_record_outside_a_transaction_is_refused(partner):
    with pytest.raises(transaction.TransactionManagementError):
        record("partner.checked", partner, by=system_actor("test"))
    assert ActivityRecord.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_a_rolled_back_action_leaves_no_record(partner):
    with transaction.atomic():
        record("partner.checked", partner, by=system_actor("test"))
        transaction.set_rollback(True)
    assert ActivityRecord.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_an_action_whose_record_fails_is_not_done(partner):
    """The column refuses a missing value, as any database error would."""
    nobody = SimpleNamespace(user=None, label="x", acting_for=None, ip=None, request_id="", source="")

    @transaction.atomic
    def rename():
        Partner.objects.filter(pk=partner.pk).update(legal_name="Renamed")
        record(None, partner, by=nobody)

    with pytest.raises(IntegrityError):
        rename()
    partner.refresh_from_db()
    assert partner.legal_name == "Contoso Distribution"
    assert ActivityRecord.objects.count() == 0


@pytest.mark.parametrize(
    "changes",
    [
        {"password": "canary"},
        {"temporary_password_hash": "canary"},
        {"client_secret": "canary"},
        {"token": "canary"},
        {"nonce": "canary"},
        {"ciphertext": "canary"},
        {"API_KEY": "canary"},
        {"details": {"inner": [{"reset_token": "canary"}]}},
    ],
)
def test_what_looks_like_a_secret_is_refused_and_not_quoted(actor, partner, changes):
    with pytest.raises(ValueError, match="looks like a secret") as refusal:
        record("partner.changed", partner, by=actor, **changes)
    assert "canary" not in str(refusal.value)
    assert ActivityRecord.objects.count() == 0


def test_values_become_what_json_can_hold(partner):
    guid = uuid.UUID("11111111-2222-3333-4444-555555555555")
    values = {
        "day": date(2026, 11, 22),
        "moment": datetime(2026, 11, 22, 12, 30, tzinfo=UTC),
        "price": Decimal("12.50"),
        "id": guid,
        "role": Role.ADMIN_AGENT,
        "word": gettext_lazy("View customers"),
        "partner": partner,
        "list": [1, None, True, (Decimal("1.0"),)],
        1: 2.5,
    }
    expected = {
        "day": "2026-11-22",
        "moment": "2026-11-22T12:30:00+00:00",
        "price": "12.50",
        "id": "11111111-2222-3333-4444-555555555555",
        "role": "admin_agent",
        "word": "View customers",
        "partner": "Contoso Distribution",
        "list": [1, None, True, ["1.0"]],
        "1": 2.5,
    }
    assert plain(values) == expected
    assert json.loads(json.dumps(plain(values))) == expected


def test_bytes_are_refused():
    with pytest.raises(TypeError):
        plain({"value": b"\x00canary"})


@pytest.mark.parametrize(
    ("given", "kept"),
    [("2001:db8::1", "2001:db8::1"), ("unknown", None), ("192.0.2.1:443", None), ("", None), (None, None)],
)
def test_an_address_that_is_none_does_not_fail_the_action(partner, given, kept):
    by = SimpleNamespace(user=None, label="x", acting_for=None, ip=given, request_id="r" * 100, source="")
    assert record("partner.checked", partner, by=by).ip == kept


def test_overlong_labels_are_cut_rather_than_failing_the_action(actor, partner):
    partner.legal_name = "x" * 300
    kept = record("partner.checked", partner, by=actor)
    assert len(kept.target_label) == 255


def test_many_records_are_written_as_one_would_be(actor, partner):
    record("partner.renamed", partner, by=actor, old="A", new="B")
    with transaction.atomic():
        record_all([composed("partner.renamed", partner, by=actor, old="A", new="B")])
    first, second = ActivityRecord.objects.order_by("pk").values()
    for kept in (first, second):
        del kept["id"], kept["at"]
    assert first == second


@pytest.mark.django_db(transaction=True)
def test_many_records_belong_to_a_transaction_too(partner):
    kept = composed("partner.renamed", partner, by=system_actor("a check"))
    with pytest.raises(transaction.TransactionManagementError):
        record_all([kept])
    assert ActivityRecord.objects.count() == 0

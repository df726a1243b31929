"""Every list of the back office: few queries, no long counts, nothing changed by hand, no secret on any page."""

import base64
import uuid

import pytest
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from django.apps import apps
from django.contrib import admin
from django.contrib.sessions.backends.db import SessionStore
from django.db import connection
from django.db.models import DateField, Model
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.functional import Promise
from django.utils.html import escape

from accounts.models import PersonSession, User
from core.admin_search import FoldedSearch
from csp_portal.back_office import CappedPaginator
from mail.models import OutgoingEmail
from tests.portal.test_admin_access import MODELS, address
from tests.world import World, make_world

parametrized = pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
MOST_QUERIES = 12


@pytest.fixture
def world(db: None) -> World:
    """Two of everything."""
    return make_world()


@pytest.fixture
def office(world: World) -> Client:
    """A browser inside the back office."""
    client = Client()
    client.force_login(world.back_office)
    return client


@parametrized
def test_its_app_has_a_name_in_every_language(model: type[Model]) -> None:
    assert isinstance(apps.get_app_config(model._meta.app_label).verbose_name, Promise)


@parametrized
def test_a_list_reads_little(model: type[Model], office: Client) -> None:
    office.get(address(model, "changelist"))
    with CaptureQueriesContext(connection) as queries:
        assert office.get(address(model, "changelist")).status_code == 200
    assert len(queries) <= MOST_QUERIES, [query["sql"][:150] for query in queries]


@parametrized
def test_a_list_counts_to_its_cap_and_no_further(model: type[Model]) -> None:
    owner = admin.site._registry[model]
    assert owner.paginator is CappedPaginator
    assert (owner.show_full_result_count, owner.list_per_page) == (False, 50)
    assert owner.date_hierarchy is None
    assert owner.list_editable == ()


def test_the_cap_is_in_the_query(world: World) -> None:
    with CaptureQueriesContext(connection) as queries:
        assert CappedPaginator(OutgoingEmail.objects.order_by("pk"), 50).count == OutgoingEmail.objects.count()
    assert "LIMIT 10001" in queries[0]["sql"]


@parametrized
def test_nobody_changes_a_row_by_hand(model: type[Model], office: Client) -> None:
    row = model._default_manager.first()
    if row is None:
        assert office.post(address(model, "change", 1), {"state": "active"}).status_code in (302, 403, 404, 405)
        assert not model._default_manager.exists()
        return
    before = model._default_manager.filter(pk=row.pk).values().get()
    response = office.post(address(model, "change", row.pk), {"state": "active", "status": "active", "is_staff": "on"})
    assert response.status_code in (403, 405, 200)
    assert model._default_manager.filter(pk=row.pk).values().get() == before


@parametrized
def test_no_row_leads_to_a_page_of_its_company(model: type[Model], office: Client) -> None:
    """Nobody else finds anything there."""
    row = model._default_manager.first()
    if row is not None:
        assert "viewsitelink" not in office.get(address(model, "change", row.pk)).content.decode()


def ciphers(sealed: bytes) -> list[str]:
    """A sealed thing in every dress in which a page could show it."""
    dressed = [
        sealed.decode("latin-1"),
        base64.b64encode(sealed).decode(),
        sealed.hex(),
        str(sealed),
        repr(sealed)[2:-1],
    ]
    return [*dressed, *(escape(one) for one in dressed)]


def seal_everything(world: World) -> tuple[str, list[str]]:
    """A temporary password, the keys of a webhook, second factors and recovery codes; all that must not be seen."""
    user, codes = world.helpdesk.user, ["recovery-canary-1", "recovery-canary-2"]
    seal = get_adapter().encrypt
    secret, seed = seal("totp-canary"), seal("seed-canary")
    migrated = [seal(code) for code in codes]
    kinds = Authenticator.Type
    Authenticator.objects.create(user=user, type=kinds.TOTP, data={"secret": secret})
    Authenticator.objects.create(
        user=user, type=kinds.WEBAUTHN, data={"name": "Key", "credential": "credential-canary"}
    )
    Authenticator.objects.create(
        user=user, type=kinds.RECOVERY_CODES, data={"seed": seed, "used_mask": 0, "migrated_codes": migrated}
    )
    envelope, now, before = b"\x00\xfeenvelope-canary", b"\x01\xfdsealed-canary", b"\x02\xfcbefore-canary"
    type(world.ours.temporary_password).objects.update(ciphertext=envelope, session_hash="hash-of-session-canary")
    type(world.ours.webhook).objects.update(
        sealed=now, sealed_before=before, url="https://receiver.example/path-canary?key=query-canary"
    )
    session = SessionStore()
    session.create()
    assert session.session_key
    PersonSession.objects.create(user=user, session_key=session.session_key, ip="198.51.100.7", user_agent="Firefox")
    sealed = [text for one in (envelope, now, before) for text in ciphers(one)]
    # Whatever else is shown of one of them has this in it.
    return session.session_key, [*codes, secret, seed, *migrated, *sealed, "-canary"]


@parametrized
def test_no_page_shows_a_secret(model: type[Model], office: Client, world: World) -> None:
    nonces = [f"nonce-canary-{number}" for number in range(2)]
    for request, nonce in zip((world.ours.request, world.theirs.request), nonces, strict=True):
        type(request).objects.filter(pk=request.pk).update(nonce=nonce)
    key, sealed = seal_everything(world)
    hashes = [*User.objects.exclude(password="").values_list("password", flat=True)]
    secrets = [*nonces, *sealed, key, office.session.session_key, *hashes]
    own = {User: world.helpdesk.user, PersonSession: PersonSession.objects.get()}
    for row in [*model._default_manager.all()[:5], *filter(None, [own.get(model)])]:
        response = office.get(address(model, "change", row.pk))
        assert response.status_code == 200
        page = response.content.decode()
        assert not [secret for secret in secrets if secret in page]
    listed = office.get(address(model, "changelist")).content.decode()
    assert not [secret for secret in secrets if secret in listed]


@parametrized
def test_search_finds_nothing_for_nonsense_and_never_fails(model: type[Model], office: Client) -> None:
    for term in ("no-such-thing-anywhere", str(uuid.uuid4()), "9" * 30, "% _ ' \"", "São Paulo"):
        response = office.get(address(model, "changelist"), {"q": term})
        assert response.status_code == 200, term
        assert response.context["cl"].result_count == 0 or not admin.site._registry[model].search_fields, term


def test_search_folds_and_knows_ids(office: Client, world: World) -> None:
    customer = world.ours.customer
    customer.company_name = "Açaí São João"
    customer.save()
    for term in ("acai", "SÃO joao", str(customer.microsoft_id)):
        response = office.get(address(type(customer), "changelist"), {"q": term})
        assert [row.pk for row in response.context["cl"].result_list] == [customer.pk], term
    assert isinstance(admin.site._registry[type(customer)], FoldedSearch)


@parametrized
def test_a_typed_year_that_is_none_is_no_fault(model: type[Model], office: Client) -> None:
    for field in model._meta.get_fields():
        for year in ("2147483648", "99999999999999999999", "0", "-1", "x"):
            if isinstance(field, DateField):
                answer = office.get(address(model, "changelist"), {f"{field.name}__year": year})
                assert answer.status_code in (302, 400), (field.name, year)

"""Saved views: what is kept of an address, who opens and changes which, and what the list shows of them."""

from collections.abc import Callable
from urllib.parse import urlencode

import pytest
from django.db import DatabaseError
from django.http import QueryDict
from django.test import Client
from django.urls import reverse

from accounts.access import Actor
from accounts.models import Partner, SavedView, User
from accounts.roles import Role
from accounts.saved_views import services
from accounts.saved_views.services import NameTaken, delete_view, rename_view, save_view, update_view
from activity.models import ActivityRecord
from core.exceptions import NotPermitted, Refused
from tests.contracts import html_faults
from tests.customers.conftest import actor_of, admin, provider, reseller, signed_in
from tests.factories import CustomerFactory, MembershipFactory, PartnerFactory
from tests.races import at_once

__all__ = ["admin", "provider", "reseller", "signed_in"]

Browser = Callable[[User | None], Client]
PAGE = "customers:list"
LIST = reverse(PAGE)


def save(by: Actor, name: str = "Direct", query: str = "reseller=none", **values: object) -> SavedView:
    options = {"page": PAGE, "is_shared": False, **values}
    return save_view(name=name, query=QueryDict(query), by=by, **options)  # type: ignore[arg-type]


def address(name: str, view: SavedView | None = None, **query: str) -> str:
    arguments = [PAGE, view.pk] if view else [PAGE]
    found = reverse(f"saved_views:{name}", args=arguments)
    return f"{found}?{urlencode(query)}" if query else found


def names(browser: Client, url: str = LIST) -> tuple[list[str], list[str]]:
    """The person's own views in the menu, and those that are shared with it."""
    menu = browser.get(url).context["saved_views"]
    return [view.name for view in menu.own], [view.name for view in menu.shared]


# --- what is kept -----------------------------------------------------------------------------------------------------
def test_a_view_keeps_what_the_list_knows_and_not_the_place_in_it(admin: Actor) -> None:
    view = save(
        admin,
        query="sort=-created&status=active&q=+S%C3%A3o+&per_page=50&after=abc&before=x&open=1&new=2&view=7&evil=1&country=",
    )
    assert view.query == "q=S%C3%A3o&status=active&sort=-created&per_page=50"
    assert save(admin, "All", query="").query == ""
    assert save(admin, "Nothing", query="q=a%00b&reseller=none").query == "reseller=none"


def test_filters_that_are_too_long_are_refused(admin: Actor) -> None:
    with pytest.raises(Refused, match="too long"):
        save(admin, query=urlencode({"q": "é" * 400}))
    assert not SavedView.objects.exists()


@pytest.mark.parametrize("page", ["home", "nothing:here", "customers:detail", "", "a/b", "resellers:requested", "\x00"])
def test_only_lists_have_views(admin: Actor, page: str) -> None:
    with pytest.raises(Refused, match="cannot be saved"):
        save(admin, page=page)


def test_who_may_not_open_the_list_saves_no_view_of_it(provider: Partner, reseller: Partner) -> None:
    for actor in (actor_of(provider, Role.HELPDESK_AGENT), actor_of(reseller)):
        with pytest.raises(NotPermitted):
            save(actor, page="resellers:list")


def test_a_name_stands_once_in_a_persons_menu(provider: Partner, admin: Actor) -> None:
    save(admin)
    with pytest.raises(NameTaken):
        save(admin, query="status=active")
    save(admin, page="resellers:list")
    save(actor_of(provider))
    other = save(admin, "Other")
    with pytest.raises(NameTaken):
        rename_view(view=other, name="Direct", is_shared=False, by=admin)
    other.refresh_from_db()
    assert other.name == "Other"


def test_the_views_of_a_person_are_limited(provider: Partner, admin: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "MOST_VIEWS", 2)
    save(admin, "1")
    save(admin, "2", page="resellers:list")
    with pytest.raises(Refused, match="You have 2 saved views"):
        save(admin, "3")
    save(actor_of(provider), "3")


@pytest.mark.django_db(transaction=True)
@pytest.mark.postgres
def test_two_at_once_do_not_pass_the_limit(admin: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "MOST_VIEWS", 1)
    outcomes = at_once(*[lambda number=number: save(admin, f"View {number}") for number in range(4)])
    assert SavedView.objects.count() == 1
    assert sum(isinstance(one, Refused) for one in outcomes) == 3


# --- who --------------------------------------------------------------------------------------------------------------
def test_private_views_are_the_persons_own_and_shared_ones_the_companys(
    provider: Partner, reseller: Partner, admin: Actor, signed_in: Browser
) -> None:
    CustomerFactory(provider=provider)
    CustomerFactory(provider=provider, managed_by=reseller)
    colleague, outsider = actor_of(provider), actor_of(PartnerFactory())
    CustomerFactory(provider=outsider.partner)
    save(admin, "Mine")
    save(admin, "Ours", is_shared=True)
    save(actor_of(reseller), "Of the reseller", query="status=active", is_shared=True)
    assert names(signed_in(admin.user)) == (["Mine", "Ours"], [])
    assert names(signed_in(colleague.user)) == ([], ["Ours"])
    assert names(signed_in(outsider.user)) == ([], [])
    assert names(signed_in(actor_of(reseller).user)) == ([], ["Of the reseller"])


def test_in_another_company_a_person_has_other_views(admin: Actor, signed_in: Browser) -> None:
    other = MembershipFactory(user=admin.user, partner__legal_name="Zebra", role=Role.GLOBAL_ADMIN)
    save(admin, "Mine", is_shared=True)
    view = save(admin, "Private")
    elsewhere = Actor(user=admin.user, partner=other.partner, role=Role.GLOBAL_ADMIN)
    assert list(SavedView.objects.visible_to(elsewhere)) == []
    with pytest.raises(Refused):
        delete_view(view=view, by=elsewhere)


@pytest.mark.parametrize("name", ["rename", "update", "delete"])
def test_a_colleagues_private_view_is_as_unknown_as_none(
    provider: Partner, admin: Actor, signed_in: Browser, name: str
) -> None:
    view = save(admin)
    for actor in (actor_of(provider), actor_of(PartnerFactory())):
        browser = signed_in(actor.user)
        for method in ("get", "post"):
            if (name, method) != ("update", "get"):
                assert getattr(browser, method)(address(name, view)).status_code == 404
        with pytest.raises(Refused):
            delete_view(view=view, by=actor)
    assert SavedView.objects.get().name == "Direct"


def test_a_shared_view_is_changed_by_its_owner_and_deleted_by_a_global_admin_too(
    provider: Partner, admin: Actor, signed_in: Browser
) -> None:
    view = save(admin, is_shared=True)
    agent, global_admin = actor_of(provider, Role.ADMIN_AGENT), actor_of(provider, Role.GLOBAL_ADMIN)
    for actor in (agent, global_admin):
        for name in ("rename", "update"):
            assert signed_in(actor.user).post(address(name, view)).status_code == 403
        with pytest.raises(NotPermitted):
            update_view(view=view, query=QueryDict("status=active"), by=actor)
        with pytest.raises(NotPermitted):
            rename_view(view=view, name="Theirs", is_shared=True, by=actor)
    assert signed_in(agent.user).post(address("delete", view)).status_code == 403
    with pytest.raises(NotPermitted):
        delete_view(view=view, by=agent)
    response = signed_in(global_admin.user).post(address("delete", view))
    assert (response.status_code, response.url) == (302, address("list"))
    assert not SavedView.objects.exists()


def test_a_view_of_another_list_is_not_found(admin: Actor, signed_in: Browser) -> None:
    view = save(admin, page="resellers:list")
    assert signed_in(admin.user).get(address("rename", view)).status_code == 404
    assert signed_in(admin.user).get(reverse("saved_views:list", args=["home"])).status_code == 404


# --- the record -------------------------------------------------------------------------------------------------------
def test_everything_is_recorded_for_the_company(provider: Partner, reseller: Partner, admin: Actor) -> None:
    view = save(admin)
    rename_view(view=view, name="Direct ones", is_shared=True, by=admin)
    update_view(view=view, query=QueryDict("status=active"), by=admin)
    delete_view(view=view, by=admin)
    rows = ActivityRecord.objects.filter(action__startswith="saved_view.").order_by("pk")
    assert [(row.action, row.provider_id) for row in rows] == [
        (f"saved_view.{verb}", provider.microsoft_id) for verb in ("saved", "renamed", "updated", "deleted")
    ]
    assert rows[1].changes == {"name": ["Direct", "Direct ones"], "is_shared": [False, True]}
    assert rows[2].changes == {"query": ["reseller=none", "status=active"]}
    save(actor_of(reseller), query="status=active")
    assert rows.all().last().reseller_id == reseller.microsoft_id  # type: ignore[union-attr]


def test_what_changes_nothing_is_not_recorded(admin: Actor) -> None:
    view = save(admin)
    rename_view(view=view, name="Direct", is_shared=False, by=admin)
    update_view(view=view, query=QueryDict("reseller=none&open=1"), by=admin)
    assert ActivityRecord.objects.filter(action__startswith="saved_view.").count() == 1


def test_without_its_record_nothing_is_saved(admin: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise DatabaseError

    monkeypatch.setattr("activity.services.ActivityRecord.save", fail)
    with pytest.raises(DatabaseError):
        save(admin)
    assert not SavedView.objects.exists()


# --- pages ------------------------------------------------------------------------------------------------------------
def test_a_view_is_saved_opened_modified_updated_and_reset(provider: Partner, admin: Actor, signed_in: Browser) -> None:
    CustomerFactory(provider=provider)
    browser = signed_in(admin.user)
    filtered = browser.get(f"{LIST}?reseller=none&open=x")
    save_url = filtered.context["saved_views"].save_url
    assert save_url == address("save", reseller="none")
    form = browser.get(save_url)
    assert html_faults(form.content.decode()) == []
    assert form.context["cancel_url"] == f"{LIST}?reseller=none"
    response = browser.post(save_url, {"name": "Direct", "audience": "shared"})
    view = SavedView.objects.get()
    assert (response.status_code, response.url) == (302, f"{LIST}?reseller=none&view={view.pk}")
    assert (view.name, view.is_shared, view.owner, view.partner) == ("Direct", True, admin.user, provider)

    opened = browser.get(response.url)
    menu = opened.context["saved_views"]
    assert (menu.current, menu.is_modified, menu.update_url) == (view, False, "")
    assert ("view", str(view.pk)) in opened.context["hidden_filters"]
    modified = browser.get(f"{LIST}?reseller=none&status=active&view={view.pk}")
    menu = modified.context["saved_views"]
    assert menu.is_modified
    page = modified.content.decode()
    assert html_faults(page) == []
    assert f'href="{view.get_absolute_url().replace("&", "&amp;")}">Reset' in page
    assert menu.update_url == address("update", view, reseller="none", status="active")
    assert browser.post(menu.update_url).url == f"{LIST}?reseller=none&status=active&view={view.pk}"
    view.refresh_from_db()
    assert view.query == "reseller=none&status=active"


def test_whoever_opens_a_colleagues_view_can_only_reset_it(provider: Partner, admin: Actor, signed_in: Browser) -> None:
    CustomerFactory(provider=provider)
    view = save(admin, is_shared=True)
    response = signed_in(actor_of(provider).user).get(f"{LIST}?status=active&view={view.pk}")
    menu = response.context["saved_views"]
    assert (menu.current, menu.is_modified, menu.update_url) == (view, True, "")
    assert "Update this view" not in response.content.decode()


@pytest.mark.parametrize("value", ["", "0", "-1", "x", "9" * 400, "1.0"])
def test_a_view_that_is_none_is_no_view(provider: Partner, admin: Actor, signed_in: Browser, value: str) -> None:
    CustomerFactory(provider=provider)
    response = signed_in(admin.user).get(f"{LIST}?{urlencode({'view': value})}")
    assert response.status_code == 200
    assert response.context["saved_views"].current is None


def test_refusals_stand_at_the_name(admin: Actor, signed_in: Browser) -> None:
    save(admin)
    browser = signed_in(admin.user)
    for data, error in (
        ({"name": "Direct", "audience": "private"}, "You already have a view with this name."),
        ({"name": "", "audience": "private"}, "Enter the name."),
        ({"name": "x" * 61, "audience": "private"}, "Name must be 60 characters or fewer."),
        ({"name": "Right\u202eleft", "audience": "private"}, "invisible control characters"),
    ):
        response = browser.post(address("save"), data)
        assert response.status_code == 200
        assert error in str(response.context["form"].errors["name"])
        assert html_faults(response.content.decode()) == []
    assert "audience" in browser.post(address("save"), {"name": "A", "audience": "all"}).context["form"].errors


def test_views_are_renamed_and_deleted_from_their_page(provider: Partner, admin: Actor, signed_in: Browser) -> None:
    view = save(admin, "<b>Direct")
    shared = save(actor_of(provider), "Éclair", is_shared=True)
    browser = signed_in(admin.user)
    page = browser.get(address("list")).content.decode()
    assert html_faults(page) == []
    assert "&lt;b&gt;Direct" in page
    assert address("rename", view) in page
    assert address("delete", view) in page
    assert address("rename", shared) not in page
    assert address("delete", shared) not in page
    assert "Rename this view" in browser.get(address("rename", view)).content.decode()
    browser.post(address("rename", view), {"name": "Direct", "audience": "shared"})
    view.refresh_from_db()
    assert (view.name, view.is_shared) == ("Direct", True)
    assert "Delete this view?" in browser.get(address("delete", view)).content.decode()
    assert SavedView.objects.filter(pk=view.pk).exists()
    browser.post(address("delete", view))
    assert not SavedView.objects.filter(pk=view.pk).exists()


def test_the_pages_cost_the_same_however_many_views(
    provider: Partner, admin: Actor, signed_in: Browser, django_assert_num_queries: Callable
) -> None:
    CustomerFactory(provider=provider)
    browser, colleague = signed_in(admin.user), actor_of(provider)
    for start, number in ((0, 1), (1, 3)):
        for place in range(start, number):
            save(admin, f"Mine {place}")
            save(colleague, f"Ours {place}", is_shared=True)
        browser.get(address("list"))
        with django_assert_num_queries(4):
            browser.get(address("list"))

"""The back office reads the record and can do nothing else with it."""

import pytest
from django.contrib import admin
from django.urls import reverse

from activity.models import ActivityRecord

pytestmark = pytest.mark.django_db
LIST = "admin:activity_activityrecord_changelist"


@pytest.fixture
def superuser(django_user_model):
    return django_user_model.objects.create_superuser("root@portal.example", full_name="Back office")


@pytest.fixture
def back_office(client, superuser):
    client.force_login(superuser)
    return client


@pytest.fixture
def kept():
    return [
        ActivityRecord.objects.create(
            action=action, actor_label=who, target_type="accounts.partner", target_id=target_id, target_label=target
        )
        for action, who, target_id, target in [
            ("partner.renamed", "Ana", "guid-1", "Contoso"),
            ("customer.created", "Bo", "guid-2", "Fabrikam"),
        ]
    ]


@pytest.mark.parametrize("query", ["partner.renamed", "Ana", "Contoso", "guid-1"])
def test_the_list_finds_by_action_person_object_and_id(back_office, kept, query):
    response = back_office.get(reverse(LIST), {"q": query})
    assert list(response.context["cl"].queryset) == [kept[0]]


def test_the_list_and_a_record_can_be_read(back_office, kept):
    assert back_office.get(reverse(LIST)).status_code == 200
    page = back_office.get(reverse("admin:activity_activityrecord_change", args=[kept[0].pk]))
    assert page.status_code == 200
    assert b'name="_save"' not in page.content


def test_even_a_superuser_cannot_add_change_or_delete(back_office, kept):
    row = [kept[0].pk]
    answers = [
        back_office.get(reverse("admin:activity_activityrecord_add")),
        back_office.post(reverse("admin:activity_activityrecord_change", args=row), {"actor_label": "Nobody"}),
        back_office.post(reverse("admin:activity_activityrecord_delete", args=row), {"post": "yes"}),
    ]
    assert [answer.status_code for answer in answers] == [403, 403, 403]
    back_office.post(reverse(LIST), {"action": "delete_selected", "_selected_action": row, "post": "yes"})
    assert {row.actor_label for row in ActivityRecord.objects.all()} == {"Ana", "Bo"}


def test_staff_without_the_permission_sees_nothing(client, django_user_model, kept):
    client.force_login(django_user_model.objects.create_user("staff@portal.example", full_name="S", is_staff=True))
    assert client.get(reverse(LIST)).status_code == 403


def test_no_bulk_delete_is_offered(rf, superuser):
    request = rf.get("/")
    request.user = superuser
    assert admin.site._registry[ActivityRecord].get_actions(request) == {}

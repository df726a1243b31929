"""Every action that the source records has a sentence, in both languages."""

import ast
import subprocess
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.utils import timezone, translation

from activity.models import ActivityRecord
from activity.sentences import FIELDS, LABELS, OWN_FIELDS, SENTENCES, field_label, register, sentence, value_words

ROOT = Path(settings.BASE_DIR)
RECORDING = {"record", "composed", "record_as_concerning", "record_security_change"}
# What looks like an action and is none: names of modules, pages and files.
NO_ACTIONS = {
    "accounts.directory_urls",
    "accounts.enrolment_urls",
    "accounts.profile_urls",
    "customers.envelopes",
    "orders.review",
    "orders.urls",
    "subscriptions.urls",
    "webhook.test",
}


def sources() -> list[Path]:
    """Our own modules, without tests, tools and migrations."""
    names = subprocess.run(["git", "ls-files", "*.py"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [
        ROOT / name
        for name in names.split()
        if not name.startswith(("tests/", "tools/")) and "/migrations/" not in name
    ]


def recorded_literally(tree: ast.AST) -> set[str]:
    """The first arguments of calls that record, where they stand in the call."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and node.args:
            name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            if name in RECORDING:
                found |= {one.value for one in ast.walk(node.args[0]) if isinstance(one, ast.Constant)}
    return {one for one in found if isinstance(one, str) and "." in one.strip(".")}


def actions_in_source() -> set[str]:
    """What calls name, and every text in the source that begins like an action: tables and conditions name the rest."""
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in sources()]
    literal = set().union(*map(recorded_literally, trees))
    kinds = {action.partition(".")[0] for action in literal | set(SENTENCES)}
    texts = {
        node.value
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    alike = {
        text
        for text in texts
        if text.count(".") == 1
        and text.partition(".")[0] in kinds
        and text.replace(".", "").replace("_", "").isalpha()
        and not text.endswith(("_", "."))
    }
    models = {model._meta.label_lower for model in apps.get_models()}
    return {one for one in literal | alike if not one.endswith("_")} - NO_ACTIONS - models


def test_every_recorded_action_has_a_sentence() -> None:
    found = actions_in_source()

    assert len(found) > 100
    assert found - set(SENTENCES) == set()


@pytest.mark.parametrize("action", ["user.second_factor_added", "user.second_factor_recovery_renewed"])
def test_actions_put_together_from_parts_have_one_too(action: str) -> None:
    assert action in SENTENCES


def test_each_sentence_is_said_in_both_languages() -> None:
    with translation.override("en"):
        english = {action: str(words) for action, words in SENTENCES.items()}
    with translation.override("pt-br"):
        portuguese = {action: str(words) for action, words in SENTENCES.items()}

    assert [action for action, words in english.items() if portuguese[action] == words] == []
    for words in (*english.values(), *portuguese.values()):
        assert words[0].isupper()
        assert not words.endswith(".")


def test_a_sentence_is_said_once() -> None:
    with pytest.raises(ValueError, match="Two sentences"):
        register({"order.placed": "Something else"})


def test_every_recorded_field_has_a_name() -> None:
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in sources()]
    calls = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call)]
    recording = [call for call in calls if getattr(call.func, "id", "") in RECORDING and call.args]
    names = {keyword.arg for call in recording for keyword in call.keywords if keyword.arg} - {"by", "user"}

    assert len(names) > 50
    assert names - set(FIELDS) - {name for own in OWN_FIELDS.values() for name in own} == set()


def test_a_field_is_called_after_what_the_action_is_about() -> None:
    assert field_label("state") == "State"
    assert field_label("state", "partnership_request.expired") == "State"
    assert field_label("state", "customer.changed") == "State or province"
    assert field_label("reason", "change_request.questioned") == "Question"
    assert field_label("reason", "change_request.rejected") == "Reason"
    assert field_label("kind", "change_request.submitted") == "What is asked"


def test_an_unknown_action_and_field_are_shown_by_name() -> None:
    assert sentence(ActivityRecord(action="order.eaten")) == "order.eaten"
    assert field_label("never_heard_of") == "Never heard of"


@pytest.mark.parametrize(
    ("field", "value", "shown"),
    [
        ("quantity", 1204, "1,204"),
        ("status", "suspended", "<bdi>Suspended</bdi>"),
        ("is_trial", True, "Yes"),
        ("nickname", "<b>", "<bdi>&lt;b&gt;</bdi>"),
        ("unit_price", "12.5", "12.50"),
        ("scheduled", {"quantity": 3, "term_months": None}, "Licenses: 3"),
        ("kind", "suspend", "<bdi>Suspend</bdi>"),
        ("categories", ["orders", "change_requests"], "<bdi>Orders</bdi>, <bdi>Change requests</bdi>"),
        ("columns", ["a", "b"], "<bdi>a</bdi>, <bdi>b</bdi>"),
        ("lines", [{"quantity": 1}, {"quantity": 2}], "Licenses: 1<br>Licenses: 2"),
    ],
)
def test_values_are_shown_as_people_read_them(field: str, value: object, shown: str) -> None:
    assert value_words(field, value) == shown


@pytest.mark.parametrize(
    "typed",
    [
        "2026-02-30",
        "0000-01-01",
        "٢٠٢٦-٠٢-٣٠",
        "2026-13-45T99:99",
        "2026-02-30T10:00:00+00:00",
        "2026-02-03T10:00",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-12:00",
    ],
)
def test_what_only_looks_like_a_time_is_a_text(typed: str) -> None:
    with timezone.override("America/Sao_Paulo"):
        for field in ("nickname", "valid_until"):
            assert value_words(field, typed) == f"<bdi>{typed}</bdi>"
            assert value_words(field, ["before", {"after": typed}]).count(typed) == 1


def test_moments_are_shown_in_the_zone_of_the_reader() -> None:
    assert 'datetime="2026-11-22' in value_words("valid_until", "2026-11-22T12:30:00+00:00")


def test_fields_and_values_are_said_in_portuguese() -> None:
    with translation.override("en"):
        english = {field: str(words) for field, words in FIELDS.items()}
    with translation.override("pt-br"):
        untranslated = {field for field, words in FIELDS.items() if str(words) == english[field]}
        assert str(LABELS["status"]["suspended"]) == "Suspensa"
        assert field_label("reason", "change_request.questioned") == "Pergunta"
    # The same word in both languages.
    assert untranslated <= {"mpn_id", "sku", "status"}

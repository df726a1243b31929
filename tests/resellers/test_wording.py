"""The message that leaves: its frame, its language, its mailto."""

from datetime import datetime
from urllib.parse import unquote, urlsplit
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from core.draft_mail import MAILTO_LIMIT
from core.text import clean_message
from resellers.models import PartnershipRequest
from resellers.tokens import link_token, request_link, token_matches
from resellers.wording import default_message, full_text, mailto, moment_text, wording
from tests.factories import PartnerFactory
from tests.resellers.conftest import make_draft

LANGUAGES = ["en", "pt-br"]


@pytest.fixture
def in_language(sender):
    """Make a draft with the standard words of a language."""

    def make(language, **changes):
        words = clean_message(default_message(sender.partner, sender.user, language))
        return make_draft(sender, **{"language": language, "message": words, **changes})

    return make


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_text_holds_the_words_who_asks_the_link_and_its_end(in_language, language):
    draft = in_language(language, message="My own words.")
    text, link = full_text(draft), request_link(draft)
    assert text.startswith("My own words.\n\n")
    assert f"\n{link}\n" in text
    assert "Northwind Distribution (" in text
    assert draft.provider.mpn_id in text
    assert wording(draft).validity in text
    assert all(f"- {grant}\n" in text for grant in wording(draft).grants)


def test_without_words_of_ones_own_the_frame_stands_alone(in_language):
    draft = in_language("en", message="")
    assert full_text(draft).startswith("Northwind Distribution (United States, MPN ID ")
    assert request_link(draft) in full_text(draft)


@pytest.mark.parametrize("words", ["No link here.", "Other link: https://evil.example/i/x/", "x" * 1000, ""])
def test_no_words_lose_the_link(in_language, words):
    draft = in_language("en", message=words)
    assert full_text(draft).count(request_link(draft)) == 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_standard_words_are_as_the_form_cleans_them(sender, language):
    words = default_message(sender.partner, sender.user, language)
    assert clean_message(words) == words
    assert len(words) <= 1000


@pytest.mark.parametrize("language", LANGUAGES)
def test_standard_words_fit_with_the_longest_names(sender, language):
    sender.partner.legal_name = "Ñandú Distribuição " * 10 + "Limitada."
    sender.user.full_name = "é" * 150
    words = default_message(sender.partner, sender.user, language)
    assert len(words) <= 1000
    draft = make_draft(sender, language=language, message=words)
    assert len(wording(draft).subject) <= 60


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_mailto_of_the_standard_words_opens_in_any_mail_program(in_language, language):
    draft = in_language(language)
    address = mailto(draft)
    assert 0 < len(address) <= MAILTO_LIMIT == 1900
    parts = urlsplit(address)
    assert (parts.scheme, parts.path) == ("mailto", "riley@fabrikam.example")
    query = dict(part.split("=", 1) for part in parts.query.split("&"))
    assert unquote(query["subject"]) == wording(draft).subject
    assert set(query) == {"subject", "body"}
    body = unquote(query["body"])
    assert body.replace("\r\n", "\n") in (
        full_text(draft),
        wording(draft).as_text(request_link(draft), short=True),
    )
    assert "\n" not in body.replace("\r\n", "")
    assert "+" not in parts.query
    assert "%0D%0A" in parts.query
    assert "%0A" not in parts.query.replace("%0D%0A", "")


def test_a_long_message_drops_what_the_page_repeats_and_a_longer_one_is_not_cut(in_language):
    assert wording(in_language("en", message="Short.")).conditions.replace(" ", "%20") in mailto(
        PartnershipRequest.objects.get()
    )
    PartnershipRequest.objects.update(message="word " * 150)
    draft = PartnershipRequest.objects.get()
    address = mailto(draft)
    assert len(address) <= MAILTO_LIMIT
    assert request_link(draft).rpartition("/i/")[2].rstrip("/") in unquote(address)
    assert wording(draft).conditions.replace(" ", "%20") not in address
    PartnershipRequest.objects.update(message="ção " * 250)
    assert mailto(PartnershipRequest.objects.get()) == ""


def test_an_address_cannot_add_headers_to_a_mailto(in_language):
    draft = in_language("en")
    draft.recipient = "a?bcc=evil@x.example&b@fabrikam.example"
    assert mailto(draft).startswith("mailto:a%3Fbcc%3Devil@x.example%26b@fabrikam.example?subject=")


def test_moments_say_their_zone():
    moment = datetime(2025, 3, 28, 17, 2, tzinfo=ZoneInfo("UTC"))
    assert moment_text(moment) == "28 Mar 2025 17:02 UTC"
    with timezone.override(ZoneInfo("America/Sao_Paulo")):
        assert moment_text(moment) == "28 Mar 2025 14:02 BRT"


# --- the link ---------------------------------------------------------------------------------------------------------
def test_a_link_is_short_and_ours(draft, settings):
    settings.PORTAL_BASE_URL = "https://portal.example"
    link = request_link(draft)
    assert link == f"https://portal.example/i/{draft.public_id}/{link_token(draft)}/"
    assert len(link) < 120
    assert draft.nonce not in link


def test_a_token_belongs_to_one_request_and_one_nonce(draft, sender):
    token = link_token(draft)
    other = PartnershipRequest(provider=PartnerFactory())
    assert token_matches(draft, token)
    assert not token_matches(other, token)
    draft.nonce = other.nonce
    assert not token_matches(draft, token)


def test_keys_are_rotated_without_breaking_links(draft, settings):
    settings.INVITE_KEYS = ["first-key"]
    old = link_token(draft)
    settings.INVITE_KEYS = ["second-key", "first-key"]
    assert link_token(draft) != old
    assert token_matches(draft, old)
    assert token_matches(draft, link_token(draft))
    settings.INVITE_KEYS = ["second-key"]
    assert not token_matches(draft, old)
    settings.INVITE_KEYS = []
    derived = link_token(draft)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another"
    assert token_matches(draft, derived)


def bad_tokens(token):
    """The token with each character flipped, cut, longer, and what is no token at all."""
    for place, char in enumerate(token):
        yield token[:place] + ("A" if char != "A" else "B") + token[place + 1 :]
    yield from (token[:-1], token + "A", token[:-1] + "é", token.swapcase(), "", "A" * 43, "é" * 43, "A" * 10_000)


def test_no_other_token_matches(draft):
    token = link_token(draft)
    # The last of 43 characters carries four bits and two that base64 ignores: equal text is asked for, not equal bytes.
    assert not [bad for bad in bad_tokens(token) if token_matches(draft, bad)]

"""Addresses that are asked about once, and what is left of pasted text."""

import pytest
from django.core.exceptions import ValidationError

from resellers.doubts import address_doubt, meant_domain, one_slip_apart
from resellers.own_words import own_words, refuse_other_links
from resellers.services import accept_request, revoke_request
from resellers.tokens import link_token, request_link
from resellers.wording import full_text
from tests.resellers.conftest import make_draft, make_sent


# --- slips ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("one", "other", "apart"),
    [
        ("hotmail.com", "hotmial.com", True),
        ("hotmail.com", "hotmal.com", True),
        ("hotmail.com", "hotmaill.com", True),
        ("hotmail.com", "hotmsil.com", True),
        ("hotmail.com", "hotmail.co", True),
        ("hotmail.com", "hotmail.com", False),
        ("hotmail.com", "htomial.com", False),
        ("hotmail.com", "hotma.com", False),
        ("ab", "ba", True),
        ("ab", "", False),
        ("aab", "ab", True),
        ("abc", "cba", False),
        ("", "", False),
    ],
)
def test_one_slip_makes_one_of_the_other(one, other, apart):
    assert (one_slip_apart(one, other), one_slip_apart(other, one)) == (apart, apart)


@pytest.mark.parametrize(
    ("domain", "meant"),
    [
        ("hotmial.com", "hotmail.com"),
        ("gmal.com", "gmail.com"),
        ("gmail.con", "gmail.com"),
        ("outlok.com", "outlook.com"),
        ("yahoo.com.rb", "yahoo.com.br"),
        ("gmail.com", ""),
        ("ymail.com", ""),
        ("fabrikam.example", ""),
        ("ge.com", ""),
        ("mee.com", ""),
        ("", ""),
    ],
)
def test_what_common_domain_was_meant(domain, meant):
    assert meant_domain(domain) == meant


def test_the_question_keeps_the_name_before_the_at(northwind):
    assert address_doubt(northwind, "Riley.Stone@hotmial.com") == "Did you mean Riley.Stone@hotmail.com?"
    assert address_doubt(northwind, "riley@fabrikam.example") == ""


# --- look-alikes ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "address", ["ri1ey@fabrikam.example", "rlley@fabrikam.example", "riley@fabrikarn.example", "RI1EY@fabrikam.example"]
)
def test_an_address_that_passes_for_one_that_is_asked(address, sent, northwind, tailwind):
    assert address_doubt(northwind, address) == (
        "riley@fabrikam.example was asked already, and this address looks almost the same. Is it another one?"
    )
    assert address_doubt(tailwind.partner, address) == ""


def test_colleagues_and_the_address_itself_are_no_look_alikes(sent, northwind):
    for address in ("riley@fabrikam.example", "robin@fabrikam.example", "riley@contoso.example", "x@y.example"):
        assert address_doubt(northwind, address) == ""


def test_what_is_no_longer_asked_is_not_compared(sent, sender, riley):
    revoke_request(request=sent, by=sender)
    assert address_doubt(sender.partner, "ri1ey@fabrikam.example") == ""
    again = make_sent(sender)
    assert address_doubt(sender.partner, "ri1ey@fabrikam.example") != ""
    accept_request(request=again, nonce=again.nonce, by=riley)
    assert address_doubt(sender.partner, "ri1ey@fabrikam.example") == ""


# --- pasted text ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("language", ["en", "pt-br"])
def test_the_whole_message_pasted_in_becomes_the_words_again(sender, language):
    draft = make_draft(sender, language=language, message="My own words.\n\nTwo parts.")
    assert own_words(draft, full_text(draft)) == "My own words.\n\nTwo parts."
    assert own_words(draft, full_text(draft) + "\n\nP.S. See you.") == "My own words.\n\nTwo parts.\n\nP.S. See you."


def test_the_link_alone_is_taken_out_wherever_it_stands(draft):
    link = request_link(draft)
    for text, words in (
        (f"Hello.\n{link}\nBye.", "Hello.\n\nBye."),
        (f"Hello.\n\n{link}\n\nBye.", "Hello.\n\nBye."),
        (f"Open {link.rstrip('/')} soon.", "Open  soon."),
        (f"{link} {link}", ""),
        ("No link here.", "No link here."),
        ("The link is valid until Friday.", "The link is valid until Friday."),
        ("", ""),
    ):
        assert own_words(draft, text) == words
        assert link_token(draft) not in own_words(draft, text)


@pytest.mark.parametrize("changed", ["cut", "other", "host in capitals", "without https", "no token", "plain"])
def test_a_link_that_is_not_this_requests_own_is_refused(sender, draft, settings, changed):
    settings.PORTAL_BASE_URL = "https://portal.example"
    other = make_draft(sender, "other@fabrikam.example")
    link = request_link(draft)
    text = {
        "cut": link[:-5],
        "other": request_link(other),
        "host in capitals": request_link(other).replace("portal.example", "PORTAL.example"),
        "without https": request_link(other).removeprefix("https://"),
        "no token": f"https://portal.example/i/{draft.public_id}/",
        "plain": "http://portal.example/i/",
    }[changed]
    with pytest.raises(ValidationError, match="Keep the link as the portal writes it"):
        refuse_other_links(own_words(draft, f"Hello, {text}. Bye"))


def test_other_addresses_are_words(draft, settings):
    settings.PORTAL_BASE_URL = "https://portal.example"
    for text in (
        "https://portal.example/",
        "https://portal.example/find-a-provider/",
        "https://other.example/i/x/",
        "https://myportal.example/i/x/",
        "/i/x/",
    ):
        refuse_other_links(text)

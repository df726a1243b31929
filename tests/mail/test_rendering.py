"""Bodies: strict, folded, in the recipient's language, with late values nobody can forge."""

import uuid

import pytest
from django.template import TemplateSyntaxError
from django.utils import translation

from mail.rendering import (
    MissingLateValueError,
    UndefinedVariableError,
    fill_late_values,
    fold_html,
    fold_text,
    late_placeholder,
    render_email,
)

MARK = uuid.UUID("0123456789abcdef0123456789abcdef")
CONTEXT = {"company": "Smith & Sons <Ltd>", "message": "First line\nSecond line"}


def render(**context):
    return render_email("sample", language="en", context={**CONTEXT, **context}, mark=MARK)


def test_text_is_not_escaped_and_html_is():
    mail = render()
    assert mail.subject == "A request from Smith & Sons <Ltd>"
    assert "Smith & Sons <Ltd> asks you" in mail.text
    assert "<p>Smith &amp; Sons &lt;Ltd&gt; asks you something.</p>" in mail.html


def test_both_bodies_and_the_subject_have_one_period_after_a_name_with_its_own():
    names = {"provider_name": "Northwind Inc.", "reseller_name": "Fabrikam <Cloud> Inc.", "customer_name": "Zoo Ltd."}
    facts = {"customer_domain": "zoo.example", "customer_country": "Brazil", "customer_path": "/zoo/"}
    facts |= {"is_new": True, "may_manage": True}
    mail = render_email("customer_assigned", language="en", context={**names, **facts}, mark=MARK)
    assert "on behalf of Fabrikam <Cloud> Inc." in " ".join(mail.text.split())
    assert "on behalf of Fabrikam &lt;Cloud&gt; Inc." in " ".join(mail.html.split())
    assert ".." not in mail.subject + mail.text + mail.html


@pytest.mark.parametrize("missing", ["company", "message"])
def test_an_undefined_variable_fails_loudly(missing):
    context = {name: value for name, value in CONTEXT.items() if name != missing}
    with pytest.raises(UndefinedVariableError, match=missing):
        render_email("sample", language="en", context=context, mark=MARK)


def test_the_subject_is_one_line_whatever_a_name_contains():
    assert render(company="A\r\nBcc: x@evil.example").subject == "A request from A Bcc: x@evil.example"


def test_a_subject_too_long_is_cut():
    assert len(render(company="x" * 500).subject) == 200


def test_the_placeholder_stands_the_same_in_both_bodies():
    placeholder = late_placeholder("link", MARK)
    mail = render()
    assert mail.text.splitlines().count(placeholder) == 1
    # The button, the plain link twice (address and words), and the link written as a tag in an attribute.
    assert mail.html.count(placeholder) == 4
    assert f'<a href="{placeholder}">Again</a>' in mail.html


def test_late_values_are_escaped_in_the_html_alone():
    mail = render()
    text, html = fill_late_values(mail.text, mail.html, MARK, {"link": 'https://x/?a=1&b="2"'})
    assert 'https://x/?a=1&b="2"' in text.splitlines()
    assert html.count("https://x/?a=1&amp;b=&quot;2&quot;") == 4
    assert "~late" not in text + html


@pytest.mark.parametrize("values", [{}, {"link": ""}, {"other": "x"}])
def test_a_late_value_that_is_missing_is_an_error(values):
    mail = render()
    with pytest.raises(MissingLateValueError, match="link"):
        fill_late_values(mail.text, mail.html, MARK, values)


def test_a_late_value_missing_in_the_html_alone_is_an_error():
    with pytest.raises(MissingLateValueError):
        fill_late_values("text", late_placeholder("link", MARK), MARK, {})


def test_typed_placeholders_stay_what_was_typed():
    typed = " ".join(
        ["~late:link:~", late_placeholder("link", uuid.UUID(int=0)), '{% late "link" %}', "{{ late_mark }}"]
    )
    mail = render(message=typed)
    text, html = fill_late_values(mail.text, mail.html, MARK, {"link": "https://canary.example/"})
    assert " ".join(typed.split()) in " ".join(text.split())
    assert (text.count("canary.example"), html.count("canary.example")) == (1, 4)


def test_a_late_value_is_not_searched_for_placeholders():
    both = late_placeholder("a", MARK) + late_placeholder("b", MARK)
    text, _html = fill_late_values(both, "", MARK, {"a": late_placeholder("b", MARK), "b": "secret"})
    assert text == late_placeholder("b", MARK) + "secret"


@pytest.mark.parametrize("name", ["Link", "li nk", "", "a:b", "../x"])
def test_a_late_value_has_a_plain_name(name):
    with pytest.raises(ValueError, match="no name"):
        late_placeholder(name, MARK)


def test_a_subject_takes_no_late_value(settings, tmp_path):
    (tmp_path / "emails").mkdir()
    (tmp_path / "emails" / "loose.subject.txt").write_text('Open {% late "link" %}')
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": [tmp_path]}]
    with pytest.raises(TemplateSyntaxError):
        render_email("loose", language="en", context={}, mark=MARK)


def test_text_is_folded_at_72_columns_and_links_are_not():
    link = "https://portal.example/" + "a" * 90
    folded = fold_text(f"{'word ' * 40}\n\n\n\n{link}\nlong-{'word-' * 10}end and more words to follow here\n")
    assert folded == fold_text(folded)
    assert link in folded.splitlines()
    assert [line for line in folded.splitlines() if len(line) > 72] == [link]
    assert "\n\n\n" not in folded
    assert folded.endswith("\n")


def test_html_lines_stay_far_below_what_mail_servers_cut():
    html = fold_html("<p>" + "müde Wörter 🙂 " * 200 + "</p>")
    assert max(len(line.encode()) for line in html.splitlines()) < 998
    assert html.replace("\n", " ").split() == ("<p>" + "müde Wörter 🙂 " * 200 + "</p>").split()


@pytest.mark.parametrize(("reader", "recipient"), [("en", "pt-br"), ("pt-br", "en")])
def test_the_language_is_the_recipients_not_the_senders(reader, recipient):
    with translation.override(reader):
        mail = render_email("sample", language=recipient, context=CONTEXT, mark=MARK)
        assert translation.get_language() == reader
    assert f'<html lang="{recipient}">' in mail.html


def test_the_html_frame_has_no_remote_content_and_fits_a_phone():
    html = render().html
    assert html.startswith("<!DOCTYPE html>\n")
    for foreign in ("<img", "<link", "<script", "url(", "@import", "src="):
        assert foreign not in html
    assert "max-width:600px" in html
    assert 'role="presentation"' in html
    assert "A request that waits for your answer" in html
    assert len(html.encode()) < 102_000

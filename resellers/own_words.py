"""What people paste into the message: the portal's own frame and link come out, a foreign link is an error."""

import re
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils import translation
from django.utils.translation import gettext as _

from resellers.models import PartnershipRequest
from resellers.tokens import request_link
from resellers.wording import validity_words, wording


def own_words(draft: PartnershipRequest, text: str) -> str:
    """The text without the draft's own link and, where the whole message was pasted, without the frame around it.

    The portal writes both under the words by itself: they would stand there twice, and the secret half of the link
    would lie in the database.
    """
    link = request_link(draft)
    if link.rstrip("/") not in text:
        return text
    frame = wording(draft)
    with translation.override(draft.language):
        any_moment = re.escape(validity_words("@")).replace("@", "[^\n]{1,80}?")
    grants = "\n".join([frame.grants_heading, *(f"- {grant}" for grant in frame.grants)])
    text = re.sub(any_moment, "", text)
    for part in (frame.introduction, f"{frame.invitation}\n{link}", grants, frame.conditions, link, link.rstrip("/")):
        text = text.replace(part, "")
    lines = (line.rstrip() for line in text.split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def refuse_other_links(text: str) -> None:
    """Refuse an address that looks like a personal link and is not this request's, whole: it would lead nowhere."""
    host = re.escape(urlsplit(settings.PORTAL_BASE_URL).netloc)
    if re.search(rf"(?<![\w.-]){host}/i/", text, re.I):
        raise ValidationError(
            _(
                "Keep the link as the portal writes it below your words: it is what connects the reseller to your "
                "account. The one in your text belongs to another request or is incomplete. Take it out."
            ),
            code="other_link",
        )

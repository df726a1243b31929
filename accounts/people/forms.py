"""Forms about the people of a company."""

from collections.abc import Sequence
from typing import Any

from crispy_forms.layout import Layout
from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from accounts.access import Actor
from accounts.enrolment.forms import text_field, user_name
from accounts.forms import NewPasswordMixin, new_password_fields
from accounts.models import ColleagueInvitation, Membership, User
from accounts.people.open_work import CLOSE, KEEP, OpenWork
from accounts.roles import ROLE_WORDS, Program, Role, roles_up_to
from core.forms import HintedRadios, PortalForm
from core.text import email_key


def offer_roles(field: Any, actor: Actor) -> None:
    """Let one of the roles be chosen that the actor may give, each with what it does."""
    assert actor.partner is not None
    assert actor.role is not None
    roles, words = roles_up_to(actor.role), ROLE_WORDS[Program(actor.partner.program)]
    field.choices = [(role.value, role.label) for role in roles]
    field.widget.hints = {role.value: words[role] for role in roles}


class RoleForm(PortalForm):
    """Another role for a colleague, at most one's own."""

    role = forms.ChoiceField(label=_("Role"), widget=HintedRadios)

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer_roles(self.fields["role"], actor)


class SettleForm(PortalForm):
    """What becomes of each kind of work that somebody has open; without any, nothing is asked."""

    def __init__(self, data: Any = None, *, works: Sequence[OpenWork]) -> None:
        self.works = works
        super().__init__(data)
        for work in works:
            self.fields[work.key] = forms.ChoiceField(label=work.title, choices=settle_choices(work))
            self._dress(work.key, self.fields[work.key])

    def choices(self) -> dict[str, str]:
        """The choice for each kind; only after `is_valid()`."""
        return dict(self.cleaned_data)


def settle_choices(work: OpenWork) -> list[tuple[str, Any]]:
    """Who may take it over, whether it may stay, and its end."""
    takers = [(str(taker.pk), taker_words(taker)) for taker in work.takers()]
    keep = [(KEEP, work.keep_label)] if work.keep_label else []
    return [("", _("Select what happens")), *takers, *keep, (CLOSE, work.close_label)]


def taker_words(taker: Membership) -> str:
    """The choice of a colleague."""
    return _("Hand over to %(name)s (%(role)s)") % {"name": taker.user.full_name, "role": Role(taker.role).label}


class InviteForm(PortalForm):
    """Whom to invite, and as what."""

    email = forms.EmailField(label=_("Colleague’s e-mail address"), max_length=254)
    role = forms.ChoiceField(label=_("Role"), widget=HintedRadios)
    language = forms.ChoiceField(label=_("Language of the e-mail"), choices=settings.LANGUAGES)

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer_roles(self.fields["role"], actor)
        self.fields["email"].help_text = _(
            "Only whoever reads this mailbox can accept, and signs in with this address."
        )

    def clean_email(self) -> str:
        """The normal form; a customer administrator's user name is known by its shape."""
        key = email_key(self.cleaned_data["email"])
        if key.endswith(f".{settings.TENANT_DOMAIN}"):
            raise ValidationError(_("This is a user name and not a mailbox. Enter an address that receives e-mail."))
        return key


class JoinForm(NewPasswordMixin, PortalForm):
    """Who accepts without an account: a name and a password; the address is the invited one."""

    full_name = text_field(_("Full name"), 150, "name")
    language = forms.ChoiceField(label=_("Language of pages and e-mails"), choices=settings.LANGUAGES)
    password1, password2 = new_password_fields()

    def __init__(self, data: Any = None, *, invitation: ColleagueInvitation) -> None:
        self.address = invitation.address_key
        self.user = User(sign_in_name=self.address, email=self.address)
        self.user.company_to_enroll = invitation.partner.legal_name  # type: ignore[attr-defined]
        super().__init__(data, initial={"language": get_language()})
        self.fields["password1"].label = _("Password")
        self.fields["password2"].label = _("Password again")
        self.helper.layout = Layout(user_name(), "full_name", "language", "password1", "password2")

    def clean_password1(self) -> str:
        """Judge the password with the person in mind, who exists only on this page as yet."""
        assert self.user is not None
        self.user.full_name = self.cleaned_data.get("full_name", "")
        return super().clean_password1()

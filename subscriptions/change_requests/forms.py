"""The few words that go with a step of a request; several stand on one page, so each has ids of its own."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from core.forms import PortalForm


class QuestionForm(PortalForm):
    """What the provider has to know first."""

    text = forms.CharField(
        label=_("Question"),
        help_text=_("The reseller is told by e-mail, and answers here."),
        widget=forms.Textarea,
        max_length=1000,
    )

    def __init__(self, data: Any = None) -> None:
        super().__init__(data, auto_id="question-%s")


class ReasonForm(PortalForm):
    """Why not."""

    text = forms.CharField(
        label=_("Reason"), help_text=_("The reseller reads it."), widget=forms.Textarea, max_length=1000
    )

    def __init__(self, data: Any = None) -> None:
        super().__init__(data, auto_id="reason-%s")


class AnswerForm(PortalForm):
    """What the provider wanted to know."""

    text = forms.CharField(
        label=_("Answer"),
        help_text=_("The provider is told by e-mail, and decides then."),
        widget=forms.Textarea,
        max_length=1000,
    )

    def __init__(self, data: Any = None) -> None:
        super().__init__(data, auto_id="answer-%s")

"""The pages of enrolling, in the order in which somebody comes by them."""

from accounts.enrolment.views.company import CompanyView, DoneView
from accounts.enrolment.views.mailbox import ProveEmailView, SendOwnCodeView
from accounts.enrolment.views.state import ApplyAgainView, StatusView
from accounts.enrolment.views.steps import AnotherCodeView, CodeView, StartView

__all__ = [
    "AnotherCodeView",
    "ApplyAgainView",
    "CodeView",
    "CompanyView",
    "DoneView",
    "ProveEmailView",
    "SendOwnCodeView",
    "StartView",
    "StatusView",
]

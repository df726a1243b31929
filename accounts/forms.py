"""Forms of sign-in and of one's own account."""

from allauth.account.forms import LoginForm


class SignInForm(LoginForm):  # type: ignore[misc]
    """Sign in by user name."""

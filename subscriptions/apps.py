"""The subscriptions app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SubscriptionsConfig(AppConfig):
    """Lets requests know what they can be about, and who is told; counts them when customers change hands."""

    name = "subscriptions"
    verbose_name = _("Subscriptions")

    def ready(self) -> None:
        """Register the kinds of this app; those of apps above register themselves."""
        from customers.registry import manager_followers
        from notifications.registry import provider_permissions
        from subscriptions.change_requests.counting import count_after_commit_for
        from subscriptions.change_requests.matters import decider_of, register
        from subscriptions.change_requests.of_accounts import SECTIONS, AccountMatter
        from subscriptions.change_requests.of_subscriptions import SubscriptionMatter
        from subscriptions.details.forms import FORMS

        register(SubscriptionMatter(), FORMS)
        register(AccountMatter(), SECTIONS)
        provider_permissions["change_request."] = decider_of
        if count_after_commit_for not in manager_followers:
            manager_followers.append(count_after_commit_for)

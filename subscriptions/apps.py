"""The subscriptions app."""

from django.apps import AppConfig


class SubscriptionsConfig(AppConfig):
    """Lets requests for changes know what they can be about, and counts them when customers change hands."""

    name = "subscriptions"

    def ready(self) -> None:
        """Register the kinds of this app; those of apps above register themselves."""
        from customers.registry import manager_followers
        from subscriptions.change_requests.counting import count_after_commit_for
        from subscriptions.change_requests.matters import register
        from subscriptions.change_requests.of_accounts import SECTIONS, AccountMatter
        from subscriptions.change_requests.of_subscriptions import SubscriptionMatter
        from subscriptions.details.forms import FORMS

        register(SubscriptionMatter(), FORMS)
        register(AccountMatter(), SECTIONS)
        if count_after_commit_for not in manager_followers:
            manager_followers.append(count_after_commit_for)

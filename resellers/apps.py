"""The resellers app."""

from django.apps import AppConfig


class ResellersConfig(AppConfig):
    """Gives the outbox the personal link of a request at the moment its mail leaves."""

    name = "resellers"

    def ready(self) -> None:
        """Register what is known only while sending."""
        from mail import registry
        from resellers.services.requests import late_link

        registry.register("partnership_request", late_link)

from django.apps import AppConfig


class CoreConfig(AppConfig):
    name = "core"

    def ready(self) -> None:
        """Let translated blocks be whole sentences."""
        import core.whole_sentences  # noqa: F401 - registers itself

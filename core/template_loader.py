"""The portal's own templates, without the indentation that only their authors need."""

import re

from django.template import Origin
from django.template.loaders.filesystem import Loader

INDENTATION = re.compile(r"\n[ \t]+")


class UnindentedLoader(Loader):
    """Lines of pages begin where their content begins; what is mailed stays as it was written."""

    def get_contents(self, origin: Origin) -> str:
        """The source of the template."""
        source: str = super().get_contents(origin)
        name = str(origin.template_name)
        return INDENTATION.sub("\n", source) if name.endswith(".html") and not name.startswith("emails/") else source

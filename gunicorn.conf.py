"""What gunicorn reads by itself when it starts here: its own lines look like the portal's."""

import os

from core.logs import logging_settings

logconfig_dict = logging_settings(
    os.environ.get("LOG_LEVEL") or "INFO", as_json=os.environ.get("PORTAL_MODE", "production") == "production"
)

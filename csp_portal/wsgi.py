import os

from csp_portal.handler import make_application
from csp_portal.long_lived import settle

# Pages use the database under an account of their own.
os.environ["SERVES_PAGES"] = "1"
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "csp_portal.settings")

application = make_application()
settle()

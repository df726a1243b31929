"""The portal with the benchmark's own address, for a web server."""

import django
from django.conf import settings
from django.core.wsgi import get_wsgi_application

from csp_portal.long_lived import settle

settings.ROOT_URLCONF = "tests.benchmarks.urls"
settings.MFA_REQUIRED = False
django.setup()
application = get_wsgi_application()
settle()

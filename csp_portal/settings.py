"""Settings, read from the environment; docs/operations.md lists every variable with its default.

PORTAL_MODE is `production` unless said otherwise: forgetting it can only make the portal stricter.
"""

import logging
import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import dj_database_url
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _
from environs import Env, validate

from core.logs import logging_settings

BASE_DIR = Path(__file__).resolve().parent.parent

env = Env(eager=False)

PORTAL_MODE = env.str("PORTAL_MODE", default="production", validate=validate.OneOf(["production", "demo", "test"]))
PRODUCTION = PORTAL_MODE == "production"
DEMO = PORTAL_MODE == "demo"
# Everybody knows it, so nobody signs in with it except in the demo.
DEMO_PASSWORD = "Try-the-portal-2026"
VAR_DIR = Path(env.str("VAR_DIR", default=str(BASE_DIR / "var")) or BASE_DIR / "var")

DEBUG = False
INSECURE_KEY = "demo-and-tests-only-never-in-production"
# Production has no default: a missing secret, host or address is reported and nothing starts.
SECRET_KEY = env.str("SECRET_KEY") if PRODUCTION else env.str("SECRET_KEY", default=INSECURE_KEY)
SECRET_KEY_FALLBACKS: list[str] = env.list("SECRET_KEY_FALLBACKS", default=[])
ALLOWED_HOSTS = (
    env.list("ALLOWED_HOSTS") if PRODUCTION else env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
)
PORTAL_BASE_URL = (
    env.str("PORTAL_BASE_URL") if PRODUCTION else env.str("PORTAL_BASE_URL", default="http://localhost:8000")
)
# Each list: the first key signs or encrypts, all of them verify or decrypt. Empty = derived from SECRET_KEY.
INVITE_KEYS: list[str] = env.list("INVITE_KEYS", default=[])
ENVELOPE_KEYS: list[str] = env.list("ENVELOPE_KEYS", default=[])
TRUSTED_PROXIES = env.int("TRUSTED_PROXIES", default=0)
MFA_REQUIRED = env.bool("MFA_REQUIRED", default=PRODUCTION)

REDIS_URL = env.str("REDIS_URL", default="")
# An empty variable counts as none, as files of variables often leave it.
DATABASES = {
    "default": env.dj_db_url("DATABASE_URL")
    if env.str("DATABASE_URL", default="")
    else dj_database_url.parse(f"sqlite:///{VAR_DIR / 'portal.sqlite3'}"),
}
# Pages reach PostgreSQL under an account of their own, behind row-level security; csp_portal/wsgi.py says that a
# process serves pages. Migrations and workers keep DATABASE_URL.
SERVES_PAGES = env.bool("SERVES_PAGES", default=False)
WEB_DATABASE_URL = env.str("WEB_DATABASE_URL", default="")
SECOND_FENCE = bool(SERVES_PAGES and WEB_DATABASE_URL not in ("", "off"))
if SECOND_FENCE:
    DATABASES["default"] = env.dj_db_url("WEB_DATABASE_URL")
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="CSP portal <portal@localhost>")
EMAIL_HOST = env.str("EMAIL_HOST", default="localhost")
EMAIL_PORT = env.int("EMAIL_PORT", default=25)
EMAIL_HOST_USER = env.str("EMAIL_HOST_USER", default="")
EMAIL_HOST_PASSWORD = env.str("EMAIL_HOST_PASSWORD", default="")
EMAIL_USE_TLS = env.bool("EMAIL_USE_TLS", default=False)
EMAIL_USE_SSL = env.bool("EMAIL_USE_SSL", default=False)
HSTS_SECONDS = env.int("HSTS_SECONDS", default=31_536_000)
LOG_LEVEL = env.str("LOG_LEVEL", default="INFO")
# 0: nothing is counted. Else every process counts, and `manage.py serve_metrics` answers here, never the portal itself.
METRICS_PORT = env.int("METRICS_PORT", default=0, validate=validate.Range(0, 65535))
METRICS_ADDRESS = env.str("METRICS_ADDRESS", default="127.0.0.1")
METRICS_DIR = Path(env.str("METRICS_DIR", default=str(VAR_DIR / "metrics")))
TIME_ZONE = env.str("TIME_ZONE", default="UTC")
# What customers' primary domains end with: `prefix.onmicrosoft.com`.
TENANT_DOMAIN = env.str(
    "TENANT_DOMAIN", default="onmicrosoft.com", validate=validate.Regexp(r"[a-z0-9-]+(\.[a-z0-9-]+)+\Z")
)
# How long the temporary password of a customer's administrator may wait for its first sign-in.
TEMPORARY_PASSWORD_DAYS = env.int("TEMPORARY_PASSWORD_DAYS", default=7, validate=validate.Range(1, 14))
# Have I Been Pwned's hashes, ordered, on this machine's disk: passwords of their owners' choice are looked up there.
BREACHED_PASSWORDS_FILE = env.str("BREACHED_PASSWORDS_FILE", default="")
# Who carries orders out: `local` in the same transaction; `back_office` leaves each line to people of the admin.
FULFILMENT = env.str("FULFILMENT", default="local", validate=validate.OneOf(["local", "back_office"]))
# Hosts of the installation's own network that webhooks may reach: `host` (port 443), `host:8443` or `host:*`.
WEBHOOK_ALLOWED_HOSTS: list[str] = env.list(
    "WEBHOOK_ALLOWED_HOSTS", default=[] if PRODUCTION else ["localhost:*", "127.0.0.1:*"]
)
WEBHOOK_DISABLE_AFTER_DAYS = env.int("WEBHOOK_DISABLE_AFTER_DAYS", default=5, validate=validate.Range(1, 30))
# Sign-in at an OpenID Connect provider, Microsoft Entra ID above all; without its address nothing of it exists.
OIDC_SERVER_URL = env.str("OIDC_SERVER_URL", default="")
OIDC_CLIENT_ID = env.str("OIDC_CLIENT_ID", default="")
OIDC_CLIENT_SECRET = env.str("OIDC_CLIENT_SECRET", default="")
OIDC_NAME = env.str("OIDC_NAME", default="Microsoft Entra ID")
OIDC_MFA = env.bool("OIDC_MFA", default=False)
OIDC_TRUST_EMAIL = env.bool("OIDC_TRUST_EMAIL", default=False)
LANGUAGE_CODE = env.str("LANGUAGE_CODE", default="en", validate=validate.OneOf(["en", "pt-br"]))
env.seal()

if PRODUCTION and SECRET_KEY == INSECURE_KEY:
    raise ImproperlyConfigured("SECRET_KEY is the demo's key, which everybody knows. Set a secret of your own.")
if PRODUCTION and urlsplit(PORTAL_BASE_URL).scheme != "https":
    raise ImproperlyConfigured("PORTAL_BASE_URL must start with https:// in production.")
if PRODUCTION and not MFA_REQUIRED:
    raise ImproperlyConfigured("MFA_REQUIRED cannot be switched off in production: every account has a second factor.")
if BREACHED_PASSWORDS_FILE and not Path(BREACHED_PASSWORDS_FILE).is_file():
    raise ImproperlyConfigured("BREACHED_PASSWORDS_FILE names no file.")
OIDC_SERVER_URL = OIDC_SERVER_URL.removesuffix("/.well-known/openid-configuration").rstrip("/")
if OIDC_SERVER_URL and not (OIDC_CLIENT_ID and OIDC_CLIENT_SECRET):
    raise ImproperlyConfigured("OIDC_SERVER_URL is set: OIDC_CLIENT_ID and OIDC_CLIENT_SECRET are needed with it.")
if OIDC_SERVER_URL and urlsplit(OIDC_SERVER_URL).scheme != "https" and PRODUCTION:
    raise ImproperlyConfigured("OIDC_SERVER_URL must start with https:// in production.")
PORTAL_BASE_URL = PORTAL_BASE_URL.rstrip("/")
if PRODUCTION and SERVES_PAGES and not WEB_DATABASE_URL and DATABASES["default"]["ENGINE"].endswith("postgresql"):
    raise ImproperlyConfigured(
        "WEB_DATABASE_URL is not set: pages need an account of the database that owns nothing. Run manage.py "
        "prepare_database_roles and name portal_web in it, or set it to `off` to do without the second fence."
    )

# --- database --------------------------------------------------------------------------------------------------------
_engine = DATABASES["default"]["ENGINE"]
if _engine.endswith("sqlite3"):
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;",
    }
else:
    DATABASES["default"].setdefault("OPTIONS", {}).update(
        {
            "connect_timeout": 3,
            # A page read at random costs what the next one costs, on any disk without moving parts. What is newest lies
            # beyond the statistics: a merge join takes it for near and reads a million rows on its way. Helpers and
            # compiled plans take longer to prepare than most of what a page asks.
            "options": "-c lock_timeout=3000 -c statement_timeout=10000 -c idle_in_transaction_session_timeout=30000 "
            "-c random_page_cost=1.1 -c enable_mergejoin=off -c max_parallel_workers_per_gather=0 -c jit=off",
        }
    )
    if PRODUCTION:
        DATABASES["default"]["OPTIONS"]["pool"] = {"min_size": 1, "max_size": 8, "timeout": 3}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- cache: rate limits must be shared between processes, so never the local memory ----------------------------------
_database_cache: dict[str, Any] = {
    "BACKEND": "django.core.cache.backends.db.DatabaseCache",
    "LOCATION": "cache",
    # Django's 300 would throw counters out while they still count.
    "OPTIONS": {"MAX_ENTRIES": 100_000},
}
if REDIS_URL:
    CACHES: dict[str, dict[str, Any]] = {
        "default": {"BACKEND": "core.cache.FallbackCache"},
        "redis": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": REDIS_URL,
            "OPTIONS": {"socket_connect_timeout": 1, "socket_timeout": 1},
        },
        "database": _database_cache,
    }
else:
    CACHES = {"default": _database_cache}

# --- applications ----------------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "csp_portal.apps.PortalConfig",
    "orders",
    "subscriptions",
    "customers",
    "catalogue",
    "resellers",
    "notifications",
    "accounts",
    "activity",
    "mail",
    "operations",
    "core",
    "csp_portal.apps.BackOfficeConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "crispy_forms",
    "crispy_bootstrap5",
    "django_tables2",
    "django_filters",
    "django_countries",
    "phonenumber_field",
    "csp",
    "django_structlog",
]
MIDDLEWARE = [
    "core.request_log.RequestLogMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "core.middleware.ResponseHeadersMiddleware",
    "csp.middleware.CSPMiddleware",
    "core.middleware.AllowedMethodsMiddleware",
    "core.middleware.RejectNullCharactersMiddleware",
    "core.middleware.PublicPagesMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.middleware.PreferencesMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "accounts.middleware.SessionLimitsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "accounts.middleware.ActorMiddleware",
    "csp_portal.fence.middleware.FenceMiddleware",
    "accounts.middleware.SignInStepsMiddleware",
]
if METRICS_PORT:
    # The library looks for it when it is imported; each process counts in files of its own there.
    os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", str(METRICS_DIR))
    METRICS_DIR.mkdir(parents=True, exist_ok=True)
    MIDDLEWARE = [
        "django_prometheus.middleware.PrometheusBeforeMiddleware",
        *MIDDLEWARE,
        "django_prometheus.middleware.PrometheusAfterMiddleware",
    ]
ROOT_URLCONF = "csp_portal.urls"
WSGI_APPLICATION = "csp_portal.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "loaders": [
                (
                    "django.template.loaders.cached.Loader",
                    ["core.template_loader.UnindentedLoader", "django.template.loaders.app_directories.Loader"],
                )
            ],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp_portal.context.shell",
                "accounts.context.passkeys",
            ],
            "builtins": ["core.templatetags.portal"],
        },
    }
]
FORM_RENDERER = "core.renderer.PortalRenderer"
CRISPY_ALLOWED_TEMPLATE_PACKS = "bootstrap5"
CRISPY_TEMPLATE_PACK = "bootstrap5"
CRISPY_FAIL_SILENTLY = False
DJANGO_TABLES2_TEMPLATE = "components/table.html"

# --- pages for everybody: without cookies, the same for all, kept by caches for so long ------------------------------
PUBLIC_PATHS = ["/find-a-provider/"]
PUBLIC_PAGES_SECONDS = 300

# --- people ----------------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",  # of accounts from before; replaced at their next sign-in
]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("sign_in_name", "email", "full_name")},
    },
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "accounts.passwords.DecoratedCommonPasswordValidator"},
    {"NAME": "accounts.passwords.BreachedPasswordsValidator"},
    {"NAME": "accounts.passwords.ContextWordsValidator"},
]
# Where request.actor may come from, first match wins; each takes the request and returns an Actor or None.
ACTOR_RESOLVERS = ["accounts.access.partner_actor", "customers.access.customer_actor"]
# Pages that somebody may open who still owes a step of sign-in: the steps themselves and the way out.
SIGN_IN_STEP_VIEWS = {
    "account_logout",
    "account_reauthenticate",
    "accounts:own_password",
    "accounts:passkey_challenge",
    "accounts:new_passkey_challenge",
    "mfa_activate_totp",
    "mfa_add_webauthn",
}
# What else a signed-in person may owe, as apps above accounts know it: each takes the request, returns a view or None.
FURTHER_SIGN_IN_STEPS = ["customers.access.agreement_step"]
# What somebody may have open who leaves a company, as apps above accounts know it: each a kind of OpenWork.
OPEN_WORK = [
    "accounts.people.leaving.InvitationsOfPerson",
    "resellers.leaving.RequestsOfPerson",
    "customers.leaving.RelationshipRequestsOfPerson",
    "orders.leaving.DraftsOfPerson",
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_ADAPTER = "accounts.adapter.PortalAccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = "sign_in_name"
ACCOUNT_USER_MODEL_EMAIL_FIELD = "email"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "email*", "password1*"]
ACCOUNT_PRESERVE_USERNAME_CASING = False
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_FORMS = {
    "login": "accounts.forms.SignInForm",
    "change_password": "accounts.forms.ChangePasswordForm",
    "reset_password": "accounts.forms.ResetPasswordForm",
    "reset_password_from_key": "accounts.forms.NewPasswordForm",
    "user_token": "accounts.forms.ResetLinkForm",
}
# Django's own: the library's would keep a second list of addresses, and unverified ones would forbid a second factor.
ACCOUNT_PASSWORD_RESET_TOKEN_GENERATOR = "django.contrib.auth.tokens.PasswordResetTokenGenerator"
PASSWORD_RESET_TIMEOUT = 3600
# For so long a sign-in, or a confirmation, opens what does lasting harm.
ACCOUNT_REAUTHENTICATION_TIMEOUT = 15 * 60
ACCOUNT_RATE_LIMITS = {
    "login": None,  # "sign_in" counts failures only, so that an office behind one address can start its day
    "sign_in": "10/15m/key,100/15m/ip",  # key: the user name and the client's address together
    "sign_in_account": "100/1d/key",  # key: the user name alone; a new password clears it
    # Instead of both, with a browser in which the person has signed in before; key: that browser and person.
    "sign_in_device": "10/15m/key,100/1d/key",
    "login_failed": "5/5m/key",  # codes of the second factor; key: the person
    "reset_password": "3/1h/key,20/15m/ip",
    "reset_password_from_key": "20/15m/ip",
    "email_code": "3/1h/key,20/1h/ip",  # key: the purpose and the address that the code is mailed to
    "enroll": "20/1h/key",  # applications; key: the address
    "submit_order": "30/1h/key",  # key: the person
    "send_webhook": "60/1h/key",  # tests and replays; key: the company
    "openid": "100/15m/ip",
    "change_password": "10/15m/user",
    "reauthenticate": "10/15m/user",
}
MFA_ADAPTER = "accounts.adapter.PortalMFAAdapter"
MFA_FORMS = {
    "authenticate": "accounts.forms.SecondFactorForm",
    "activate_totp": "accounts.forms.SetUpSecondFactorForm",
    "add_webauthn": "accounts.forms.NewPasskeyForm",
    "login_webauthn": "accounts.forms.PasskeySignInForm",
    "authenticate_webauthn": "accounts.forms.PasskeyStepForm",
}
MFA_ALLOW_UNVERIFIED_EMAIL = True  # nobody registers alone, so every address is one that a colleague vouched for
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes", "webauthn"]
# Every passkey is good for every purpose, so each verifies its owner and is found by the device without a name.
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_USER_VERIFICATION = "required"
MFA_RATE_LIMITS = {"webauthn_login": "30/5m/ip"}
MFA_TOTP_ISSUER = "CSP portal"
# A code that changes while it is typed is still right, as is a telephone whose clock is half a minute off.
MFA_TOTP_TOLERANCE = 1
SESSION_COOKIE_AGE = 12 * 3600
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_IDLE_SECONDS = 30 * 60
# What a session keeps when it ends for a reason that the person did not choose: the links to requests it has opened.
SESSION_KEYS_KEPT = ["pending_invitation", "opened_invitations", "opened_colleague_invitations"]

# --- languages and time: stored in UTC, shown in the person's zone ---------------------------------------------------
LANGUAGES = [("en", _("English")), ("pt-br", _("Portuguese (Brazil)"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
# As the programme and everybody else calls it.
COUNTRIES_OVERRIDE = {"US": _("United States")}
USE_TZ = True
USE_THOUSAND_SEPARATOR = False

# --- static files ----------------------------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if PORTAL_MODE == "test"
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
MEDIA_ROOT = VAR_DIR / "files"

# --- browser security ------------------------------------------------------------------------------------------------
SECURE_CONNECTION = urlsplit(PORTAL_BASE_URL).scheme == "https"
SECURE_SSL_REDIRECT = SECURE_CONNECTION
SECURE_REDIRECT_EXEMPT = [r"^healthz/"]
SECURE_HSTS_SECONDS = HSTS_SECONDS if SECURE_CONNECTION else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_CONNECTION
SECURE_HSTS_PRELOAD = SECURE_CONNECTION
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXIES else None
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_CONNECTION
# Remembers who has signed in with this browser, so that a new one is told apart.
DEVICE_COOKIE_NAME = "__Host-device" if SECURE_CONNECTION else "device"
SESSION_COOKIE_NAME = "__Host-session" if SECURE_CONNECTION else "session"
CSRF_COOKIE_NAME = "__Host-csrf" if SECURE_CONNECTION else "csrf"
CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "csp_portal.errors.csrf_failure"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "manifest-src": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
        "object-src": [NONE],
    }
}
# The largest upload is a zipped price list; forms are far smaller.
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_621_440
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

# --- mail: rows in an outbox, sent by the worker ---------------------------------------------------------------------
EMAIL_BACKEND = {
    "production": "django.core.mail.backends.smtp.EmailBackend",
    "demo": "csp_portal.demo.mailbox.MailboxBackend",
    "test": "django.core.mail.backends.locmem.EmailBackend",
}[PORTAL_MODE]
EMAIL_TIMEOUT = 10
# Who writes down that somebody intervened in the outbox; the outbox itself depends on no other app.
RECORDER = "activity.services.record"
DEMO_MAILBOX_DIR = VAR_DIR / "mailbox"

# --- background work -------------------------------------------------------------------------------------------------
CELERY_BROKER_URL = REDIS_URL or "filesystem://localhost"
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # a worker waits for its broker as long as it takes
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_TIME_LIMIT = 900
CELERY_TASK_PUBLISH_RETRY = False
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR_DIR / "celerybeat-schedule")
CELERY_TIMEZONE = "UTC"
if REDIS_URL:
    CELERY_BROKER_TRANSPORT = "csp_portal.broker:RedisTransport"
    if REDIS_URL.startswith("rediss:"):
        # Left alone, kombu takes any certificate for a good one.
        CELERY_BROKER_USE_SSL = {"ssl_cert_reqs": "required"}
    CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, object] = {
        # A page waits a second for a broker that hangs, and not at all for one that is down: the sweep finds the mail.
        "socket_connect_timeout": 1,
        "socket_timeout": 1,
        "max_retries": 0,
        "interval_start": 0,
        "interval_step": 0.1,
        "interval_max": 0.1,
        # Work of a killed worker comes back after twenty minutes, which is longer than any task may take.
        "visibility_timeout": 1200,
        "unacked_restore_interval": 5,
        "unacked_restore_throttle": 1,
    }
else:
    CELERY_BROKER_TRANSPORT = "csp_portal.broker:Transport"
    CELERY_WORKER_ENABLE_REMOTE_CONTROL = False
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": str(VAR_DIR / "broker"),
        "data_folder_out": str(VAR_DIR / "broker"),
        "control_folder": str(VAR_DIR / "broker-control"),
        "polling_interval": 0.1,
    }
CELERY_BEAT_SCHEDULE: dict[str, dict[str, object]] = {
    "seal-activity": {"task": "activity.tasks.seal_activity", "schedule": 10.0},
    "send-due-emails": {"task": "mail.tasks.send_due_emails", "schedule": 10.0},
    "expire-temporary-passwords": {"task": "customers.tasks.blank_expired_envelopes", "schedule": 60.0},
    "run-queued-imports": {"task": "catalogue.tasks.run_queued_imports", "schedule": 60.0},
    "forget-ended-sessions": {"task": "accounts.tasks.forget_ended_sessions", "schedule": 86_400.0},
    "purge-email-codes": {"task": "accounts.tasks.purge_email_codes", "schedule": 3600.0},
    "close-overdue-requests": {"task": "resellers.tasks.close_overdue_requests", "schedule": 600.0},
    "remind-of-open-requests": {"task": "resellers.tasks.remind_of_open_requests", "schedule": 3600.0},
    "report-undeliverable-requests": {"task": "resellers.tasks.report_undeliverable_requests", "schedule": 600.0},
    "move-subscriptions": {"task": "subscriptions.tasks.move_subscriptions", "schedule": 300.0},
    "tell-of-decisions": {"task": "subscriptions.tasks.tell_of_decisions", "schedule": 3600.0},
    "accrue-incentives": {"task": "subscriptions.tasks.accrue_incentives", "schedule": 3600.0},
    "settle-incentives": {"task": "subscriptions.tasks.settle_incentives", "schedule": 60.0},
    "resume-bulk-changes": {"task": "subscriptions.tasks.resume_bulk_changes", "schedule": 60.0},
    "follow-for-notifications": {"task": "notifications.tasks.follow_for_notifications", "schedule": 10.0},
    "tell-of-undelivered-mail": {"task": "notifications.tasks.tell_of_undelivered_mail", "schedule": 60.0},
    "send-summaries": {"task": "notifications.tasks.send_summaries", "schedule": 900.0},
    "tidy-notifications": {"task": "notifications.tasks.tidy_notifications", "schedule": 3600.0},
    "follow-for-webhooks": {"task": "notifications.tasks.follow_for_webhooks", "schedule": 10.0},
    "deliver-webhooks": {"task": "notifications.tasks.deliver_webhooks", "schedule": 10.0},
    "forget-old-deliveries": {"task": "notifications.tasks.forget_old_deliveries", "schedule": 86_400.0},
    "close-impossible-requests": {"task": "subscriptions.tasks.close_impossible_requests", "schedule": 300.0},
    "count-waiting-requests": {"task": "subscriptions.tasks.count_waiting_requests", "schedule": 300.0},
    "count-resellers-anew": {"task": "subscriptions.tasks.count_resellers_anew", "schedule": 86_400.0},
    "purge-order-drafts": {"task": "orders.tasks.purge_abandoned_drafts", "schedule": 3600.0},
}

# --- logs ------------------------------------------------------------------------------------------------------------
LOGGING = logging_settings(LOG_LEVEL, as_json=PRODUCTION)
DJANGO_STRUCTLOG_CELERY_ENABLED = True
DJANGO_STRUCTLOG_CELERY_TASK_START_LOG_LEVEL = logging.DEBUG
SILENCED_SYSTEM_CHECKS: list[str] = []

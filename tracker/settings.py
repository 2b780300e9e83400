"""Django settings. Every environment variable read here is described in docs/configuration.md."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import dj_database_url
from csp.constants import NONCE, NONE, SELF

from tracker.environment import env, env_bool, env_list, own_hosts

VERSION = "0.1.0"
BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = Path(env("DATA_DIR", str(BASE_DIR / "data"))).resolve()


def secret_from_file(name: str) -> str:
    """A secret that `manage.py prepare` wrote into the data folder; empty before that."""
    path = DATA_DIR / name
    return path.read_text(encoding="utf-8").strip() if path.is_file() else ""


DEBUG = env_bool("DEBUG")
SECRET_KEY = env("SECRET_KEY") or secret_from_file("secret_key")
# Several keys, newest first, separated by commas: see tracker/encryption.py.
ENCRYPTION_KEY = env("ENCRYPTION_KEY")
ENCRYPTION_KEY_PATH = DATA_DIR / "encryption_key"

# Where the server listens, for the addresses that the pages show.
HOST = env("HOST", "0.0.0.0")  # noqa: S104 - the Plex server is often another machine
PORT = env("PORT", "8000")
PUBLIC_URL = env("PUBLIC_URL").rstrip("/")
TRUSTED_PROXIES = env_list("TRUSTED_PROXIES")

# This machine itself always: health checks ask it.
ALLOWED_HOSTS = (
    [*env_list("ALLOWED_HOSTS"), "localhost", "127.0.0.1"] if env("ALLOWED_HOSTS") else own_hosts()
)
if public_host := urlsplit(PUBLIC_URL).hostname:
    ALLOWED_HOSTS = [*ALLOWED_HOSTS, public_host]
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL] if PUBLIC_URL else []
IS_HTTPS = urlsplit(PUBLIC_URL).scheme == "https"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = IS_HTTPS
SECURE_HSTS_SECONDS = 30 * 24 * 3600 if IS_HTTPS else 0
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "tracker.views.errors.csrf_failure"
SECURE_REFERRER_POLICY = SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

INSTALLED_APPS = [
    "tracker",
    "plex",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.humanize",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "csp",
    "django_htmx",
    "django_ratelimit",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
]

MIDDLEWARE = [
    "tracker.proxies.TrustedProxyMiddleware",
    "tracker.middleware.PermissionsPolicyMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "tracker.middleware.ContentPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "tracker.middleware.TimeZoneMiddleware",
    "tracker.middleware.FormAddressMiddleware",
]

ROOT_URLCONF = "tracker.urls"
WSGI_APPLICATION = "tracker.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
                "tracker.context_processors.site",
                "plex.context_processors.plex",
            ],
        },
    },
]

SQLITE_OPTIONS = {
    # DEFERRED, Django's default, fails with "database is locked" as soon as web and worker both write.
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    # FULL: the webhook's 200 promises that the event is on disk.
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
}


POSTGRESQL_OPTIONS = {
    # Compiling a query takes a second where its rows were guessed too many; none here needs it.
    "options": "-c jit=off",
    # A server, or a way to it, that is gone without a word is noticed; see tracker/postgresql, too.
    "connect_timeout": 5,
    "keepalives_idle": 15,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}


def database(url: str) -> dict[str, Any]:
    """Django's database settings for a DATABASE_URL, with connections kept open."""
    config: dict[str, Any] = dict(dj_database_url.parse(url, conn_max_age=None))
    if config["ENGINE"].endswith("sqlite3"):
        config["OPTIONS"] = {**SQLITE_OPTIONS, **config.get("OPTIONS", {})}
    else:
        config["CONN_HEALTH_CHECKS"] = True
        config["ENGINE"] = "tracker.postgresql"
        config["OPTIONS"] = {**POSTGRESQL_OPTIONS, **config.get("OPTIONS", {})}
    return config


DATABASES = {
    "default": database(env("DATABASE_URL") or f"sqlite:///{DATA_DIR / 'full-tracker.sqlite3'}")
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

if cache_url := env("CACHE_URL"):
    CACHES: dict[str, Any] = {
        "default": {"BACKEND": "tracker.shared_cache.SharedCache", "LOCATION": cache_url},
        "counters": {"BACKEND": "tracker.shared_cache.SharedCounters", "LOCATION": cache_url},
    }
    RATELIMIT_USE_CACHE = "counters"
else:
    CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
            # The default of 300 would throw rate limits out.
            "OPTIONS": {"MAX_ENTRIES": 10_000},
        }
    }
SILENCED_SYSTEM_CHECKS = [
    # LocMem counts right in one web process, which is how `make run` starts it; several need CACHE_URL.
    *("django_ratelimit.E003", "django_ratelimit.W001"),
    # A Plex server at home posts over http and follows no redirect; people are redirected by the proxy.
    "security.W008",
    # The neighbours of our host, and browsers' lists, are not ours to decide about.
    *("security.W005", "security.W021"),
    # Without https there is none to insist on, and a Secure cookie would never come back.
    *(() if IS_HTTPS else ("security.W004", "security.W012", "security.W016")),
]

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "tracker:sign-in"
LOGIN_REDIRECT_URL = "tracker:up-next"
LOGOUT_REDIRECT_URL = "tracker:sign-in"

LANGUAGE_CODE = "en-gb"
TIME_ZONE = env("TIME_ZONE") or env("TZ") or "UTC"
USE_I18N = True
FORMAT_MODULE_PATH = "tracker.formats"
USE_TZ = True

STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = Path(env("STATIC_ROOT", str(DATA_DIR / "static")))
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

# The largest request of any kind: Plex posts 4 to 20 KB and a thumbnail.
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_500_000
# The admin posts seven fields for each episode of a season: Django's 1000 end at 140 episodes.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 15_000

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, NONCE],
        "style-src": [SELF],
        "img-src": [SELF, "data:", "https://image.tmdb.org"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "tracker.api.authentication.ApiTokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    # No forms: in one, a switch that is left out reads as switched off.
    "DEFAULT_PARSER_CLASSES": ["tracker.api.parsers.TextParser"],
    "DEFAULT_PAGINATION_CLASS": "tracker.api.pagination.Pagination",
    "EXCEPTION_HANDLER": "tracker.api.exceptions.handle",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "PAGE_SIZE": 50,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Full Tracker",
    "DESCRIPTION": "Shows, watches and the Plex integration of one Full Tracker.",
    "VERSION": VERSION,
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/",
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "ENUM_NAME_OVERRIDES": {
        "EventStatus": "plex.models.Status",
        "TrackingStatus": "tracker.models.TrackedShow.Status",
    },
}

TMDB_API_KEY = env("TMDB_API_KEY")
TMDB_API_URL = env("TMDB_API_URL", "https://api.themoviedb.org/3").rstrip("/")
PLEX_TV_URL = env("PLEX_TV_URL", "https://plex.tv").rstrip("/")
PLEX_METADATA_URL = env("PLEX_METADATA_URL", "https://metadata.provider.plex.tv").rstrip("/")
PLEX_WEBHOOK_RATE = env("PLEX_WEBHOOK_RATE", "100/m")

LOG_LEVEL = env("LOG_LEVEL", "INFO").upper()
LOG_LEVELS = {"DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"}
LOG_FORMAT = env("LOG_FORMAT", "text").lower()
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"()": "tracker.logs.formatter", "name": LOG_FORMAT}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": LOG_LEVEL if LOG_LEVEL in LOG_LEVELS else "INFO"},
    # urllib3 logs whole addresses at DEBUG, and a v3 key or a token can stand in one.
    "loggers": {"urllib3": {"level": "WARNING"}},
}

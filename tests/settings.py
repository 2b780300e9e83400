"""The project's settings for the tests: fixed keys, quick password hashing, nothing from outside."""

from __future__ import annotations

import os
import tempfile

os.environ["DATA_DIR"] = tempfile.mkdtemp(prefix="full-tracker-tests-")
os.environ["SECRET_KEY"] = "only-for-tests-" + "x" * 40
os.environ["ENCRYPTION_KEY"] = "dGVzdHRlc3R0ZXN0dGVzdHRlc3R0ZXN0dGVzdHRlc3Q="
os.environ["ALLOWED_HOSTS"] = "localhost,127.0.0.1,testserver"
# Nothing listens there: a test that forgot its TMDB or Plex server fails at once.
os.environ["TMDB_API_URL"] = "http://127.0.0.1:9/3"
os.environ["PLEX_TV_URL"] = os.environ["PLEX_METADATA_URL"] = "http://127.0.0.1:9"
for name in ("TMDB_API_KEY", "PUBLIC_URL", "TRUSTED_PROXIES", "CACHE_URL", "TIME_ZONE", "TZ"):
    os.environ.pop(name, None)
os.environ["DATABASE_URL"] = os.environ.get("TEST_DATABASE_URL") or (
    f"sqlite:///{os.environ['DATA_DIR']}/tests.sqlite3"
)

from tracker.settings import *  # noqa: E402, F403
from tracker.settings import DATABASES  # noqa: E402

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_AUTOREFRESH = True
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # No test outlives a power cut, so none waits for the disk.
    DATABASES["default"]["OPTIONS"]["init_command"] += " PRAGMA synchronous=OFF;"
# A file, not memory: threads and other processes open it as they would in a real installation.
DATABASES["default"]["TEST"] = (
    {"NAME": f"{os.environ['DATA_DIR']}/test.sqlite3"}
    if DATABASES["default"]["ENGINE"].endswith("sqlite3")
    else {"NAME": os.environ.get("TEST_DATABASE_NAME", "test_full_tracker")}
)

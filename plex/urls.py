from __future__ import annotations

from django.urls import path

from plex.views import (
    accounts,
    activity,
    conflicts,
    mappings,
    server,
    settings,
    sign_in,
    statistics,
    webhook,
)

app_name = "plex"

urlpatterns = [
    path("", settings.settings_page, name="settings"),
    path("connect/", settings.connect, name="connect"),
    path("sign-in/", sign_in.start, name="sign-in"),
    path("sign-in/check/", sign_in.check, name="sign-in-check"),
    path("sign-in/cancel/", sign_in.cancel, name="sign-in-cancel"),
    path("token/", sign_in.save_token, name="token"),
    path("token/remove/", sign_in.remove_token, name="token-remove"),
    path("server/", server.save, name="server"),
    path("server/find/", server.find, name="server-find"),
    path("webhook/", webhook.register, name="webhook-register"),
    path("webhook/test/", webhook.send_test, name="webhook-test"),
    path("webhook/last/", webhook.last_event, name="last-event"),
    path("secret/", settings.renew_secret, name="renew-secret"),
    path("accounts/read/", accounts.read, name="accounts-read"),
    path("accounts/choose/", accounts.choose, name="accounts-choose"),
    path("accounts/<int:pk>/", accounts.assign, name="account"),
    path("accounts/<int:pk>/replay/", accounts.replay, name="account-replay"),
    path("tmdb-key/", settings.save_tmdb_key, name="tmdb-key"),
    path("conflicts/", conflicts.conflicts, name="conflicts"),
    path("conflicts/worth-a-look/", mappings.worth_a_look, name="worth-a-look"),
    path("conflicts/suggestions/", conflicts.suggestions, name="suggestions"),
    path("conflicts/ignored/", mappings.ignored_shows, name="ignored-shows"),
    path("conflicts/<int:pk>/", conflicts.conflict_detail, name="conflict-detail"),
    path("conflicts/<int:pk>/resolve/", conflicts.resolve, name="conflict-resolve"),
    path("activity/", activity.activity, name="activity"),
    path("activity/new/", activity.new_events, name="activity-new"),
    path("activity/<int:pk>/", activity.event_detail, name="event-detail"),
    path("activity/<int:pk>/now/", activity.dry_run, name="event-dry-run"),
    path("activity/<int:pk>/again/", activity.process_again, name="event-again"),
    path("statistics/", statistics.statistics, name="statistics"),
    path("shows/<int:pk>/mapping/", mappings.show_mapping, name="show-mapping"),
    path("mappings/<int:pk>/", mappings.mapping_detail, name="mapping-detail"),
    path("mappings/<int:pk>/choose/", mappings.choose, name="mapping-choose"),
    path("mappings/<int:pk>/stop/", mappings.stop, name="mapping-stop"),
    path("mappings/<int:pk>/resume/", mappings.resume, name="mapping-resume"),
    path("mappings/<int:pk>/ignore/", mappings.ignore, name="mapping-ignore"),
    path("mappings/<int:pk>/unignore/", mappings.unignore, name="mapping-unignore"),
]

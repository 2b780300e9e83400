from __future__ import annotations

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from tracker.views import (
    access,
    account,
    add,
    calendar,
    episodes,
    errors,
    export,
    feed,
    history,
    people,
    setup,
    show,
    shows,
    statistics,
    undo,
    up_next,
)

tracker_urls = [
    path("", up_next.up_next, name="up-next"),
    path("sign-in/", access.SignIn.as_view(), name="sign-in"),
    path("sign-out/", access.SignOut.as_view(), name="sign-out"),
    path("setup/<str:code>/", setup.setup, name="setup"),
    path("manifest.webmanifest", access.manifest, name="manifest"),
    path("favicon.ico", access.favicon, name="favicon"),
    path("shows/", shows.shows, name="shows"),
    path("shows/add/", add.add_show, name="add-show"),
    path("shows/<int:pk>/", show.show_detail, name="show-detail"),
    path("shows/<int:pk>/seasons/<int:number>/", show.season, name="show-season"),
    path("shows/<int:pk>/track/", show.track, name="show-track"),
    path("shows/<int:pk>/details/", show.details, name="show-details"),
    path("shows/<int:pk>/refresh/", show.refresh, name="show-refresh"),
    path("shows/<int:pk>/stop/", show.stop, name="show-stop"),
    path("episodes/<int:pk>/", episodes.episode_detail, name="episode"),
    path("episodes/<int:pk>/mark/", episodes.mark, name="episode-mark"),
    path("episodes/<int:pk>/unmark/", episodes.unmark_episode, name="episode-unmark"),
    path("episodes/<int:pk>/up-to-here/", episodes.up_to_here, name="episode-up-to-here"),
    path("episodes/<int:pk>/again/", episodes.again, name="episode-again"),
    path("seasons/<int:pk>/mark/", episodes.mark_whole_season, name="season-mark"),
    path("seasons/<int:pk>/unmark/", episodes.unmark_whole_season, name="season-unmark"),
    path("undo/<str:key>/", undo.undo, name="undo"),
    path("calendar/", calendar.calendar, name="calendar"),
    path("calendar/address/", feed.renew_address, name="calendar-address"),
    path("calendar.ics", feed.feed, name="calendar-feed"),
    path("history/", history.history, name="history"),
    path("history/<int:pk>/", history.correct, name="watch"),
    path("history/<int:pk>/remove/", history.remove, name="watch-remove"),
    path("statistics/", statistics.statistics, name="statistics"),
    path("account/", account.account, name="account"),
    path("account/theme/", account.theme, name="theme"),
    path("account/password/", account.ChangePassword.as_view(), name="password"),
    path("account/tokens/", account.make_token, name="tokens"),
    path("account/tokens/<int:pk>/remove/", account.remove_token, name="token-remove"),
    path("account/export/watches.csv", export.watches, name="export-watches"),
    path("account/export/shows.csv", export.shows, name="export-shows"),
    path("account/export/everything.json", export.everything, name="export-everything"),
    path("people/", people.people, name="people"),
]

urlpatterns: list[URLPattern | URLResolver] = [
    # First, as each address above the webhook's would be tried before every event.
    path("api/", include("plex.api.urls")),
    path("", include((tracker_urls, "tracker"))),
    path("plex/", include("plex.urls")),
    path("", include("plex.monitoring.health")),
    path("", include("plex.monitoring.metrics")),
    path("api/", include("tracker.api.urls")),
    path("admin/login/", access.admin_sign_in),
    path("admin/", admin.site.urls),
]

handler400 = errors.bad_request
handler403 = errors.forbidden
handler404 = errors.not_found
handler500 = errors.server_error

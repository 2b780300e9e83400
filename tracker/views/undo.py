"""The undo button of the toasts."""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import IntegrityError, transaction
from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_POST

from tracker import watching
from tracker.models import Watch
from tracker.views.answers import UserRequest, back, take_undo


@login_required
@require_POST
def undo(request: UserRequest, key: str) -> HttpResponse:
    """Removes the watches just made, or brings the removed ones back."""
    taken = take_undo(request, key)
    if taken is None:
        messages.error(request, "That can't be undone any more. Change it on the show's page.")
        return back(request, "/")
    # Of this user only, whatever the session says.
    found = Watch.objects.filter(user=request.user, pk__in=taken["watches"])
    watches = list(found.select_related("user", "episode__season").order_by("play", "pk"))
    if taken["made"]:
        remove_all(watches)
    else:
        restore_all(watches)
    messages.success(request, "Undone.")
    return back(request, "/")


@transaction.atomic
def remove_all(watches: Sequence[Watch]) -> None:
    """Most of them at once; the last of each season by `watching`, which settles the status."""
    now = timezone.now()
    last = {watch.episode.season_id: watch for watch in watches}
    rest = [watch.pk for watch in watches if watch is not last[watch.episode.season_id]]
    Watch.objects.standing().filter(pk__in=rest).update(removed_at=now)
    for watch in last.values():
        watching.remove_watch(watch, now=now)


@transaction.atomic
def restore_all(watches: Sequence[Watch]) -> None:
    """As `remove_all`; one by one where an episode was marked again in the meantime."""
    last = {watch.episode.season_id: watch for watch in watches}
    rest = [watch for watch in watches if watch is not last[watch.episode.season_id]]
    one_by_one = list(last.values())
    try:
        with transaction.atomic():
            Watch.objects.filter(pk__in=[watch.pk for watch in rest]).update(removed_at=None)
    except IntegrityError:
        one_by_one = list(watches)
    for watch in one_by_one:
        watching.restore_watch(watch)

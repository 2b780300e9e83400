"""What accepting an event is compared with: a plain Django view that does one INSERT."""

from __future__ import annotations

from django.db import models
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

PATH = "/bare"


class BareEvent(models.Model):
    """One column, no index but the key: nothing that stores an event could do less."""

    payload = models.TextField()

    class Meta:
        app_label = "tracker"
        managed = False
        db_table = "bench_events"

    def __str__(self) -> str:
        return f"#{self.pk}"


@csrf_exempt
def bare(request: HttpRequest) -> HttpResponse:
    event = BareEvent._default_manager.create(payload=request.POST["payload"])
    return JsonResponse({"id": event.pk})


def healthz(request: HttpRequest) -> HttpResponse:
    return HttpResponse("up")


urlpatterns = [path(PATH.removeprefix("/"), bare), path("healthz", healthz)]

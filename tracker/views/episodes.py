from __future__ import annotations
from django.http import HttpResponse
from django.views import View
def episode_detail(request, *a, **k): return HttpResponse("soon")
def mark(request, *a, **k): return HttpResponse("soon")
def unmark_episode(request, *a, **k): return HttpResponse("soon")
def up_to_here(request, *a, **k): return HttpResponse("soon")
def again(request, *a, **k): return HttpResponse("soon")
def mark_whole_season(request, *a, **k): return HttpResponse("soon")
def unmark_whole_season(request, *a, **k): return HttpResponse("soon")
def undo(request, *a, **k): return HttpResponse("soon")

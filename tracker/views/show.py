from __future__ import annotations
from django.http import HttpResponse
from django.views import View
def show_detail(request, *a, **k): return HttpResponse("soon")
def season(request, *a, **k): return HttpResponse("soon")
def track(request, *a, **k): return HttpResponse("soon")
def details(request, *a, **k): return HttpResponse("soon")
def refresh(request, *a, **k): return HttpResponse("soon")
def stop(request, *a, **k): return HttpResponse("soon")

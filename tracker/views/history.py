from __future__ import annotations
from django.http import HttpResponse
from django.views import View
def history(request, *a, **k): return HttpResponse("soon")
def correct(request, *a, **k): return HttpResponse("soon")
def remove(request, *a, **k): return HttpResponse("soon")

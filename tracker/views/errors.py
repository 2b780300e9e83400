from __future__ import annotations
from django.http import HttpResponse
from django.views import View
def bad_request(request, *a, **k): return HttpResponse("soon")
def forbidden(request, *a, **k): return HttpResponse("soon")
def not_found(request, *a, **k): return HttpResponse("soon")
def server_error(request, *a, **k): return HttpResponse("soon")

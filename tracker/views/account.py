from __future__ import annotations
from django.http import HttpResponse
from django.views import View
def account(request, *a, **k): return HttpResponse("soon")
def theme(request, *a, **k): return HttpResponse("soon")
class ChangePassword(View):
    def get(self, request): return HttpResponse("soon")
def make_token(request, *a, **k): return HttpResponse("soon")
def remove_token(request, *a, **k): return HttpResponse("soon")

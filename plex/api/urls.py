from __future__ import annotations

from plex.api import corrections, logs, numbering, rules, shows, views
from plex.api.webhook import WebhookView
from tracker.api.routes import route

urlpatterns = [
    # Plex follows no redirect with its payload: both answer directly.
    *route("plex/webhook", WebhookView, name="api-plex-webhook"),
    *route("plex/config", views.ConfigView, name="api-plex-config"),
    *route("plex/stats", views.StatsView, name="api-plex-stats"),
    *route("plex/mappings", shows.MappingsView, name="api-plex-mappings"),
    *route("plex/mappings/<int:pk>", shows.MappingView, name="api-plex-mapping"),
    *route(
        "plex/mappings/<int:pk>/confirm", shows.ConfirmMappingView, name="api-plex-mapping-confirm"
    ),
    *route(
        "plex/mappings/<int:pk>/confirm/preview",
        corrections.ConfirmPreviewView,
        name="api-plex-mapping-confirm-preview",
    ),
    *route(
        "plex/mappings/<int:pk>/corrections",
        corrections.CorrectionsView,
        name="api-plex-corrections",
    ),
    *route(
        "plex/corrections/<int:pk>/undo",
        corrections.UndoCorrectionView,
        name="api-plex-correction-undo",
    ),
    *route("plex/watches/<int:pk>/episode", corrections.EpisodeView, name="api-plex-watch-episode"),
    *route(
        "plex/watches/<int:pk>/episode/preview",
        corrections.EpisodePreviewView,
        name="api-plex-watch-episode-preview",
    ),
    *route("plex/mappings/<int:pk>/numbering", numbering.NumberingView, name="api-plex-numbering"),
    *route("plex/mappings/<int:pk>/numbering/order", numbering.OrderView, name="api-plex-order"),
    *route(
        "plex/mappings/<int:pk>/numbering/read",
        numbering.ReadOrdersView,
        name="api-plex-orders-read",
    ),
    *route(
        "plex/mappings/<int:pk>/numbering/move",
        numbering.MoveMisnumberedView,
        name="api-plex-numbering-move",
    ),
    *route(
        "plex/mappings/<int:pk>/numbering/seasons",
        numbering.SeasonsView,
        name="api-plex-seasons",
    ),
    *route(
        "plex/mappings/<int:pk>/numbering/seasons/<int:season>",
        numbering.SeasonView,
        name="api-plex-season",
    ),
    *route(
        "plex/mappings/<int:pk>/numbering/answers/<int:answer>",
        numbering.AnswerView,
        name="api-plex-answer",
    ),
    *route("plex/rules", rules.RulesView, name="api-plex-rules"),
    *route("plex/rules/trial", rules.RuleTrialView, name="api-plex-rule-trial"),
    *route("plex/rules/<int:pk>", rules.RuleView, name="api-plex-rule"),
    *route("plex/rules/<int:pk>/apply", rules.ApplyRuleView, name="api-plex-rule-apply"),
    *route("plex/conflicts", shows.ConflictsView, name="api-plex-conflicts"),
    *route(
        "plex/conflicts/<int:pk>/resolve",
        shows.ResolveConflictView,
        name="api-plex-conflict-resolve",
    ),
    *route("plex/logs", logs.LogsView, name="api-plex-logs"),
    *route("plex/logs/<int:pk>/retry", logs.RetryLogView, name="api-plex-log-retry"),
]

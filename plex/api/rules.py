"""The calls about a person's rules: list, create, change, try, apply, delete."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import generics, serializers, status
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from plex.api.decisions import deciding, errors_of
from plex.models import PlexRule
from plex.resolution.rules import apply_rule, delete_rule, save_rule, switch_rule
from plex.rules.form import RuleForm
from plex.rules.trial import try_rule
from plex.rules.waiting import going_over, waiting_for
from tracker.api.pagination import Pagination
from tracker.api.permissions import signed_in
from tracker.api.serializers import ID, ErrorSerializer, ShowReferenceSerializer

EXAMPLES = [
    OpenApiExample(
        "A title is always a show",
        {"field": "title", "pattern": "Bluey*", "verdict": "always", "tvshow_id": 12},
        request_only=True,
    ),
    OpenApiExample(
        "A library is ignored",
        {"field": "library", "pattern": "Kids", "verdict": "ignore"},
        request_only=True,
    ),
]
WRITTEN: dict[int, Any] = {
    400: ErrorSerializer,
    404: ErrorSerializer,
    409: ErrorSerializer,
    503: ErrorSerializer,
}


class RuleSerializer(serializers.ModelSerializer[PlexRule]):
    tvshow = ShowReferenceSerializer(read_only=True, allow_null=True)
    sentence = serializers.CharField(read_only=True, help_text="The rule for people.")

    class Meta:
        model = PlexRule
        fields = [
            *("id", "field", "pattern", "server_uuid", "verdict", "tvshow", "enabled"),
            *("sentence", "created_at"),
        ]
        read_only_fields = fields


class RuleBodySerializer(serializers.Serializer[Any]):
    field = serializers.ChoiceField(choices=PlexRule.Field.choices)
    pattern = serializers.CharField(max_length=500, help_text="* stands for anything in a title.")
    verdict = serializers.ChoiceField(choices=PlexRule.Verdict.choices)
    tvshow_id = ID(required=False, allow_null=True, help_text="Not for ignore.")
    tmdb_id = ID(
        required=False,
        allow_null=True,
        help_text="Instead of tvshow_id: the show is added from TMDB if need be.",
    )
    server_uuid = serializers.CharField(
        required=False, allow_blank=True, max_length=255, help_text="A library of this server only."
    )


class RuleSwitchSerializer(serializers.Serializer[Any]):
    enabled = serializers.BooleanField()


class GoingOverSerializer(serializers.Serializer[Any]):
    """What becomes of the waiting plays that the rule was applied to."""

    total = serializers.IntegerField()
    left = serializers.IntegerField(help_text="Still to be decided by the worker.")
    recorded = serializers.IntegerField()
    watched = serializers.IntegerField(help_text="Watched already: the first date stays.")
    ignored = serializers.IntegerField()
    waiting = serializers.IntegerField(help_text="Wait for another answer, or for TMDB.")


class RuleDetailSerializer(RuleSerializer):
    waiting = serializers.IntegerField(
        read_only=True, help_text="Plays that wait for an answer and that the rule settles."
    )
    going_over = GoingOverSerializer(read_only=True, allow_null=True)

    class Meta(RuleSerializer.Meta):
        fields = [*RuleSerializer.Meta.fields, "waiting", "going_over"]
        read_only_fields = fields


class RuleChangeSerializer(serializers.Serializer[Any]):
    log_id = serializers.IntegerField(source="event.pk")
    plex_title = serializers.CharField(source="event.plex_title")
    plex_season = serializers.IntegerField(source="event.plex_season", allow_null=True)
    plex_episode = serializers.IntegerField(source="event.plex_episode", allow_null=True)
    before = serializers.CharField()
    after = serializers.CharField()


class TrialSerializer(serializers.Serializer[Any]):
    looked_at = serializers.IntegerField(help_text="Your newest events, 2,000 at most.")
    fitting = serializers.IntegerField(help_text="Those that the rule is about.")
    by_hand = serializers.IntegerField(help_text="Those that stay as a person said.")
    total = serializers.IntegerField(help_text="Those that would have been decided otherwise.")
    changes = RuleChangeSerializer(many=True, help_text="The newest 50 of these.")


@extend_schema_view(get=extend_schema(operation_id="plex_rules", summary="Your rules"))
class RulesView(generics.ListAPIView[PlexRule]):
    serializer_class = RuleSerializer
    pagination_class = Pagination
    queryset = PlexRule.objects.none()

    def get_queryset(self) -> QuerySet[PlexRule]:
        return PlexRule.objects.filter(user=signed_in(self.request)).select_related("tvshow")

    @extend_schema(
        operation_id="plex_rule_create",
        summary="Make a rule",
        description="Later plays follow it. Apply it to decide those that wait.",
        request=RuleBodySerializer,
        responses={201: RuleDetailSerializer, **WRITTEN},
        examples=EXAMPLES,
    )
    def post(self, request: Request) -> Response:
        rule = saved(form_of(request))
        return Response(detail(rule), status=status.HTTP_201_CREATED)


class RuleView(APIView):
    @extend_schema(
        operation_id="plex_rule_read",
        summary="A rule, with what waits for it",
        responses={200: RuleDetailSerializer, 404: ErrorSerializer},
    )
    def get(self, request: Request, pk: int) -> Response:
        return Response(detail(find_rule(request, pk)))

    @extend_schema(
        operation_id="plex_rule_change",
        summary="Change a rule",
        request=RuleBodySerializer,
        responses={200: RuleDetailSerializer, **WRITTEN},
        examples=EXAMPLES,
    )
    def put(self, request: Request, pk: int) -> Response:
        return Response(detail(saved(form_of(request, find_rule(request, pk)))))

    @extend_schema(
        operation_id="plex_rule_switch",
        summary="Switch a rule on or off",
        request=RuleSwitchSerializer,
        responses={200: RuleDetailSerializer, **WRITTEN},
        examples=[OpenApiExample("Off", {"enabled": False}, request_only=True)],
    )
    def patch(self, request: Request, pk: int) -> Response:
        rule = find_rule(request, pk)
        body = RuleSwitchSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        with deciding():
            switch_rule(rule, enabled=body.validated_data["enabled"])
        return Response(detail(rule))

    @extend_schema(
        operation_id="plex_rule_delete",
        summary="Delete a rule",
        description="What was recorded stays.",
        responses={204: None, 404: ErrorSerializer},
    )
    def delete(self, request: Request, pk: int) -> Response:
        delete_rule(find_rule(request, pk))
        return Response(status=status.HTTP_204_NO_CONTENT)


class RuleTrialView(APIView):
    @extend_schema(
        operation_id="plex_rule_trial",
        summary="Try a rule on past events",
        description="Says which of your newest events it would have decided otherwise. Writes nothing.",
        request=RuleBodySerializer,
        responses={200: TrialSerializer, 400: ErrorSerializer},
        examples=EXAMPLES,
    )
    def post(self, request: Request) -> Response:
        form = form_of(request)
        if form.is_show_new:
            sentence = "This show is not in the tracker yet, so nothing can be tried."
            raise ValidationError({"tmdb_id": sentence})
        return Response(TrialSerializer(try_rule(form.instance)).data)


class ApplyRuleView(APIView):
    @extend_schema(
        operation_id="plex_rule_apply",
        summary="Decide the waiting plays again that the rule settles",
        description="The worker goes over them; read the rule to see how far it is.",
        request=None,
        responses={202: RuleDetailSerializer, 404: ErrorSerializer},
    )
    def post(self, request: Request, pk: int) -> Response:
        rule = find_rule(request, pk)
        apply_rule(rule)
        return Response(detail(rule), status=status.HTTP_202_ACCEPTED)


def find_rule(request: Request, pk: int) -> PlexRule:
    rules = PlexRule.objects.filter(user=signed_in(request)).select_related("tvshow")
    return get_object_or_404(rules, pk=pk)


def form_of(request: Request, rule: PlexRule | None = None) -> RuleForm:
    """The page's own form, valid. Raises `ValidationError` by the body's names."""
    body = RuleBodySerializer(data=request.data)
    body.is_valid(raise_exception=True)
    sent = dict(body.validated_data)
    sent["tvshow"] = sent.pop("tvshow_id", None)
    user = signed_in(request)
    form = RuleForm(sent, user=user, **({"instance": rule} if rule else {}))
    if not form.is_valid():
        raise errors_of(form, tvshow="tvshow_id")
    return form


def saved(form: RuleForm) -> PlexRule:
    with deciding():
        return save_rule(form.rule())


def detail(rule: PlexRule) -> dict[str, Any]:
    described: Any = rule
    described.waiting = len(waiting_for(rule))
    described.going_over = going_over(rule)
    return RuleDetailSerializer(described).data

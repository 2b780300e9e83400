"""The webhook takes any bytes: no error, no good event lost, nothing that the worker stumbles over."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plex.payload import PayloadError, read_json, summarise
from plex.webhook_body import trim
from tests.fuzz import bodies
from tests.fuzz.webhook import Fuzz
from tests.plex.factories import make_config

BODIES = 1500

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters())
    | st.sampled_from(bodies.NASTY),
    lambda inner: (
        st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=9), inner, max_size=5)
    ),
    max_leaves=20,
)


@pytest.mark.django_db
def test_odd_requests_break_nothing(owner, settings):
    settings.PLEX_WEBHOOK_RATE = "1000000/m"
    _, secret = make_config(owner)
    seed = Random().randrange(10**6)

    outcome = Fuzz(address=f"/api/plex/webhook?secret={secret}", seed=seed, drained=60).run(BODIES)

    assert outcome.problems == []
    assert outcome.good == BODIES / 10
    assert outcome.statuses[200] > BODIES / 4, outcome.statuses
    assert outcome.statuses[400] > BODIES / 4, outcome.statuses
    assert outcome.grown_mb < 300


def test_the_same_seed_makes_the_same_requests():
    first, second = ([bodies.make(Random(f"7/{n}")) for n in range(200)] for _ in range(2))
    assert first == second
    assert {sent.kind for sent in first} > {"noise", "deep nesting", "many or broken parts"}


@given(st.binary() | st.text(st.characters()))
def test_any_bytes_are_an_object_or_a_sentence(raw):
    try:
        found: object = read_json(raw)
    except PayloadError as error:
        found = str(error)
    assert isinstance(found, dict) or str(found).endswith(".")


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(
    st.dictionaries(
        st.sampled_from(["event", "user", "Metadata", "Account", "Server", "Player", "x"]), values
    )
)
def test_any_object_can_be_summed_up_and_trimmed(message):
    summarise(message)
    trim(message)

"""Every call of our own OpenAPI description, with whatever that allows and what it does not."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import schemathesis
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error

from tests.factories import TrackedShowFactory, make_show
from tests.faults.pages import furnish
from tests.fuzz.in_process import kept_connections
from tracker.models import ApiToken
from tracker.wsgi import application

pytestmark = pytest.mark.django_db
EXAMPLES = 8

described = schemathesis.openapi.from_dict(SchemaGenerator().get_schema(request=None, public=True))
described.app = application


@pytest.fixture
def token(viewer) -> Iterator[str]:
    """Of somebody who has one of everything."""
    furnish(viewer, word="vera")
    TrackedShowFactory.create(user=viewer, show=make_show("Harbour Lights"))
    with kept_connections():
        yield ApiToken.make(user=viewer, name="fuzz")[1]


@described.parametrize()
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_no_call_breaks(case, token):
    answer = case.call(headers={"Authorization": f"Token {token}", "Host": "localhost"})
    case.validate_response(answer, checks=[not_a_server_error])

"""Every code has its class, and every error all its facts, here and in another process."""

from __future__ import annotations

import copy
import pickle

import pytest

import tenantry
from tenantry import errors

CLASSES = {
    "config": ("ConfigError", ValueError),
    "validation": ("ValidationError", ValueError),
    "invalid_id": ("ValidationError", ValueError),
    "connection": ("APIConnectionError", ConnectionError),
    "timeout": ("APITimeoutError", TimeoutError),
    "authentication": ("AuthenticationError", Exception),
    "permission": ("PermissionDeniedError", Exception),
    "not_found": ("NotFoundError", Exception),
    "conflict": ("ConflictError", Exception),
    "bad_request": ("BadRequestError", Exception),
    "unprocessable": ("UnprocessableEntityError", Exception),
    "rate_limited": ("RateLimitError", Exception),
    "server": ("InternalServerError", Exception),
    "decode": ("ResponseError", Exception),
    "unexpected_content": ("ResponseError", Exception),
    "redirect": ("ResponseError", Exception),
    "outcome_unknown": ("OutcomeUnknownError", Exception),
    "needs_attention": ("NeedsAttentionError", Exception),
    "max_wait": ("WaitTimeoutError", TimeoutError),
    "step_failed": ("StepFailedError", Exception),
    "stopped": ("FlowStopped", Exception),
    "checkpoint": ("CheckpointError", Exception),
    "webhook": ("WebhookError", Exception),
    "saml": ("SamlError", Exception),
    "internal": ("InternalError", Exception),
}

REPORT = {
    "message": "what happened",
    "system": "magento_bi",
    "operation": "magento_bi.signups.create",
    "outcome": "unknown",
    "status": 503,
    "request_id": "r-1",
    "retry_after_ms": 1500,
    "retryable": True,
    "hint": "what to change",
    "details": {"attempts": 3, "choices": [{"choice": "force_retry"}], "candidates": [1]},
    "causes": ["outer", "inner"],
    "checkpoint": '{"version":1}',
}


def facts(error):
    names = (
        "code message system operation outcome status request_id retryable retry_after hint details causes checkpoint"
    )
    return {name: getattr(error, name) for name in names.split()}


@pytest.mark.parametrize("code", CLASSES)
def test_a_code_has_its_class_and_survives_pickling(code):
    name, mixed_in = CLASSES[code]
    error = errors.from_report({"code": code, **REPORT})
    assert type(error) is getattr(tenantry, name)
    assert isinstance(error, mixed_in)
    assert isinstance(error, tenantry.TenantryError)
    assert str(error) == "magento_bi.signups.create: what happened (what to change)"
    assert error.code == code
    assert error.retry_after == 1.5
    for back in (pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error)):
        assert type(back) is type(error)
        assert facts(back) == facts(error)
        assert str(back) == str(error)


def test_all_public_errors_are_in_the_table():
    named = {name for name, _ in CLASSES.values()} | {"TenantryError"}
    assert named == set(errors.__all__)


def test_an_unknown_code_is_the_root():
    error = errors.from_report({"code": "from_the_future", "message": "m"})
    assert type(error) is tenantry.TenantryError
    assert error.code == "from_the_future"


def test_an_error_of_a_call_says_which_and_what_became_of_it(sandbox, bi):
    with pytest.raises(tenantry.NotFoundError) as caught:
        bi.signups.get("no-such")
    error = caught.value
    assert (error.status, error.outcome, error.system) == (404, "rejected", "magento_bi")
    assert error.operation == "magento_bi.signups.get"
    assert error.request_id == sandbox.journal()[-1]["headers"]["x-request-id"]
    assert error.retryable is False
    assert facts(pickle.loads(pickle.dumps(error))) == facts(error)


@pytest.mark.parametrize(
    ("fault", "kind", "code"),
    [
        ({"status": 400, "json": {"message": "no"}}, tenantry.BadRequestError, "bad_request"),
        ({"status": 403}, tenantry.PermissionDeniedError, "permission"),
        ({"status": 409}, tenantry.ConflictError, "conflict"),
        ({"status": 422, "json": {"errors": {"email": "bad"}}}, tenantry.UnprocessableEntityError, "unprocessable"),
        ({"status": 429, "headers": {"retry-after": "7"}}, tenantry.RateLimitError, "rate_limited"),
        ({"status": 500}, tenantry.InternalServerError, "server"),
        ({"status": 302, "headers": {"location": "https://example.com/"}}, tenantry.ResponseError, "redirect"),
        ({"status": 200, "body": "<html>", "content_type": "text/html"}, tenantry.ResponseError, "unexpected_content"),
        ({"status": 200, "json": {}}, tenantry.ResponseError, "decode"),
        ({"drop": True}, tenantry.APIConnectionError, "connection"),
        ({"hold": True}, tenantry.APITimeoutError, "timeout"),
    ],
)
def test_what_a_server_does_has_its_error(sandbox, bi, fault, kind, code):
    sandbox.fault(operation="magento_bi.signups.get", times=None, **fault)
    with pytest.raises(kind) as caught:
        bi.signups.get("s-1", max_retries=0)
    assert caught.value.code == code


def test_a_lost_reply_of_a_create_is_an_unknown_outcome(sandbox, bi, signup_arguments):
    sandbox.fault(operation="magento_bi.signups.create", when="after", drop=True)
    with pytest.raises(tenantry.OutcomeUnknownError) as caught:
        bi.signups.create(**signup_arguments)
    assert caught.value.outcome == "unknown"
    assert len(sandbox.state()["magento_bi"]["signups"]) == 1

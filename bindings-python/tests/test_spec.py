"""The spec tells all its problems at once, and no secret."""

from __future__ import annotations

import copy
import os
import pickle

import pytest

import tenantry
from tenantry import Secret, magento_bi
from tenantry.magento_bi import OnboardingSpec


def test_all_problems_at_once_by_the_path_of_their_keys(parts):
    parts["admin"]["email"] = "nobody"
    parts["connection"]["properties"]["port"] = 3306
    del parts["user"]["client_rights"]
    parts["dashbords"] = {}
    problems = OnboardingSpec.from_dict(parts).check()
    fields = [problem.field for problem in problems]
    assert set(fields) >= {"admin.email", "connection.properties.port", "user.client_rights", "dashbords"}
    assert all(problem.message for problem in problems)


def test_a_bad_spec_starts_nothing(sandbox, bi, parts):
    parts["tier"] = ""
    parts["company"] = ""
    with pytest.raises(tenantry.ValidationError) as caught:
        bi.onboardings.start(parts)
    assert {problem["field"] for problem in caught.value.details["errors"]} == {"tier", "company"}
    assert sandbox.journal() == []


def test_the_constructor_names_what_is_missing(parts):
    del parts["user"]
    with pytest.raises(TypeError, match="user"):
        OnboardingSpec(**parts)
    with pytest.raises(TypeError, match="usr"):
        OnboardingSpec(**parts, usr={})


def test_toml(tmp_path, parts):
    path = tmp_path / "coco.toml"
    secret = os.urandom(12).hex()
    text = """
        company = "Coco Co."
        tier = "T100"
        admin = {email = "csm@example.com", first_name = "CSMFirst", last_name = "CSMLast", role = "csm"}
        magento = {customer_id = "MAG0000001", subscription_id = "1000"}
        [user]
        email = "customer@customer.com"
        first_name = "tester"
        last_name = "mctest"
        client_rights = {admin = 1, billing = 1, readonly = 1, technical = 0}
        [connection]
        name = "store"
        type = "mysql"
        password = PASSWORD
        properties = {host = "db.example.com", port = "3306", username = "magento", dbName = "magento_store"}
        [dashboards]
        package = "magento1_rjql1"
        database = "magento_store"
        table_prefix = ""
    """
    path.write_text(text.replace("PASSWORD", '{env = "TENANTRY_TEST_DB_PASSWORD"}'), "utf-8")
    spec = OnboardingSpec.from_toml(path)
    assert spec.check() == []
    assert spec.warnings() == []
    expected = OnboardingSpec(**{**parts, "connection": {**parts["connection"], "password": None}}).to_dict()
    given = spec.to_dict()
    assert given["connection"].pop("password") == {"env": "TENANTRY_TEST_DB_PASSWORD"}
    expected["connection"].pop("password")
    assert given == expected
    path.write_text(text.replace("PASSWORD", f'"{secret}"'), "utf-8")
    plain = OnboardingSpec.from_toml(str(path))
    assert [warning.field for warning in plain.warnings()] == ["connection.password"]
    assert secret not in repr(plain) + repr(plain.to_dict()) + repr(plain.warnings())
    for broken in ("PASSWORD", f'"{secret}', f'"{secret}" x', f'"""{secret}'):
        path.write_text(text.replace("PASSWORD", broken), "utf-8")
        with pytest.raises(tenantry.ValidationError) as caught:
            OnboardingSpec.from_toml(path)
        assert secret not in str(caught.value) + repr(caught.value.details)


def test_inline_secrets_are_masked_and_not_pickled(parts):
    secret = os.urandom(12).hex()
    parts["connection"]["properties"]["encryption_groupSecret"] = secret
    parts["connection"] |= {"password": secret, "encryption_password": secret}
    spec = OnboardingSpec(**parts)
    assert secret not in repr(spec) + repr(spec.to_dict()) + repr(vars(spec) if hasattr(spec, "__dict__") else "")
    assert spec.to_dict()["connection"]["password"] == "***"
    shown = spec.to_dict(include_secrets=True)["connection"]
    assert shown["password"] == shown["properties"]["encryption_groupSecret"] == secret
    with pytest.raises(TypeError, match=r"Secret\.env"):
        pickle.dumps(spec)
    assert secret not in repr(copy.deepcopy(spec))


def test_references_are_pickled(parts):
    parts["connection"]["encryption_password"] = Secret.file("secret.txt")
    spec = OnboardingSpec(**parts)
    back = pickle.loads(pickle.dumps(spec))
    assert back.to_dict() == spec.to_dict()
    assert back.check() == []
    with pytest.raises(TypeError):
        hash(spec)
    assert spec == copy.copy(spec)
    assert spec != magento_bi.OnboardingSpec(**{**parts, "tier": "T1"})

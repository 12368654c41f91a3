"""The examples in the docstrings run."""

from __future__ import annotations

import doctest
import importlib

import pytest

MODULES = [
    "tenantry.sandbox",
    "tenantry.secret",
    "tenantry.pager",
    "tenantry.cloudblue.client",
    "tenantry.cloudblue.query",
    "tenantry.cloudblue.worker",
    "tenantry.maestrano.client",
    "tenantry.maestrano.connec",
    "tenantry.maestrano.marketplaces",
    "tenantry.maestrano.sso",
    "tenantry.maestrano.webhooks",
    "tenantry.magento_bi.client",
    "tenantry.magento_bi.spec",
]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name):
    failed, tried = doctest.testmod(importlib.import_module(name))
    assert tried > 0
    assert failed == 0

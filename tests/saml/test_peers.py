"""The corpus held against python3-saml: what must be accepted others accept too, as far as they know it.

It says that the corpus is what it claims, not that the core is right: that is `core/tests/saml/corpus.rs`.
"""

import json
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from onelogin.saml2.response import OneLogin_Saml2_Response
from onelogin.saml2.settings import OneLogin_Saml2_Settings

SCRIPT = Path(__file__).with_name("make_corpus.py")

# Why python3-saml does not accept what the core does.
NOT_THEIRS = {
    "vendors_own_names": "names of algorithms that no standard knows",
    "audience_without_slash": "it takes one audience, and the vendor's has a slash",
    "audience_is_the_app": "likewise",
    "issuer_without_query": "it takes one issuer, and the vendor's has a query",
    "sha256_fingerprint": "it takes fingerprints of SHA-1 unless told otherwise",
}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("corpus")
    subprocess.run([sys.executable, "-B", SCRIPT, folder], check=True)
    return folder, json.loads((folder / "manifest.json").read_text(encoding="utf-8"))


def accepts(case, configuration, text):
    """What python3-saml reads, held to the settings that stand for the vendor's shape."""
    from shape import Shape

    marketplace = configuration["marketplaces"][0]
    sso = marketplace["sso"]
    consume = urlsplit(sso["idm"] + sso["consume_path"])
    settings = OneLogin_Saml2_Settings(
        {
            "strict": True,
            "sp": {"entityId": f"{sso['idm']}/", "assertionConsumerService": {"url": consume.geturl()}},
            "idp": {
                "entityId": Shape.issuer,
                "singleSignOnService": {"url": sso["idp"]},
                "x509cert": sso.get("x509_certificate", ""),
                "certFingerprint": sso.get("x509_fingerprint", "").replace(":", "").lower(),
            },
            "security": {"wantNameId": True},
        }
    )
    request = {"https": "on", "http_host": consume.netloc, "script_name": consume.path, "query_string": consume.query}
    response = OneLogin_Saml2_Response(settings, text)
    if not response.is_valid({**request, "get_data": {}, "post_data": {}}, case["arguments"].get("request_id")):
        return response.get_error()
    return response.get_nameid(), response.get_attributes()


def test_python3_saml_reads_the_same_from_what_must_be_accepted(corpus):
    folder, manifest = corpus
    agreed = 0
    for case in manifest["cases"]:
        if "identity" not in case["expect"] or case["now_offset_ms"] or case["name"] in NOT_THEIRS:
            continue
        text = (folder / case["file"]).read_text()
        found = accepts(case, manifest["configurations"][case["configuration"]], text)
        assert isinstance(found, tuple), f"{case['name']}: {found}"
        name, attributes = found
        assert name == "usr-1"
        for wanted, value in case["expect"]["identity"].get("attributes", {}).items():
            assert attributes[wanted] == [value], case["name"]
        agreed += 1
    print(f"python3-saml agrees on {agreed} legitimate responses; left out: {', '.join(NOT_THEIRS)}")
    assert agreed >= 10

"""Signed responses in the shape of Maestrano's provider: `saml.py FOLDER N` makes N; a runner verifies each once.

The request that the n-th one answers is `_` and n as 32 hexadecimal digits.
"""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from meter import Meter

WARM_UP = 50
NAMES = {"saml": "urn:oasis:names:tc:SAML:2.0:assertion"}
# The corpus of the tests knows the provider's shape.
sys.path.append(str(Path(__file__).parents[3] / "tests/saml"))


def make(folder: Path, count: int) -> None:
    """Writes the responses, one a line, and what each peer needs to trust them. They are good for an hour."""
    from make_corpus import configuration
    from shape import CONSUME, REQUEST, Shape, signature
    from signer import canonical, signer

    folder.mkdir(parents=True, exist_ok=True)
    tool = signer(folder)
    pem = tool.make("provider")
    texts = []
    for number in range(count):
        name = f"_assertion-{number}"
        template = Shape(id=name, signature=signature(f"#{name}")).response().replace(REQUEST, f"_{number:032x}")
        signed = tool.sign(template.replace("_response-1", f"_response-{number}"))
        texts.append(base64.b64encode(signed.encode()).decode())
    (folder / "responses.txt").write_text("\n".join(texts))
    (folder / "provider.key").unlink()
    about = {"pem": pem, "consume": CONSUME, "issuer": Shape.issuer, "audience": Shape.audience}
    (folder / "provider.json").write_text(
        json.dumps({**about, "configuration": configuration({"x509_certificate": pem})})
    )
    # The parts for the bare reader, which only reads the response, hashes it and checks the signature of its head.
    start, end = signed.index("<ds:SignedInfo"), signed.index("</ds:SignedInfo>") + len("</ds:SignedInfo>")
    value = signed[end:].split("<ds:SignatureValue>")[1].split("</ds:SignatureValue>")[0]
    (folder / "response.b64").write_text(texts[-1])
    (folder / "info.bin").write_bytes(canonical(signed[start:end]))
    (folder / "signature.bin").write_bytes(base64.b64decode(value))
    (folder / "key.der").write_bytes(_public_key(pem))


def _public_key(pem: str) -> bytes:
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    key: Any = x509.load_pem_x509_certificate(pem.encode()).public_key()
    return key.public_bytes(Encoding.DER, PublicFormat.PKCS1)


def _tenantry(about: dict[str, Any]) -> Callable[[str, str], str]:
    from tenantry import maestrano

    sso = maestrano.Marketplaces.from_json(json.dumps(about["configuration"])).client("some-telco").sso
    return lambda text, request: sso.consume(saml_response=text, request_id=request).user.uid


def _xmlsec(about: dict[str, Any]) -> Callable[[str, str], str]:
    import xmlsec
    from lxml import etree

    key = xmlsec.Key.from_memory(about["pem"], xmlsec.constants.KeyDataFormatCertPem)

    def verify(text: str, _: str) -> str:
        tree = etree.fromstring(base64.b64decode(text))
        xmlsec.tree.add_ids(tree, ["ID"])
        context = xmlsec.SignatureContext()
        context.key = key
        context.verify(xmlsec.tree.find_node(tree, "Signature"))
        return tree.findtext(".//saml:NameID", namespaces=NAMES)

    return verify


def _python3_saml(about: dict[str, Any]) -> Callable[[str, str], str]:
    from onelogin.saml2.response import OneLogin_Saml2_Response
    from onelogin.saml2.settings import OneLogin_Saml2_Settings

    consume = urlsplit(about["consume"])
    settings = OneLogin_Saml2_Settings(
        {
            "strict": True,
            "sp": {"entityId": about["audience"], "assertionConsumerService": {"url": about["consume"]}},
            "idp": {
                "entityId": about["issuer"],
                "singleSignOnService": {"url": "https://provider.example.com"},
                "x509cert": about["pem"],
            },
            "security": {"wantNameId": True, "wantAssertionsSigned": True},
        }
    )
    place = {"https": "on", "http_host": consume.netloc, "script_name": consume.path, "query_string": consume.query}
    request = {**place, "get_data": {}, "post_data": {}}

    def verify(text: str, asked: str) -> str:
        response = OneLogin_Saml2_Response(settings, text)
        if not response.is_valid(request, asked):
            raise ValueError(response.get_error())
        return response.get_nameid()

    return verify


PEERS = {"tenantry": _tenantry, "xmlsec": _xmlsec, "python3-saml": _python3_saml}


def verified(peer: str, folder: str, n: int) -> dict[str, Any]:
    """Verifies `n` responses and reads who signed in."""
    about = json.loads((Path(folder) / "provider.json").read_text())
    verify = PEERS[peer](about)
    texts = (Path(folder) / "responses.txt").read_text().splitlines()[: WARM_UP + n]
    responses = [(text, f"_{number:032x}") for number, text in enumerate(texts)]
    for response in responses[:WARM_UP]:
        verify(*response)
    with Meter() as meter:
        check = sum(len(verify(*response)) for response in responses[WARM_UP:])
    return meter.result(len(responses) - WARM_UP, check)


if __name__ == "__main__":
    make(Path(sys.argv[1]), int(sys.argv[2]))

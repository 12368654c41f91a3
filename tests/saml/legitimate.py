"""Responses that must be accepted, each with what it says."""

import base64

from shape import APP, ATTRIBUTES, DSIG, HOUR, NOW, SHA1, SHA512, Shape, indented, instant, prefixed, signature
from signer import resigned

USER = {"user": {"uid": "usr-1"}, "group": {"uid": "cld-4"}, "session": {"token": "session-of-usr-1"}}
XSI = (
    '<AttributeValue xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
    ' xsi:type="xs:string">{}</AttributeValue>'
)


def key_info(xml: str, certificate: str) -> str:
    """A signed response with a certificate put into its signature, which does not cover it."""
    data = f'<KeyInfo xmlns="{DSIG}"><X509Data><X509Certificate>{certificate}</X509Certificate></X509Data></KeyInfo>'
    return xml.replace("</ds:Signature>", f"{data}</ds:Signature>")


def bare(pem: str) -> str:
    return "".join(line for line in pem.splitlines() if not line.startswith("---"))


def vendors_names(info: str) -> str:
    """The names that the vendor's provider writes when it is set to SHA-256."""
    names = {
        "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256": DSIG + "rsa-sha256",
        "http://www.w3.org/2001/04/xmlenc#sha256": DSIG + "sha256",
    }
    for standard, own in names.items():
        info = info.replace(standard, own)
    return info


def attributes(**changed: str) -> dict:
    return {**ATTRIBUTES, **changed}


def add(case, tool, pem: str, fingerprints: dict) -> None:
    sign = tool.sign
    vendor = sign(Shape().response())
    everything = {
        "user": {
            "uid": "usr-1",
            "virtual_uid": "usr-1.cld-4",
            "email": "ada@example.com",
            "virtual_email": "usr-1.cld-4@mail.example.com",
            "name": "Ada",
            "surname": "Lovelace",
            "country": "GB",
            "company_name": "Analytical Engines",
        },
        "group": {
            "uid": "cld-4",
            "name": "Analytical Engines",
            "email": "ops@example.com",
            "currency": "USD",
            "timezone": "America/Los_Angeles",
            "country": "US",
            "city": "Los Angeles",
            "has_credit_card": True,
            "end_free_trial": "2199-01-01T00:00:00Z",
            "reseller_id": None,
        },
        "role": "Super Admin",
        "session": {"token": "session-of-usr-1", "recheck": "2199-01-01T00:03:00Z"},
        "assertion_id": "_assertion-1",
        "attributes": ATTRIBUTES,
        "not_on_or_after": instant(NOW + HOUR),
    }
    case("vendor_sha256", key_info(vendor, bare(pem)), everything)
    sha1 = sign(Shape(signature=signature("#_assertion-1", SHA1)).response())
    case("vendor_sha1", key_info(sha1, bare(pem)), everything, allow_sha1=True)
    case("vendors_own_names", resigned(vendor, vendors_names, tool.sign_bytes), everything)
    case("sha512", sign(Shape(signature=signature("#_assertion-1", SHA512)).response()), USER)
    case("signed_root", sign(Shape(signature="", root_signature=signature("#_response-1")).response()), everything)
    case("indented", sign(indented(Shape().response())), everything)
    case("no_key_info", vendor, everything)
    case("pem_in_key_info", key_info(vendor, base64.b64encode(pem.encode()).decode()), USER)
    case("certificate_in_lines", key_info(vendor, "\n" + pem.split("-----")[2].strip() + "\n"), USER)
    case("prefixes", prefixed(sign(prefixed(Shape().response()))), everything)
    case("one_line_of_base64", vendor, USER, lines=False)
    case("declaration", f'<?xml version="1.0" encoding="UTF-8"?>\n{vendor}\n', USER)
    case("line_ends", vendor.replace(" Destination", "\r\n Destination"), USER)
    special = "A & B <C> \"D\" 'E' ]]> tab\tend"
    shape = Shape(attributes=attributes(group_name=special, company_name="  spaces  "))
    case("escaped", sign(shape.response()), {"group": {"name": special}, "user": {"company_name": "  spaces  "}})
    names = {
        "name": "Zoë",
        "surname": "Иванова",
        "group_name": "日本語 🧮 e\u0301 \u200f\u05e2\u05d1\u05e8\u05d9\u05ea",
    }
    identity = {"user": {"name": names["name"], "surname": names["surname"]}, "group": {"name": names["group_name"]}}
    case("utf8", sign(Shape(attributes=attributes(**names)).response()), identity)
    references = sign(Shape(attributes=attributes(name="@")).response().replace(">@<", ">Zo&#xEB;&#13;&#10;&amp;<"))
    case("character_references", references, {"user": {"name": "Zoë\r\n&"}})
    case("typed_values", sign(Shape(value=XSI).response()), everything)
    case("single_quotes", sign(Shape().response()).replace('Version="2.0"', "Version='2.0'"), USER)
    once = "<OneTimeUse/>" + f"<AudienceRestriction><Audience>{APP}/</Audience></AudienceRestriction>"
    case("one_time_use", sign(Shape(conditions=once).response()), USER)
    several = f"<AudienceRestriction><Audience>urn:x</Audience><Audience>{APP}/</Audience></AudienceRestriction>"
    case("one_audience_of_several", sign(Shape(conditions=several).response()), USER)
    case("audience_without_slash", sign(Shape(audience=APP).response()), USER)
    case("audience_is_the_app", sign(Shape(audience="app-1").response()), USER)
    case("issuer_without_query", sign(Shape(issuer=Shape.issuer.split("?")[0]).response()), USER)
    alone = attributes()
    for name in [name for name in alone if name not in ("mno_session", "group_uid")]:
        del alone[name]
    least = {"user": {"uid": "usr-1", "email": None}, "group": {"uid": "cld-4", "has_credit_card": None}, "role": None}
    case("least_attributes", sign(Shape(attributes=alone).response()), least)
    unsolicited = sign(Shape(in_response_to="").response())
    case("unsolicited", unsolicited, {**USER, "in_response_to": None}, allow_unsolicited=True, request_id=None)
    case("any_request", vendor, USER, allow_unsolicited=True, request_id=None)
    case("clock_ahead_within_skew", vendor, USER, now_offset_ms=(HOUR + 50) * 1000)
    case("clock_behind_within_skew", vendor, USER, now_offset_ms=-350_000)
    embedded = key_info(vendor, bare(pem))
    case("certificate_without_armour", vendor, USER, sso={"x509_certificate": bare(pem)})
    case("both_agree", embedded, USER, sso={"x509_certificate": pem, "x509_fingerprint": fingerprints["sha1"]})
    case("sha256_fingerprint", embedded, USER, sso={"x509_fingerprint": fingerprints["sha256"]})
    fingerprint = {"x509_fingerprint": fingerprints["sha1"].upper()}
    case("sha1_fingerprint", embedded, USER, sso=fingerprint, allow_sha1_fingerprint=True)

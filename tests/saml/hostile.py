"""Responses that must be refused, each with its reason."""

from collections.abc import Callable
from dataclasses import dataclass

from legitimate import attributes, bare, key_info
from shape import DSIG, ENVELOPED, EXCLUSIVE, HOUR, NOW, SHA1, SHA256, Shape, around, instant, signature, transform
from signer import Packages, Programs, hmac_sha256, resigned
from wrapping import evil, parts, without_signature, wrapped

XPATH = "http://www.w3.org/TR/1999/REC-xpath-19991116"
XSLT = "http://www.w3.org/TR/1999/REC-xslt-19991116"
INCLUSIVE = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
BROKEN_FINGERPRINT = "861e:2e:54:c4:67:80:68:47:81:18:f7:d3:29:87:77:f8:69:54:2f"


def vendor_assertion(xml: str) -> str:
    return xml[xml.index("<Assertion") : xml.index("</samlp:Response>")]


@dataclass
class Given:
    """What all of them are made of."""

    case: Callable[..., None]
    tool: Packages | Programs
    pem: str
    other: str
    fingerprints: dict[str, str]
    vendor: str


def add(case, tool, pem: str, other: str, fingerprints: dict) -> None:
    given = Given(case, tool, pem, other, fingerprints, tool.sign(Shape().response()))
    for name, xml in wrapped(tool.sign).items():
        case(name, xml, "several_assertions")
    by_others(given)
    otherwise_signed(given)
    otherwise_built(given)
    saying_otherwise(given)
    otherwise_written(given)


def by_others(given: Given) -> None:
    """Signed by others, or held against other trust."""
    case, vendor, sign, pem, other, fingerprints = (
        given.case,
        given.vendor,
        given.tool.sign,
        given.pem,
        given.other,
        given.fingerprints,
    )
    _, of_assertion = parts(vendor)
    case("unsigned", Shape(signature="").response(), "not_signed")
    case("signature_stripped", without_signature(vendor)[0], "not_signed")
    case("changed", vendor.replace(">usr-1<", ">usr-2<"), "digest_mismatch")
    case("signature_of_another", around(evil(of_assertion, "_assertion-1").assertion()), "digest_mismatch")
    foreign = sign(Shape().response(), "other")
    case("wrong_key", foreign, "signature_invalid")
    case("embedded_attackers_certificate", key_info(foreign, bare(other)), "certificate_mismatch")
    case("wrong_key_right_certificate", key_info(foreign, bare(pem)), "signature_invalid")
    only_fingerprint = {"x509_fingerprint": fingerprints["sha256"]}
    case(
        "attackers_certificate_against_fingerprint",
        key_info(foreign, bare(other)),
        "certificate_mismatch",
        sso=only_fingerprint,
    )
    case("nothing_against_fingerprint", vendor, "certificate_missing", sso=only_fingerprint)
    sha1_only = {"x509_fingerprint": fingerprints["sha1"]}
    case("sha1_fingerprint_alone", key_info(vendor, bare(pem)), "sha1_fingerprint_not_allowed", sso=sha1_only)
    broken = {"x509_certificate": pem, "x509_fingerprint": BROKEN_FINGERPRINT}
    case("broken_fingerprint", vendor, "fingerprint_mismatch", sso=broken)
    case("short_fingerprint", vendor, "fingerprint_invalid", sso={**broken, "x509_fingerprint": BROKEN_FINGERPRINT[2:]})
    case(
        "elided_certificate",
        vendor,
        "certificate_invalid",
        sso={"x509_certificate": "-----BEGIN CERTIFICATE-----\nMII(...)==\n-----END CERTIFICATE-----"},
    )
    case("no_trust", vendor, "no_trust", sso={"x509_certificate": "", "x509_fingerprint": ""})


def otherwise_signed(given: Given) -> None:
    """Signed otherwise than by the one profile."""
    case, vendor, sign, tool, pem = given.case, given.vendor, given.tool.sign, given.tool, given.pem
    assertion, of_assertion = parts(vendor)
    by_hmac = lambda info: info.replace(SHA256[0], DSIG + "hmac-sha256").replace(SHA256[0], "")  # noqa: E731
    case(
        "hmac_with_the_certificate",
        resigned(vendor, by_hmac, lambda data: hmac_sha256(data, pem.encode())),
        "algorithm",
    )
    case("no_algorithm", resigned(vendor, lambda info: info.replace(SHA256[0], ""), tool.sign_bytes), "algorithm")
    case("sha1_not_allowed", sign(Shape(signature=signature("#_assertion-1", SHA1)).response()), "sha1_not_allowed")
    mixed = signature("#_assertion-1", (SHA256[0], SHA1[1]))
    case("sha1_digest_not_allowed", sign(Shape(signature=mixed).response()), "sha1_not_allowed")

    def with_transforms(*transforms: str) -> str:
        return sign(Shape(signature=signature("#_assertion-1", transforms="".join(transforms))).response())

    enveloped, exclusive = transform(ENVELOPED), transform(EXCLUSIVE)
    xpath = transform(XPATH, "<ds:XPath>not(ancestor-or-self::*[local-name()='NameID'])</ds:XPath>")
    case("xpath", with_transforms(enveloped, xpath, exclusive), "transforms")
    stylesheet = '<xsl:stylesheet xmlns:xsl="http://www.w3.org/1999/XSL/Transform" version="1.0"></xsl:stylesheet>'
    xslt = lambda info: info.replace("</ds:Transforms>", transform(XSLT, stylesheet) + "</ds:Transforms>")  # noqa: E731
    case("xslt", resigned(vendor, xslt, tool.sign_bytes), "transforms")
    unenveloped = lambda info: info.replace(f'<ds:Transform Algorithm="{ENVELOPED}"/>', "").replace(enveloped, "")  # noqa: E731
    case("not_enveloped", resigned(vendor, unenveloped, tool.sign_bytes), "transforms")
    case("twice_enveloped", with_transforms(enveloped, enveloped, exclusive), "transforms")
    case("with_comments", with_transforms(enveloped, transform(EXCLUSIVE + "WithComments")), "transforms")
    case("inclusive", with_transforms(enveloped, transform(INCLUSIVE)), "transforms")
    prefixes = f'<ec:InclusiveNamespaces xmlns:ec="{EXCLUSIVE}" PrefixList="samlp"/>'
    case("prefix_list", with_transforms(enveloped, transform(EXCLUSIVE, prefixes)), "transforms")
    inclusive = signature("#_assertion-1", canonicalization=INCLUSIVE)
    case("inclusive_signed_info", sign(Shape(signature=inclusive).response()), "canonicalization")
    case("empty_reference", sign(Shape(signature=signature("")).response()), "reference_mismatch")
    case("reference_to_the_root", sign(Shape(signature=signature("#_response-1")).response()), "reference_mismatch")
    case(
        "two_references",
        sign(Shape(signature=signature("#_assertion-1", references=2)).response()),
        "signature_malformed",
    )
    case("signed_twice", vendor.replace("</Issuer><samlp", f"</Issuer>{of_assertion}<samlp", 1), "several_signatures")
    moved = around(assertion, root_signature=of_assertion)
    case("signature_moved_to_the_root", moved, "reference_mismatch")
    case(
        "signature_moved_aside",
        around(assertion.replace("<Subject>", f"<Subject>{of_assertion}", 1)),
        "signature_misplaced",
    )
    case("signature_object", vendor.replace("</ds:Signature>", "<ds:Object/></ds:Signature>"), "signature_malformed")


def otherwise_built(given: Given) -> None:
    """Not a response with one assertion in its place."""
    case, vendor, sign = given.case, given.vendor, given.tool.sign
    case(
        "wrapped_in_extensions",
        around(f"<samlp:Extensions>{vendor_assertion(vendor)}</samlp:Extensions>"),
        "unexpected_content",
    )
    case(
        "two_assertions",
        vendor.replace("</samlp:Response>", f"{Shape(signature='', id='_b').assertion()}</samlp:Response>"),
        "several_assertions",
    )
    same_id = vendor.replace("<samlp:Status>", '<samlp:Status xml:id="_assertion-1">')
    case("duplicate_id", same_id, "duplicate_id")
    case(
        "duplicate_id_by_another_name",
        vendor.replace("<samlp:Status>", '<samlp:Status AssertionID="_assertion-1">'),
        "duplicate_id",
    )
    encrypted = '<EncryptedAssertion xmlns="urn:oasis:names:tc:SAML:2.0:assertion"/>'
    case("encrypted", around(encrypted), "encrypted_assertion")
    case("encrypted_beside", vendor.replace("</samlp:Status>", f"</samlp:Status>{encrypted}"), "encrypted_assertion")
    case("no_assertion", around(""), "no_assertion")
    case("another_message", vendor.replace("samlp:Response", "samlp:ArtifactResponse"), "not_a_response")
    case("assertion_alone", vendor_assertion(vendor), "not_a_response")
    case("failed", Shape(status="Responder", signature="").response(), "status_not_success")
    failed = Shape(status="AuthnFailed", signature="", root_signature=signature("#_response-1"))
    case("signed_failure", sign(failed.response()), "status_not_success")


def saying_otherwise(given: Given) -> None:
    """Well signed, and meant for others, or saying too little or too much."""
    case, vendor, sign = given.case, given.vendor, given.tool.sign
    case("expired", sign(Shape(start=NOW - 2 * HOUR, end=NOW - HOUR).response()), "expired")
    case("not_yet_valid", sign(Shape(start=NOW + HOUR, end=NOW + 2 * HOUR).response()), "not_yet_valid")
    case("expired_beyond_skew", vendor, "expired", now_offset_ms=(HOUR + 60) * 1000)
    case("early_beyond_skew", vendor, "not_yet_valid", now_offset_ms=-361_000)
    until, to = f' NotOnOrAfter="{instant(NOW + HOUR)}"', f' Recipient="{Shape.recipient}"'
    request = f' InResponseTo="{Shape.in_response_to}"'
    case("no_end", sign(Shape(confirmation=request + to).response()), "subject")
    case("no_recipient", sign(Shape(confirmation=request + until).response()), "subject")
    case("unreadable_end", sign(Shape(confirmation=f'{request} NotOnOrAfter="tomorrow"{to}').response()), "time")
    case(
        "confirmation_expired",
        sign(Shape(confirmation=f'{request} NotOnOrAfter="{instant(NOW - 120)}"{to}').response()),
        "expired",
    )
    case(
        "wrong_recipient",
        sign(Shape(recipient="https://app.example.com/maestrano/auth/saml/consume").response()),
        "recipient",
    )
    case(
        "recipient_elsewhere",
        sign(Shape(recipient="https://app.example.com.evil.example/maestrano").response()),
        "recipient",
    )
    case("wrong_audience", sign(Shape(audience="https://other.example.com/").response()), "audience")
    case("no_audience", sign(Shape(conditions="").response()), "audience")
    case("unknown_condition", sign(Shape(conditions="<Condition/>").response()), "unexpected_content")
    case(
        "wrong_issuer",
        sign(Shape(issuer="https://api-hub.maestrano.com.evil.example/api/v1/auth/saml").response()),
        "issuer",
    )
    case(
        "issuer_beyond_the_prefix",
        sign(Shape(issuer="https://api-hub.maestrano.com/api/v1/auth/saml2").response()),
        "issuer",
    )
    case("another_request", sign(Shape(in_response_to="_another").response()), "in_response_to")
    case("no_request", sign(Shape(in_response_to="").response()), "in_response_to")
    case("unsolicited_not_allowed", vendor, "unsolicited", request_id=None)
    case("replayed", vendor, "replayed", before=["no_key_info"])
    second = sign(Shape(id="_assertion-2", signature=signature("#_assertion-2")).response())
    case("second_answer_to_a_request", second, "replayed", before=["no_key_info"])
    no_session = attributes()
    del no_session["mno_session"]
    case("no_session", sign(Shape(attributes=no_session).response()), "session_missing")
    case("empty_session", sign(Shape(attributes=attributes(mno_session="")).response()), "session_missing")
    twice = (
        Shape()
        .response()
        .replace(
            "<AttributeStatement>",
            '<AttributeStatement><Attribute Name="mno_uid"><AttributeValue>usr-2</AttributeValue></Attribute>',
        )
    )
    case("attribute_twice", sign(twice), "attribute")
    case(
        "attribute_of_elements",
        sign(Shape(value="<AttributeValue><NameID>{}</NameID></AttributeValue>").response()),
        "attribute",
    )
    case("no_name", sign(Shape(name_id="").response()), "subject")
    case(
        "two_names",
        sign(Shape().response().replace("<SubjectConfirmation ", "<NameID>usr-2</NameID><SubjectConfirmation ")),
        "subject",
    )
    case("holder_of_key", sign(Shape().response().replace("cm:bearer", "cm:holder-of-key")), "subject")


def otherwise_written(given: Given) -> None:
    """Not plain XML of reasonable size."""
    case, vendor, sign = given.case, given.vendor, given.tool.sign
    case("comment_in_name", vendor.replace(">usr-1<", ">usr-1<!-- -->.evil<"), "comment")
    case("comment_signed_in_name", sign(Shape(name_id="usr-1<!-- -->.evil").response()), "comment")
    case("cdata", vendor.replace(">usr-1<", "><![CDATA[usr-1]]><"), "cdata")
    case("processing_instruction", vendor.replace(">usr-1<", ">usr-1<?x y?><"), "processing_instruction")
    case("stylesheet", f'<?xml-stylesheet href="x"?>{vendor}', "processing_instruction")
    case("doctype", f"<!DOCTYPE Response>{vendor}", "doctype")
    entity = '<!DOCTYPE r [<!ENTITY u "usr-2">]>'
    case("entity", entity + vendor.replace(">usr-1<", ">&u;<"), "doctype")
    external = '<!DOCTYPE r [<!ENTITY u SYSTEM "file:///etc/hostname">]>'
    case("external_entity", external + vendor.replace(">usr-1<", ">&u;<"), "doctype")
    laughs = "".join(f'<!ENTITY l{at + 1} "{f"&l{at};" * 10}">' for at in range(9))
    case("billion_laughs", f'<!DOCTYPE r [<!ENTITY l0 "ha">{laughs}]>' + vendor.replace(">usr-1<", ">&l9;<"), "doctype")
    case("undeclared_entity", vendor.replace(">usr-1<", ">&u;<"), "malformed_xml")
    case("unescaped", vendor.replace("Analytical Engines", "A & B"), "malformed_xml")
    case("undeclared_prefix", vendor.replace("<samlp:Status>", "<samlp:Status x:y=''>"), "malformed_xml")
    case("attribute_written_twice", vendor.replace(" Version=", " ID='_x' Version="), "malformed_xml")
    case("truncated", vendor[: len(vendor) // 2], "malformed_xml")
    case("two_roots", vendor + vendor, "malformed_xml")
    case("huge", vendor + " " * (256 * 1024), "too_large")
    case("deep", vendor.replace("<samlp:Status>", "<a>" * 5000 + "</a>" * 5000 + "<samlp:Status>"), "too_deep")
    case("wide", vendor.replace("<samlp:Status>", "<a/>" * 20000 + "<samlp:Status>"), "too_many_nodes")
    many = "".join(f' a{at}=""' for at in range(2000))
    case("many_attributes", vendor.replace("<samlp:Status>", f"<samlp:Status{many}>"), "too_many_nodes")
    case("not_utf8", vendor.encode().replace(b"Analytical", b"Analytic\xe4l"), "not_utf8")
    case("utf16", vendor.encode("utf-16"), "not_utf8")
    case("declared_latin1", f'<?xml version="1.0" encoding="ISO-8859-1"?>{vendor}', "not_utf8")
    case("bad_base64", "PHNhbWxwOlJlc3BvbnNl*", "not_base64", encode=False)
    case("plain_xml", vendor, "not_base64", encode=False)
    case("empty", "", "malformed_xml")

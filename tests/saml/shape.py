"""Responses in the shape of the vendor's provider, with a template where the signature goes."""

import datetime as dt
import time
from dataclasses import dataclass, field
from xml.sax.saxutils import escape, quoteattr

IDP = "https://api-hub.maestrano.com"
APP = "https://app.example.com"
CONSUME_PATH = "/maestrano/auth/saml/consume?marketplace=some-telco"
CONSUME = APP + CONSUME_PATH
# The URL by which the sign-on was asked for, up to its first ampersand.
ISSUER = f"{IDP}/api/v1/auth/saml?SAMLRequest=fZFBS8MwFMf%2BK"
REQUEST = "_0123456789abcdef0123456789abcdef"
EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"
ENVELOPED = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
DSIG = "http://www.w3.org/2000/09/xmldsig#"
SHA1 = (DSIG + "rsa-sha1", DSIG + "sha1")
SHA256 = ("http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", "http://www.w3.org/2001/04/xmlenc#sha256")
SHA512 = ("http://www.w3.org/2001/04/xmldsig-more#rsa-sha512", "http://www.w3.org/2001/04/xmlenc#sha512")
HOUR = 3600

NOW = int(time.time())

ATTRIBUTES = {
    "mno_uid": "usr-1",
    "mno_session": "session-of-usr-1",
    "mno_session_recheck": "2199-01-01T00:03:00Z",
    "group_uid": "cld-4",
    "group_name": "Analytical Engines",
    "group_end_free_trial": "2199-01-01T00:00:00Z",
    "group_role": "Super Admin",
    "group_has_credit_card": "true",
    "group_email": "ops@example.com",
    "group_currency": "USD",
    "group_timezone": "America/Los_Angeles",
    "group_country": "US",
    "group_city": "Los Angeles",
    "uid": "usr-1",
    "virtual_uid": "usr-1.cld-4",
    "email": "ada@example.com",
    "virtual_email": "usr-1.cld-4@mail.example.com",
    "name": "Ada",
    "surname": "Lovelace",
    "country": "GB",
    "company_name": "Analytical Engines",
}


def instant(seconds: float) -> str:
    return dt.datetime.fromtimestamp(seconds, dt.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def signature(
    uri: str,
    names: tuple[str, str] = SHA256,
    transforms: str | None = None,
    canonicalization: str = EXCLUSIVE,
    references: int = 1,
) -> str:
    """The template of a signature over the element with the ID `uri[1:]`."""
    if transforms is None:
        transforms = transform(ENVELOPED) + transform(EXCLUSIVE)
    reference = (
        f'<ds:Reference URI="{uri}"><ds:Transforms>{transforms}</ds:Transforms>'
        f'<ds:DigestMethod Algorithm="{names[1]}"/><ds:DigestValue></ds:DigestValue></ds:Reference>'
    )
    return (
        f'<ds:Signature xmlns:ds="{DSIG}"><ds:SignedInfo><ds:CanonicalizationMethod Algorithm="{canonicalization}"/>'
        f'<ds:SignatureMethod Algorithm="{names[0]}"/>{reference * references}</ds:SignedInfo>'
        "<ds:SignatureValue></ds:SignatureValue></ds:Signature>"
    )


def transform(algorithm: str, parameters: str = "") -> str:
    return f'<ds:Transform Algorithm="{algorithm}">{parameters}</ds:Transform>'


@dataclass
class Shape:
    """What a response says; `signature` stands in the assertion, `root_signature` in the root."""

    signature: str = signature("#_assertion-1")
    root_signature: str = ""
    id: str = "_assertion-1"
    name_id: str = "usr-1"
    issuer: str = ISSUER
    recipient: str = CONSUME
    audience: str = f"{APP}/"
    in_response_to: str = REQUEST
    start: int = NOW - 300
    end: int = NOW + HOUR
    confirmation: str | None = None
    conditions: str | None = None
    status: str = "Success"
    attributes: dict = field(default_factory=lambda: dict(ATTRIBUTES))
    value: str = "<AttributeValue>{}</AttributeValue>"

    def assertion(self) -> str:
        attributes = "".join(
            f"<Attribute Name={quoteattr(name)}>{self.value.format(escape(text))}</Attribute>"
            for name, text in self.attributes.items()
        )
        request = f" InResponseTo={quoteattr(self.in_response_to)}" if self.in_response_to else ""
        confirmation = self.confirmation
        if confirmation is None:
            confirmation = f'{request} NotOnOrAfter="{instant(self.end)}" Recipient={quoteattr(self.recipient)}'
        conditions = self.conditions
        if conditions is None:
            conditions = f"<AudienceRestriction><Audience>{escape(self.audience)}</Audience></AudienceRestriction>"
        return (
            f'<Assertion xmlns="urn:oasis:names:tc:SAML:2.0:assertion" ID="{self.id}"'
            f' IssueInstant="{instant(self.start)}" Version="2.0">'
            f"<Issuer>{escape(self.issuer)}</Issuer>{self.signature}<Subject>"
            f'<NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent">{self.name_id}</NameID>'
            '<SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer">'
            f"<SubjectConfirmationData{confirmation}/></SubjectConfirmation></Subject>"
            f'<Conditions NotBefore="{instant(self.start)}" NotOnOrAfter="{instant(self.end)}">'
            f"{conditions}</Conditions>"
            f"<AttributeStatement>{attributes}</AttributeStatement>"
            f'<AuthnStatement AuthnInstant="{instant(self.start)}" SessionIndex="{self.id}"><AuthnContext>'
            "<AuthnContextClassRef>urn:federation:authentication:windows</AuthnContextClassRef></AuthnContext>"
            "</AuthnStatement></Assertion>"
        )

    def response(self) -> str:
        return around(self.assertion(), self.root_signature, self.status)


def around(inside: str, root_signature: str = "", status: str = "Success") -> str:
    """A response around assertions."""
    return (
        f'<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="_response-1" Version="2.0"'
        f' IssueInstant="{instant(NOW)}"'
        f' Destination="{CONSUME}" Consent="urn:oasis:names:tc:SAML:2.0:consent:unspecified"'
        f' InResponseTo="{REQUEST}">'
        f'<Issuer xmlns="urn:oasis:names:tc:SAML:2.0:assertion">{ISSUER}</Issuer>{root_signature}<samlp:Status>'
        f'<samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:{status}"/></samlp:Status>'
        f"{inside}</samlp:Response>"
    )


def prefixed(xml: str) -> str:
    """The same with the prefix `saml:` instead of a default namespace."""
    for name in (
        "Assertion", "Issuer", "Subject", "NameID", "SubjectConfirmation", "SubjectConfirmationData", "Conditions",
        "AudienceRestriction", "Audience", "AttributeStatement", "Attribute", "AttributeValue", "AuthnStatement",
        "AuthnContext", "AuthnContextClassRef",
    ):  # fmt: skip
        for tag, end in (("<", ">"), ("<", " "), ("</", ">"), ("<", "/")):
            xml = xml.replace(f"{tag}{name}{end}", f"{tag}saml:{name}{end}")
    return xml.replace(
        'xmlns="urn:oasis:names:tc:SAML:2.0:assertion"', 'xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"'
    )


def indented(xml: str) -> str:
    """The same with each element on a line of its own, as far as that changes no text."""
    return (
        xml.replace("><", ">\n  <")
        .replace("<ds:DigestValue>\n  ", "<ds:DigestValue>")
        .replace("<ds:SignatureValue>\n  ", "<ds:SignatureValue>")
    )

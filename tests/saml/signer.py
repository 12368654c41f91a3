"""Keys, certificates and XML signatures by programs that are not ours.

Two ways do the same: the Python packages `xmlsec` and `cryptography`, or where one is absent the programs `xmlsec1` and
`openssl`. Every key is made anew and lives in the folder that it is made in.
"""

import base64
import hashlib
import hmac
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

DSIG = "http://www.w3.org/2000/09/xmldsig#"


class MissingError(Exception):
    """Neither way can be gone on this machine."""


def signer(folder: Path) -> "Packages | Programs":
    try:
        return Packages(folder)
    except ImportError:
        if not (shutil.which("xmlsec1") and shutil.which("openssl")):
            raise MissingError(
                "needs the packages xmlsec and cryptography, or the programs xmlsec1 and openssl"
            ) from None
        return Programs(folder)


class Packages:
    def __init__(self, folder: Path) -> None:
        import cryptography
        import lxml  # noqa: F401
        import xmlsec

        self.folder = folder
        self.name = f"xmlsec {xmlsec.__version__}, cryptography {cryptography.__version__}"

    def make(self, name: str, bits: int = 2048) -> str:
        """Makes a key and a certificate called `name`; returns the certificate's PEM."""
        import datetime as dt

        from cryptography import x509
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.hazmat.primitives.asymmetric import rsa

        key = rsa.generate_private_key(public_exponent=65537, key_size=bits)
        who = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, f"{name}.example.com")])
        now = dt.datetime.now(dt.timezone.utc)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(who)
            .issuer_name(who)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(days=1))
            .not_valid_after(now + dt.timedelta(days=1))
            .sign(key, hashes.SHA256())
        )
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        (self.folder / f"{name}.key").write_bytes(pem)
        return certificate.public_bytes(serialization.Encoding.PEM).decode()

    def sign(self, xml: str, key: str = "provider") -> str:
        """Fills in the signature that `xml` holds a template of."""
        import xmlsec
        from lxml import etree

        root = etree.fromstring(xml.encode())
        xmlsec.tree.add_ids(root, ["ID"])
        context = xmlsec.SignatureContext()
        context.key = xmlsec.Key.from_file(str(self.folder / f"{key}.key"), xmlsec.KeyFormat.PEM)
        context.sign(xmlsec.tree.find_node(root, "Signature"))
        return etree.tostring(root, encoding="unicode")

    def sign_bytes(self, data: bytes, key: str = "provider") -> bytes:
        """RSA with SHA-256 over `data`."""
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.hazmat.primitives.asymmetric import padding

        private = serialization.load_pem_private_key((self.folder / f"{key}.key").read_bytes(), None)
        return private.sign(data, padding.PKCS1v15(), hashes.SHA256())


class Programs:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.name = f"{self._run('xmlsec1', '--version').strip()}, {self._run('openssl', 'version').strip()}"

    def _run(self, *command: str, data: bytes = b"") -> str:
        return self._bytes(*command, data=data).decode()

    def _bytes(self, *command: str, data: bytes = b"") -> bytes:
        done = subprocess.run(command, input=data, capture_output=True, cwd=self.folder, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"{command}: {done.stderr.decode()}")
        return done.stdout

    def make(self, name: str, bits: int = 2048) -> str:
        """Makes a key and a certificate called `name`; returns the certificate's PEM."""
        subject = f"/CN={name}.example.com"
        key = ("-newkey", f"rsa:{bits}", "-nodes", "-keyout", f"{name}.key")
        return self._run("openssl", "req", "-x509", "-sha256", "-days", "1", "-subj", subject, *key)

    def sign(self, xml: str, key: str = "provider") -> str:
        """Fills in the signature that `xml` holds a template of."""
        (self.folder / "template.xml").write_text(xml, encoding="utf-8", newline="")
        ids = []
        for element in ("assertion:Assertion", "protocol:Response"):
            ids += ["--id-attr:ID", f"urn:oasis:names:tc:SAML:2.0:{element}"]
        signed = self._run("xmlsec1", "--sign", "--privkey-pem", f"{key}.key", *ids, "template.xml")
        (self.folder / "template.xml").unlink()
        return signed.split("?>", 1)[1].strip() if signed.startswith("<?xml") else signed

    def sign_bytes(self, data: bytes, key: str = "provider") -> bytes:
        """RSA with SHA-256 over `data`."""
        return self._bytes("openssl", "dgst", "-sha256", "-sign", f"{key}.key", data=data)


def hmac_sha256(data: bytes, key: bytes) -> bytes:
    return hmac.new(key, data, hashlib.sha256).digest()


def canonical(signed_info: str) -> bytes:
    """The canonical form of a `ds:SignedInfo`, whose prefix is declared around it."""
    text = signed_info.replace("<ds:SignedInfo", f'<ds:SignedInfo xmlns:ds="{DSIG}"', 1)
    return ET.canonicalize(text).encode()


def resigned(xml: str, change: Callable[[str], str], sign: Callable[[bytes], bytes]) -> str:
    """`xml` with its `ds:SignedInfo` changed and signed again: what no proper program would sign."""
    start, end = xml.index("<ds:SignedInfo"), xml.index("</ds:SignedInfo>") + len("</ds:SignedInfo>")
    info = change(xml[start:end])
    value = base64.b64encode(sign(canonical(info))).decode()
    before, rest = xml[end:].split("<ds:SignatureValue>", 1)
    after = rest.split("</ds:SignatureValue>", 1)[1]
    return f"{xml[:start]}{info}{before}<ds:SignatureValue>{value}</ds:SignatureValue>{after}"

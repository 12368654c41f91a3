"""What is to become of a request, told by its id alone: every process that handles it decides the same."""

from __future__ import annotations

import zlib
from collections import defaultdict

from tenantry import cloudblue
from tenantry.cloudblue import Outcome

ENDS = {"approve": "approved", "fail": "failed", "inquire": "inquiring", "later": "approved"}
SHARES = (*["approve"] * 6, "fail", "inquire", *["later"] * 2)


def chosen(request_id: str) -> str:
    """One of `ENDS`; `later` leaves it the first time, and approves it the second."""
    return SHARES[zlib.crc32(request_id.encode()) % len(SHARES)]


def end_of(request_id: str) -> str:
    """The status in which it has to end."""
    return ENDS[chosen(request_id)]


class Decider:
    """The handler of one process."""

    def __init__(self) -> None:
        self.seen: defaultdict[str, int] = defaultdict(int)

    def __call__(self, request: cloudblue.models.Request) -> Outcome:
        self.seen[request.id] += 1
        choice = chosen(request.id)
        if choice == "fail":
            return cloudblue.Fail("no such customer")
        if choice == "inquire":
            return cloudblue.Inquire(errors={"email": "Please fill this in"}, template_id="TL-2")
        if choice == "later" and self.seen[request.id] == 1:
            return cloudblue.Skip("come back")
        return cloudblue.Approve(template_id="TL-1")

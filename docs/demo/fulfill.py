"""Works off the pending requests of the sandbox whose line comes on stdin."""

import sys
import time

import tenantry
from tenantry import cloudblue
from tenantry.cloudblue import Approve, Fail, Inquire, Outcome

SEATS = 100

sandbox = tenantry.Sandbox.from_line(sys.stdin.readline())
with cloudblue.Client(**sandbox.cloudblue) as connect:
    worker = connect.fulfillment_worker(product_ids=["PRD-1"], types=["purchase"], concurrency=2)

    @worker.handler
    def handle(request: cloudblue.models.Request) -> Outcome:
        time.sleep(0.2)  # what the vendor's own system takes for a subscription
        if not request.asset.param("email"):
            return Inquire(errors={"email": "Please fill this in"}, template_id="TL-2")
        if request.asset.items[0].quantity_value > SEATS:
            return Fail(f"We have only {SEATS} seats")
        return Approve(template_id="TL-1", params={"subscription_id": f"SUB-{request.id}"})

    print(f"   Python is done: {worker.run_once()}", flush=True)

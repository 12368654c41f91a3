"""Bills a customer of the sandbox whose line comes on stdin, once and again and again, and signs a user in."""

import html
import re
import sys
import urllib.request

import tenantry
from tenantry import maestrano

sandbox = tenantry.Sandbox.from_line(sys.stdin.readline())
with maestrano.Marketplaces.fetch(**sandbox.maestrano) as marketplaces:
    account = marketplaces.client("some-telco")
    bill = account.bills.create(
        group_id="cld-4", price_cents=2000, currency="USD", description="Set-up", reference="order-123"
    )
    found = "found after its reply was lost" if bill.already_applied else "made"
    print(f"   {bill.id} over {bill.price_cents} {bill.currency} cents, {found}: {bill.description}")
    licence = account.recurring_bills.create(
        group_id="cld-4", price_cents=2990, currency="USD", description="User licence", period="Month"
    )
    print(f"   {licence.id} every {licence.period}, first at {licence.next_execution_at:%Y-%m-%d}")

    login = account.sso.login_url({"group_id": "cld-4"})
    with urllib.request.urlopen(login.url) as reply:  # the provider's page, which posts a response to the app
        page = reply.read().decode()
    response = html.unescape(re.findall(r'name="SAMLResponse" value="([^"]*)"', page)[0])
    identity = account.sso.consume(response, request_id=login.request_id)
    print(f"   signed in: {identity.user.uid} as {identity.role} of {identity.group.uid}")
    status = account.sessions.check(identity.user.uid, session=identity.session.token)
    print(f"   the session is {'valid' if status.valid else 'over'}")
    try:
        account.sso.consume(response, request_id=login.request_id)
    except tenantry.SamlError as error:
        print(f"   the same response again: {error.reason}")

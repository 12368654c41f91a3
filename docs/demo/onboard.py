"""Onboards a merchant of the sandbox whose line comes on stdin, keeping a checkpoint in the file that is named."""

import sys
from pathlib import Path

import tenantry
from tenantry import magento_bi

sandbox = tenantry.Sandbox.from_line(sys.stdin.readline())
spec = magento_bi.OnboardingSpec.from_toml(Path(__file__).parent / "merchant.toml")
with magento_bi.Client(**sandbox.magento_bi) as client:
    flow = client.onboardings.start(spec, checkpoint=sys.argv[1], poll={"min": 0.1, "max": 0.3})
    flow.run(progress=True)

"""The paid wires on loopback: their rules, their failures and their bill, without the money.

Written from what the services say and do, never from our catalogue or our adapters, so that the
two can disagree and a test can find it. Nothing of the product imports this package; its command
line verb starts it.
"""

"""NATS between parties: an operator's keys, accounts and certificates, and what is checked of it.

Here lives what `hocba nats` does: provisioning of a server that several ledgers share without
trusting each other, and the refusal of one whose settings would lose or leak mail. The embedded
server of one home has static accounts of its own (`services.embedded`).
"""

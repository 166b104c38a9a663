"""Carrying a pupil's history to another ledger: custody, dossier, courier.

Here live the conversation between two ledgers, the dossier and its numbered checks, the outbox and
the inbox. What a mark means or how a page looks does not live here.
"""

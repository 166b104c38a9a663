"""What happened: the events, the rules that decide them, and the log that keeps them.

Here live the frozen events and their stored bytes, the deciders (`decide`/`evolve`, pure), the
assessment rules, the append under the head row, and the vault of personal-data keys. What a fact
means on a date for a reader (rosters, transcripts, reports) does not live here but in
`projections`; nothing here knows of NATS, files or screens.
"""

"""What the entries mean on a date: rosters, transcripts, audits, each by (on, known at).

Here live the projection engine, the tables it fills and the queries over them. Everything here
can be thrown away and made again from the log; nothing here decides or appends.
"""

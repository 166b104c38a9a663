"""Reports: figures of many pupils on one day, as known at one position of the log.

A report never fails because of one pupil: it counts what is sound and lists the rest by reason.
`registry.REPORTS` names them all; a new one is a module with a `ReportKind` and a line there.
"""

"""`hocba bench`: how quick the ledger is, beside baselines measured in the same run.

Every benchmark works on a real embedded PostgreSQL (fsync on) in a temporary home of its own that
is removed afterwards, runs its contenders in pairs, one after the other, and gives medians. What is
measured stands in the docstring of each module and in `docs/explanation/benchmarks.md`; nothing
here is part of a ledger, and no ledger of the user is touched.
"""

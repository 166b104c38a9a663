"""Records for other systems: the national exchange's transcript tables, and ELMO for universities.

The ledger's own record is the canonical one; what stands here maps it outward. What cannot be
mapped is listed with its reason and how to mend it, never guessed and never sent half filled.

    facts      what a record is made of, in plain values      gather  reads them from a ledger
    header     the fields both transcript tables share        primary, secondary  the two tables
    fields     types, lengths, required marks (dictionary)    validation  records against them
    national   which records go out as what, written and recorded
    elmo       a transcript as EMREX ELMO 1.7
"""

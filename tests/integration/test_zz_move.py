from tests.integration.test_turn import *
def test_x(ledger, folder):
    from projections.persons import Key
    undo(ledger, turn(ledger))
    v=Views(ledger)
    t=v.transcript(Key("local","UP"), on=date(2025,9,1))
    print([ (y["school_year"],y["grade"],y["schools"],y["subjects"],y["missing"]) for y in t["years"]])
    a=v.audit(Key("local","UP"))
    print([(e["type"],e["subject"],e["before"],e["after"],e["reason"]) for e in a["entries"]][-3:])

"""Transfers between ledgers under every fault there is, from one seed, without a server.

`world` is what there is (ledgers, mail, children, clocks), `actions` what people, couriers and
misfortune may do, `properties` what must hold whatever they do. `schedule` runs one from its seed.
"""

"""Real faults: agents, NATS and PostgreSQL are killed, stopped and started again while schools
move pupils; then both databases must show what the simulation's properties demand."""

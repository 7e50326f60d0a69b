"""What the claims share: an installation, clients, the simulator's log, evidence."""

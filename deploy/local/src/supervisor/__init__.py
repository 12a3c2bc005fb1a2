"""The whole desk on one machine: nats-server, PostgreSQL and the six services, in one terminal."""

"""AMQP 1.0, as much of it as taking one message from a queue needs."""

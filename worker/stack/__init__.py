"""The embedded RabbitMQ, PostgreSQL and mail catcher of the demo and the tests.

This module imports nothing: `bootstrap` and `debian` run before any dependency is there.
"""

"""The published contract, written from the code: what parties outside build on.

The same three files stand in docs/contract; a test holds them equal to what is written here.
"""

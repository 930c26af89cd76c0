"""The only importer of asyncpg: SQL as a literal beside the function that runs it."""

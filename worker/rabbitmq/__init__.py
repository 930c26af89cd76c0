"""The only importer of aio_pika: topology, deliveries in, publications out."""

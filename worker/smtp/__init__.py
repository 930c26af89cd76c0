"""The only importer of aiosmtplib."""

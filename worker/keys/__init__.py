"""The keys that tokens are verified with: from files and from an identity provider's address."""

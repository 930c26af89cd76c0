"""klantcontact: puts every contact between a citizen and their municipality into its case."""

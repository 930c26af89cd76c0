"""What a klantcontact is and when it may be registered: pure, frozen values, no I/O."""

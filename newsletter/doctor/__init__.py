"""Is everything in order for mails to arrive? Records and replies -> diagnoses."""

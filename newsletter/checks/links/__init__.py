"""Links: clean an address, observe what answers (the only part with I/O), judge it."""

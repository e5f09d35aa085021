"""What mail programs support, and what they would make of a mail. Pure."""

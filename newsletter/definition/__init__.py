"""From text to issue: every part with its place, every problem told."""

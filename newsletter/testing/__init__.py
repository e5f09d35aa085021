"""Real servers to test against, for us and our users; `demo` catches its mail here."""

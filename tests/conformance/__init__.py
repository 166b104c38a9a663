"""Published vectors and other people's test suites."""

"""What the tests are made of: fakes that behave, builders, conformance suites."""

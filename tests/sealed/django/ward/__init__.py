"""A Django app for the tests of sealed fields."""

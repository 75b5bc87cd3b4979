"""The suites of the existing applications are run by test_existing.py, in copies of them."""

collect_ignore_glob = ["existing/*"]

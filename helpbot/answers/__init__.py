"""From a question to an entry of the FAQ, and to how sure that is.

Rule: everything here but files.py is pure, because `helpbot ask` must say what the desk would do.
"""

"""The pure core: what a ticket becomes when something happened, and what there is to do.

Rule: no await, no clock, no chance, no I/O in here, because only then can every case be tried as values in, values out.
"""

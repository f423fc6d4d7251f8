"""The yearly handbook of a branch (支部工作手册): nineteen parts and three annexes out of what the system holds.

Every part is a function `part(book) -> Iterator[Section]`; one with nothing to show says so. Memory stays bounded:
records are read and photos opened one at a time.
"""

"""Frozen records of what users write and read, and the words they are made of.

Everything here is data without behaviour beyond its own consistency: no I/O, no clock. A record is
a `msgspec.Struct`; its field names are the wire names in snake case. Unknown wire fields are
ignored on reading, so a newer custom resource never breaks an older tiphys.
"""

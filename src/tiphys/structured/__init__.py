"""Pure algorithms on Kubernetes-style data: plain dicts, lists, strings, numbers, booleans, None.

Built upwards, each module importing only what lies above it in this list:

    pathelement  one step of a field path, in the wire form of managedFields
    fieldset     sets of field paths, and their FieldsV1 form
    schema       types: scalars, maps, lists and how their parts are owned
    typed        walks over a value with its type: field set, compare, merge, remove, extract
    managed      managedFields entries: decode, encode, cap, sort
    updater      who owns what after a write
    merge        server-side apply and the book-keeping of every other write
    patches      JSON patch, merge patch, strategic merge patch
    quantities   canonical quantities and durations

Inputs are never changed; results share structure with inputs, so nobody may change either.
The truth is what a real API server does; `tests/recorded/structured` holds what the Go libraries
that it is built from answered to the same scenarios.
"""

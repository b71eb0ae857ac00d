"""The embedded cluster: a Kubernetes API server on SQLite, for trying and testing.

A request goes through steps, a module each: `requests` (what is asked of which kind), `registry`
(create, update, patch, delete, as the API server orders its steps), `store` (objects, versions,
history), `representation` (tables, lists, partial objects). What happens by itself afterwards is in
`lifecycle` (garbage collection, namespaces) and `workloads`.
"""

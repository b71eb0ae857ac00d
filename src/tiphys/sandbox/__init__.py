"""The embedded cluster: a Kubernetes API server on SQLite, for trying and testing.

A request goes through rooms: `http` (what is asked, in which form), `access` (who may), `serving`
(which kinds there are), `typed` (objects as Go structs hold them), `rules` and `quotas` (what is
refused), `registry` (create, update, patch, delete, as the API server orders its steps) and
`storage` (objects, versions, history). What happens by itself afterwards is in `lifecycle` (garbage
collection, namespaces) and `workloads`. `git` and `demo` are a Git server and something to deploy.
Which room may use which is a contract in pyproject.toml.
"""

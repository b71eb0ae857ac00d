"""What the API server does with a custom resource, given the OpenAPI schema of its definition.

In this order: `prune` (unknown fields go), `default` (absent fields get their default), `validate`
(types, keywords, list keys, then the rules written in CEL). A schema is the decoded JSON of a
version's `schema.openAPIV3Schema`.
"""

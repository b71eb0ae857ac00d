// What all environments share; each one's main.jsonnet builds on it.
std.extVar('__ksonnet/components') + {}

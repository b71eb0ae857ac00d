"""Simulated workloads: what controllers and kubelets would do, without containers."""

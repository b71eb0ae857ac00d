"""Where manifests come from: repositories, charts, and the tools that render them."""

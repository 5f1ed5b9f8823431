"""Recipients of workflow templates: parse, resolve, lint, explain."""

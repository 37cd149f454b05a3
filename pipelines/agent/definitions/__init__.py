"""Agent definitions, one YAML file each; `warmline check` validates them."""

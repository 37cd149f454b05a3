"""The prompts, one Markdown file each. Short: a token that is not cached costs 13 ms on two cores."""

"""Taking cases in: by API or by file, each once, each with a receipt."""

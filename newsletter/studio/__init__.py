"""The editor's pages, for this machine alone; so far the preview.

They listen on loopback, ask for the secret of the command that started them, and show a
mail only under an address and a policy of its own.
"""

"""Is everything in order for mails to arrive? Records and replies -> diagnoses.

`records` is the table of what name servers said; `dns` fills it. Each other module
judges one thing: values in, diagnoses out.
"""

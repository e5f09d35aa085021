"""The public pages: leaving with one click, and the issues that were sent.

They work without script and without a cookie, and know nothing of the studio.
"""

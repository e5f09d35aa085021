"""The revisions: ``rNNNN_what.py`` holds revision NNNN; never changed once released."""

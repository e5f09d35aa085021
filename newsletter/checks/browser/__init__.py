"""A copy in the Chromium that is installed; `checks.rendered` judges what it shows."""

"""An assembled issue: mail, text, web page, calendar and PDF, all from the model."""

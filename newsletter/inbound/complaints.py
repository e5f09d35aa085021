"""Complaints: "this is spam", told by a provider (RFC 5965, Outlook's JMRP). Pure."""

import re

from newsletter.inbound.mail import Mail, read_headers
from newsletter.model.returned import Report

#: Feedback-Type of what a reader did. Others tell of signatures ("auth-failure",
#: "dmarc"), of machines ("virus") or of the contrary ("not-spam").
_OF_READERS = frozenset(("abuse", "fraud", "opt-out", "opt-out-list", "complaint"))
_ADDRESS = re.compile(r"[^\s<>\"'(),;:@]{1,128}@[\w.-]{1,255}")
_RECIPIENT_FIELDS = ("original-rcpt-to", "removal-recipient", "redacted-address")
_JMRP_SUBJECT = re.compile(r"complaint about message from\b", re.I)
_JMRP_HEADERS = ("x-hmxmroriginalrecipient", "x-ms-exchange-junkreportrecipient")


def find_complaints(mail: Mail) -> tuple[Report, ...]:
    """Return a report for each recipient who complained; empty for no complaint."""
    for part in mail.of_type("message/feedback-report"):
        fields = read_headers(part.text)
        if fields.first("feedback-type").lower() not in _OF_READERS:
            return ()
        names = [
            address
            for name in _RECIPIENT_FIELDS
            for value in fields.every(name)
            for address in _ADDRESS.findall(value)
        ]
        return tuple(Report(recipient=name) for name in names) or (Report(),)
    return _find_junk_reports(mail)


def is_feedback(mail: Mail) -> bool:
    """Tell whether a provider reports on mail of ours, complaint or not."""
    report_type = mail.parameters.get("report-type", "").lower()
    return report_type == "feedback-report" or bool(
        mail.of_type("message/feedback-report")
    )


def _find_junk_reports(mail: Mail) -> tuple[Report, ...]:
    """Return Outlook.com's complaint: the mail, with who got it in a header."""
    originals = [part for part in mail.parts if part.is_original]
    blocks = [mail.headers, *(part.headers for part in originals)]
    blocks += [read_headers(part.text.partition("\n\n")[0]) for part in originals]
    for name in _JMRP_HEADERS:
        for value in (value for block in blocks for value in block.every(name)):
            found = _ADDRESS.search(value)
            return (Report(recipient=found[0] if found else ""),)
    if originals and _JMRP_SUBJECT.match(mail.headers.first("subject")):
        return (Report(),)
    return ()

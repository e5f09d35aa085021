"""What the settings say about how mail goes out, as far as the judges need it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SigningKey:
    """One ``[dkim]`` of the settings, and the key that belongs to it."""

    #: Lower case.
    domain: str
    selector: str
    #: "rsa" or "ed25519".
    kind: str
    #: What has to stand behind ``p=``: base64; empty when the key cannot be used.
    public: str = ""
    #: Why it cannot be used, as a sentence; or empty.
    trouble: str = ""
    #: What to do about that.
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Sending:
    """In whose name mail goes out, and by which way; domains in lower-case A-labels."""

    #: Domain of the sender, as readers see it (From).
    author: str
    #: Domain of the envelope sender, to which bounces go.
    envelope: str
    #: Role ("reply_to") -> domain: where answers of all kinds arrive.
    mailboxes: tuple[tuple[str, str], ...] = ()
    #: The mail servers, the first one first.
    hosts: tuple[str, ...] = ()
    keys: tuple[SigningKey, ...] = ()

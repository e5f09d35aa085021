"""How often somebody may make us write mails: per network, and all together.

Kept in memory, for an hour, and gone with the process. No network is kept as it is:
only a code made with a key that is drawn at the start and written down nowhere.
"""

import secrets
import threading
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from newsletter.tokens import Keyring, network_hash

#: A household or a small office in one hour; a school that joins together has to wait.
_MOST_OF_A_NETWORK = 10
_WINDOW = timedelta(hours=1)
#: Seconds after which whoever was refused may try again.
RETRY_AFTER_SECONDS = 3600


def _passing_keys() -> Keyring:
    return Keyring({1: secrets.token_bytes(32)}, 1)


@dataclass(slots=True)
class Flood:
    """Counts what was let through; safe in any thread.

    Args:
        joins_per_hour: So many from everywhere; 0: none at all.
    """

    joins_per_hour: int
    keys: Keyring = field(default_factory=_passing_keys, repr=False)
    _let_through: deque[tuple[datetime, bytes]] = field(default_factory=deque)
    _counts: dict[bytes, int] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def allows(self, network: str, now: datetime) -> bool:
        """Count one more, and tell whether it may be; who is refused is not counted.

        Args:
            network: From `proxies.client_network`; empty: not known, so it is counted
                with all others alone.
            now: The present, aware.
        """
        who = network_hash(self.keys, network) if network else b""
        with self._lock:
            self._forget_before(now - _WINDOW)
            if len(self._let_through) >= self.joins_per_hour:
                return False
            if who and self._counts.get(who, 0) >= _MOST_OF_A_NETWORK:
                return False
            self._let_through.append((now, who))
            self._counts[who] = self._counts.get(who, 0) + 1
            return True

    def _forget_before(self, start: datetime) -> None:
        while self._let_through and self._let_through[0][0] <= start:
            _, who = self._let_through.popleft()
            self._counts[who] -= 1
            if not self._counts[who]:
                del self._counts[who]

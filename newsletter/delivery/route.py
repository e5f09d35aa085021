"""Which of several mail servers is used: the next one when one stays away. Pure.

Law: a letter goes to another server only when it is pending, so when none of it left;
what a server may have taken is never given to another one.
"""


class Route:
    """All lanes change together.

    Args:
        servers: How many there are, 1 or more.
    """

    def __init__(self, servers: int = 1) -> None:
        self._servers = servers
        #: Number of the one in use, from 0.
        self.now = 0
        #: So many in a row were given up; 0 as soon as one takes messages.
        self.in_vain = 0

    @property
    def is_hopeless(self) -> bool:
        """Whether all of them were tried in vain."""
        return self.in_vain >= self._servers

    @property
    def is_last(self) -> bool:
        """Whether all others were tried in vain."""
        return self.in_vain + 1 >= self._servers

    def turn(self) -> None:
        """Give up the present server for the next one, or the first again."""
        self.in_vain += 1
        self.now = (self.now + 1) % self._servers

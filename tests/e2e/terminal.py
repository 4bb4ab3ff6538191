"""Programs as somebody at a terminal sees them."""

import os
import pty
import re
import select

from processes import PATIENCE

CTRL_C = b"\x03"


class Terminal:
    """A command whose controlling terminal is a pty; standard output may go elsewhere."""

    def __init__(self, command, stdout=None, environment=None):
        self.text = b""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            if stdout is not None:
                os.dup2(stdout, 1)
            os.execvpe(command[0], command, {**os.environ, **(environment or {})})

    def read(self, patience=PATIENCE):
        readable, _, _ = select.select([self.fd], [], [], patience)
        if not readable:
            raise AssertionError("the terminal stays silent after: " + repr(self.text[-500:]))
        try:
            chunk = os.read(self.fd, 65536)
        except OSError:  # the other side has ended
            chunk = b""
        self.text += chunk
        return chunk

    def read_until(self, pattern, begin=0):
        """Until what was shown from `begin` on has the pattern; where that ends."""
        while not (found := re.compile(pattern).search(self.text, begin)):
            if not self.read():
                raise AssertionError("ended after: " + repr(self.text[-500:]))
        return found.end()

    def type(self, keys):
        os.write(self.fd, keys)

    def finish(self):
        """The exit status, when everything was read."""
        while self.read():
            pass
        _, status = os.waitpid(self.pid, 0)
        os.close(self.fd)
        return os.waitstatus_to_exitcode(status)

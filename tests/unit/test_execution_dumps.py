"""A process that holds keys writes no core dump."""

import subprocess
import sys

_ASK = """
import ctypes, resource
from execution.dumps import forbid_core_dumps
resource.setrlimit(resource.RLIMIT_CORE, (resource.getrlimit(resource.RLIMIT_CORE)[1],) * 2)
forbid_core_dumps()
print(max(resource.getrlimit(resource.RLIMIT_CORE)))
"""


def test_a_core_may_not_be_written() -> None:
    asked = subprocess.run([sys.executable, "-c", _ASK], capture_output=True, text=True, check=True)

    assert int(asked.stdout) in {0, 1}

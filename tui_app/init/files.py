"""What `vigil init` makes beside the target file: an empty accounts file that nobody else may read."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

ACCOUNTS: Final = """\
# The accounts that Vigil signs in with, one table each. This file is readable by you alone (chmod 600); keep it so.
# Remove the # and fill in; isolation needs two of them, and accounts of their own are better than a colleague's.
#
# [[account]]
# email = "..."
# password = "..."
#
# [[account]]
# email = "..."
# password = "..."
"""


def make_accounts(path: Path) -> str:
    """Make an accounts file of comments, 0600; never touches one that is there. Says what it did."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        return f"{path} is there already, and stays as it is"
    except OSError as error:
        return f"{path} cannot be made ({error.strerror}); make it later, with mode 0600"
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(ACCOUNTS)
    return f"made {path}: fill in who signs in"

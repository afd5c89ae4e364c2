"""Loaded by every Python process of the target, before any line of it: the standard library alone, Python 3.8 and later.

`AUDITED_CHILD` names this folder and `AUDITED_FOLDER` the instance's control folder. A site customisation that the
target's own environment has comes after ours.
"""

import os
import sys

_here = os.path.dirname(os.path.abspath(__file__))


def _their_own():
    """Run the sitecustomize that would have been found without us."""
    mine = sys.modules.pop("sitecustomize", None)
    before = list(sys.path)
    sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry or ".") != _here]
    try:
        import sitecustomize  # noqa: F401 - the target's
    except ImportError:
        if mine is not None:
            sys.modules["sitecustomize"] = mine
    finally:
        sys.path[:] = before


if os.environ.get("AUDITED_FOLDER"):
    if _here not in sys.path:
        sys.path.insert(0, _here)
    import techlead_child

    techlead_child.install(os.environ["AUDITED_FOLDER"])
_their_own()

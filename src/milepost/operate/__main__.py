"""`python -m milepost.operate MODULE [ARGUMENT...]`: how the supervisor starts a child.

The parent is watched before the module is loaded, which takes seconds on a busy machine: a child whose supervisor
dies meanwhile leaves at once, and does not keep the next start from the folder.
"""

import sys
from importlib import import_module

from milepost.operate.parent import Parent

if __name__ == "__main__":
    parent = Parent(sys.stdin.fileno())
    import_module(sys.argv[1]).main(parent, *sys.argv[2:])

"""Imports a package with all its modules: import_all.py NAME."""

import importlib
import pkgutil
import sys

package = importlib.import_module(sys.argv[1])
modules = [m.name for m in pkgutil.walk_packages(package.__path__, package.__name__ + ".")]
for name in modules:
    importlib.import_module(name)
if len(modules) < 100:
    sys.exit(f"{sys.argv[1]} has {len(modules)} modules; the calls seem to be missing")

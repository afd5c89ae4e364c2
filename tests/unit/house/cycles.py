"""Cycles among a package's modules, at any depth and through `__init__.py` too; answers them as one sentence each."""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter

import grimp


def findings(package: str) -> list[str]:
    """Tell one cycle of imports, if there is any; imports for the type checker alone do not count."""
    graph = grimp.build_graph(package, exclude_type_checking_imports=True, cache_dir=None)
    imports = {module: graph.find_modules_directly_imported_by(module) for module in sorted(graph.modules)}
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        return [" imports ".join(reversed(error.args[1]))]
    return []
